import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from riostat.profiler.distinct import distinct, distinct_rows, slices

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


_ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, (1 << 64) - 1), st.integers(0, 3)))


def _columns(rows: list[tuple[int, int, int]]) -> list[NDArray[np.unsignedinteger]]:
    values = np.array(rows, np.uint64).reshape(-1, 3)
    return [values[:, 0].astype(np.uint8), values[:, 1].copy(), values[:, 2].astype(np.uint32)]


def _assert_like(columns: list[NDArray[np.unsignedinteger]], different: int) -> None:
    found, places = distinct_rows(columns)
    for column in columns:
        assert np.array_equal(column[found][places], column)
    assert len(found) == different


@given(_ROWS)
def test_there_is_one_row_like_every_row(rows: list[tuple[int, int, int]]) -> None:
    _assert_like(_columns(rows), len(set(rows)))


def test_many_rows_are_told_apart_as_few_are() -> None:
    """Rows are taken in slices; those that are alike in several of them are found once."""
    draw = np.random.default_rng(7)
    values = draw.integers(0, 9, (20_001, 3)).astype(np.uint64)
    _assert_like(list(values.T), len(np.unique(values, axis=0)))


def test_rows_that_add_up_to_the_same_are_told_apart() -> None:
    """Rows made so that they collide: a sum may not stand for what was added."""
    factor = 0x9E3779B97F4A7C15
    rows = [(1, 0, 0), (0, pow(factor, -1, 1 << 64), 0)] * 3
    columns = _columns(rows)
    found, places = distinct_rows(columns)
    assert all(np.array_equal(column[found][places], column) for column in columns)
    assert 2 <= len(found) <= len(rows)


@given(st.integers(0, 40_000))
def test_slices_cover_all_rows(count: int) -> None:
    parts = list(slices(count))
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert sum(part.stop - part.start for part in parts) == count
