"""A module is named after its one concept; a grab bag has none."""

import re
from pathlib import Path

import pytest

from tests.tidy.tree import expect_none, text_sources

_GRAB_BAG = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|base)(_|$)")


def _grab_bags(path: Path) -> list[str]:
    return [part for part in (*path.parts[:-1], path.stem) if _GRAB_BAG.search(part)]


def test_no_module_is_a_grab_bag() -> None:
    modules = [source.path for source in text_sources() if source.path.suffix in {".py", ".js"}]
    expect_none(str(path) for path in modules if _grab_bags(path))


@pytest.mark.parametrize(
    ("path", "bad"),
    [
        ("src/riostat/core/utils.py", True),
        ("src/riostat/common/disk.py", True),
        ("tests/core/test_helpers.py", True),
        ("src/riostat/core/run_manager.py", True),
        ("src/riostat/core/database.py", False),
        ("src/riostat/profiler/symbols/elf.py", False),
    ],
)
def test_the_checker_knows_a_grab_bag(path: str, *, bad: bool) -> None:
    assert bool(_grab_bags(Path(path))) == bad
