"""The compiled simulation and itself as plain Python are the same to the bit."""

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riostat.core.kernelcache import import_kernels


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return import_kernels("riostat.store.kernels.simulation", tmp_path_factory.mktemp("kernels"))


@given(
    seed=st.integers(1, (1 << 64) - 1),
    disks=st.integers(2, 5),
    load=st.floats(0.05, 3.0),
    replicated=st.floats(0, 1),
    from_=st.integers(0, 300),
)
@settings(max_examples=40)
def test_compiled_and_plain_give_the_same(
    kernels: ModuleType, seed: int, disks: int, load: float, replicated: float, from_: int
) -> None:
    service = np.sort(np.random.default_rng(disks).uniform(0.1, 2, (disks, 16)), axis=1)
    outcomes = []
    for function in (kernels.simulate, kernels.simulate.py_func):
        counts = np.zeros((3, 30), np.int64)
        state = np.array([seed], np.uint64)
        departures = np.zeros((disks, 1024))
        with np.errstate(over="ignore"):  # the generator counts modulo 2**64
            beyond = function(
                300, load * disks, replicated, service, from_, 0.5, state, departures, counts
            )
        assert counts.sum() == 300 - from_
        assert counts.sum(axis=1).max() == -(-(300 - from_) // 3)
        outcomes.append((beyond, counts.tolist(), state.tolist(), departures.tolist()))
    assert outcomes[0] == outcomes[1]
