"""Files that are there whole."""

from pathlib import Path

from riostat.store.durability import rename_durably, sync_directory, write_durably


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_durably(path, b"one")
    write_durably(path, b"two")
    assert path.read_bytes() == b"two"
    rename_durably(path, tmp_path / "other")
    sync_directory(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["other"]
