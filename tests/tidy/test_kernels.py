"""Compiled code stands in kernels alone, and kernels know arrays, scalars and one another."""

import ast
from pathlib import Path

import pytest

from tests.tidy.tree import Source, expect_none, python_sources

_COMPILER = {"numba", "llvmlite"}
_KERNELS_MAY_IMPORT = _COMPILER | {"numpy", "math", "typing"}


def _is_kernel(path: Path) -> bool:
    return "kernels" in path.with_suffix("").parts


def _imports(source: Source) -> list[str]:
    """Every module that is imported anywhere in `source`, by its whole name."""
    names = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append("." * node.level + (node.module or ""))
    return names


def _import_faults(source: Source) -> list[str]:
    if not _is_kernel(source.path):
        bad = [name for name in _imports(source) if name.split(".")[0] in _COMPILER]
    else:
        bad = [
            name
            for name in _imports(source)
            if name.split(".")[0] not in _KERNELS_MAY_IMPORT and "kernels" not in name.split(".")
        ]
    return [f"{source.path}: {name}" for name in bad]


def test_numba_is_in_kernels_and_kernels_are_alone() -> None:
    expect_none(fault for source in python_sources("src") for fault in _import_faults(source))


@pytest.mark.parametrize(
    ("path", "text", "bad"),
    [
        ("profiler/records.py", "import numba", True),
        ("profiler/records.py", "def f():\n    from numba import njit", True),
        ("profiler/records.py", "import numpy", False),
        ("profiler/kernels.py", "import numba", False),
        ("switch/kernels/copy.py", "from riostat.switch.kernels.fence import acquire", False),
        ("switch/kernels/copy.py", "from riostat.core.domain import Domain", True),
    ],
)
def test_the_checker_knows_kernels(path: str, text: str, *, bad: bool) -> None:
    assert bool(_import_faults(Source(Path(path), text))) == bad
