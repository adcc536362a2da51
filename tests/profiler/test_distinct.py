import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from riostat.profiler.distinct import distinct

_KINDS = {"int32": 31, "int64": 63, "uint16": 16, "uint32": 32, "uint64": 64}


@st.composite
def _values(draw: st.DrawFn) -> NDArray[np.int64]:
    kind = draw(st.sampled_from(sorted(_KINDS)))
    low = -(1 << _KINDS[kind]) if kind.startswith("int") else 0
    near, far = st.integers(0, 40), st.integers(low, (1 << _KINDS[kind]) - 1)
    return np.array(draw(st.lists(st.one_of(near, far))), kind)


@given(_values())
def test_it_is_what_sorting_gives(values: NDArray[np.int64]) -> None:
    found, places = distinct(values)
    expected, inverse = np.unique(values, return_inverse=True)
    assert found.dtype == values.dtype
    assert found.tolist() == expected.tolist()
    assert places.tolist() == inverse.tolist()


@pytest.mark.parametrize("base", [0, 1 << 40, (1 << 64) - 100])
def test_values_close_together_may_lie_anywhere(base: int) -> None:
    values = np.array([base + 3, base, base + 3], np.uint64)
    found, places = distinct(values)
    assert found.tolist() == [base, base + 3]
    assert places.tolist() == [1, 0, 1]
