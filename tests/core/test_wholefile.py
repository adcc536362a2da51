"""Files that are there whole or not at all."""

from pathlib import Path

import pytest

from riostat.core.wholefile import write_whole


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, b"a", b"b")
    assert path.read_bytes() == b"ab"
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "folder", b"a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
