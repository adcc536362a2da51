"""The testbed's folders: its runtime folder is the user's alone, or refused."""

import os
import subprocess
from pathlib import Path

import pytest

from riostat.core.errors import TestbedError
from riostat.testbed.folders import CacheFolder, new_machine_folder, runtime_folder
from riostat.testbed.ownership import Owner
from tests.testbed.rights import needs_root


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


def test_two_machines_do_not_share_a_folder_by_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    digits = iter(["0000", "0000", "0001"])
    monkeypatch.setattr("secrets.token_hex", lambda _count: next(digits))
    owner = Owner.of(os.getpid())
    folders = [new_machine_folder("guest", owner) for _ in range(2)]
    assert [folder.name for folder in folders] == ["guest-0000", "guest-0001"]


@needs_root
def test_a_runtime_folder_that_is_full_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = tmp_path / "full"
    full.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(full)]
    subprocess.run(mounting, check=True)
    try:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(full))
        runtime_folder()
        (full / "fill").write_bytes(b"x" * 4096)
        with pytest.raises(TestbedError, match=r"cannot be written \(No space left .*; make room"):
            new_machine_folder("guest", Owner.of(os.getpid()))
        assert not list(runtime_folder().iterdir())
    finally:
        subprocess.run(["umount", str(full)], check=True)
