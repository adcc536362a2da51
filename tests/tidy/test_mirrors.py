"""The tests mirror the source tree: each module has a test module of its own name.

``profiler/symbols/elf.py`` is tested by ``tests/profiler/symbols/test_elf.py``, by
``test_elf_*.py`` beside it, or with the rest of its package by ``tests/profiler/test_symbols.py``;
a kind of test may come first, as in ``tests/browser/console/test_routes.py``.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.tidy.tree import ROOT, expect_none, python_sources

# path under src/riostat -> the reason why no test module bears its name.
_UNMIRRORED = {
    "citations/documents.py": "records that the modules make which read documents",
    "core/errors.py": "a tree of classes with nothing to run",
}


def _is_mirrored(module: Path, tests: Iterable[Path]) -> bool:
    """Tell whether one of `tests`, paths under tests/, is a test of `module`."""
    names = [module.with_suffix("")]
    if len(module.parts) > 2:
        names.append(module.parent)
    return any(_is_test_of(name, test) for name in names for test in tests)


def _is_test_of(name: Path, test: Path) -> bool:
    folder = name.parent.parts
    stem = f"test_{name.name}"
    return (test.stem == stem or test.stem.startswith(f"{stem}_")) and (
        test.parent.parts[len(test.parent.parts) - len(folder) :] == folder
    )


def test_every_module_has_its_tests() -> None:
    package = Path("src/riostat")
    modules = [source.path.relative_to(package) for source in python_sources("src")]
    tests = [path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")]
    lonely = {
        str(module)
        for module in modules
        if not module.name.startswith("__") and not _is_mirrored(module, tests)
    }
    expect_none(lonely - _UNMIRRORED.keys(), "without a test: add one, or list it with its reason")
    expect_none(_UNMIRRORED.keys() - lonely, "no longer an exception: take it off the list")


@pytest.mark.parametrize(
    ("test", "mirrored"),
    [
        ("profiler/symbols/test_elf.py", True),
        ("properties/profiler/symbols/test_elf.py", True),
        ("profiler/symbols/test_elf_hostile.py", True),
        ("profiler/test_symbols.py", True),
        ("profiler/test_elf.py", False),
        ("test_profiler.py", False),
        ("profiler/symbols/test_elfin.py", False),
    ],
)
def test_the_checker_knows_a_mirror(test: str, *, mirrored: bool) -> None:
    assert _is_mirrored(Path("profiler/symbols/elf.py"), [Path(test)]) == mirrored
