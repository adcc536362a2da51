"""The two functions, compiled and as plain Python."""

from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.kernelcache import import_kernels


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    return import_kernels("riostat.claims.kernels", tmp_path_factory.mktemp("kernels"))


@given(st.integers(0, 500))
def test_compiled_and_plain_give_the_same(kernels: ModuleType, loops: int) -> None:
    for kernel in (kernels.first, kernels.second):
        assert kernel(loops) == kernel.py_func(loops)
    assert loops < 1 or kernels.first(loops) != kernels.second(loops)
