"""The data directory."""

from pathlib import Path

import pytest

from riostat.core.datadir import DataDirectory
from riostat.core.errors import RiostatError


def test_it_is_made_for_this_user_alone(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "data")
    directory.make()
    directory.make()
    assert directory.runs.stat().st_mode & 0o077 == 0
    assert {p.name for p in directory.root.iterdir()} == {"runs", "cache"}


def test_a_file_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(RiostatError, match="choose another with --data"):
        DataDirectory(tmp_path / "data").make()
