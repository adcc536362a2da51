"""The testbed's folders: its runtime folder is the user's alone, or refused."""

from pathlib import Path

import pytest

from riostat.core.errors import TestbedError
from riostat.testbed.folders import CacheFolder, new_machine_folder, runtime_folder
from riostat.testbed.ownership import Owner


def test_the_runtime_folder_is_made_for_the_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    folder = runtime_folder()
    assert folder.parent == tmp_path / "run"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert runtime_folder() == folder


def test_a_folder_that_others_can_enter_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    runtime_folder().chmod(0o755)
    with pytest.raises(TestbedError, match="not this user's alone"):
        runtime_folder()


def test_a_link_in_its_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = runtime_folder()
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TestbedError, match="not this user's alone"):
        runtime_folder()


def test_a_file_in_its_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "file"))
    with pytest.raises(TestbedError, match="cannot be made"):
        runtime_folder()


def test_the_cache_keeps_kinds_apart() -> None:
    cache = CacheFolder(Path("/cache"))
    assert len({cache.packages, cache.images, cache.snapshots, cache.root}) == 4


def test_machines_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    owner = Owner(42, 4242)
    folders = {new_machine_folder("guest", owner) for _ in range(20)}
    assert len(folders) == 20
    assert {*runtime_folder().iterdir()} == folders
    for folder in folders:
        assert folder.name.startswith("guest-")
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / "owner").read_text() == owner.mark
