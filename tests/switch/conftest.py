"""What tests of the switch share: compiled loops, once for a whole session of tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kernels_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that the processes of pytest-xdist have in common: compiling takes a while."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    return folder / "kernels-of-the-switch"
