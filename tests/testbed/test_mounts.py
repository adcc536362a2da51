"""What is mounted is read as the kernel writes it."""

import errno
from pathlib import Path

import pytest

from riostat.testbed.mounts import mount, mounts, unmount
from tests.testbed.rights import needs_root


def test_what_is_mounted_is_listed() -> None:
    (process,) = (found for found in mounts() if found.folder == Path("/proc"))
    assert process.kind == "proc"
    assert "rw" in process.options


@pytest.mark.root
@needs_root
def test_a_strange_name_is_read_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a b\\c"
    folder.mkdir()
    mount(Path("none"), folder, "tmpfs")
    try:
        assert folder in {found.folder for found in mounts()}
        (folder / "file").touch()
    finally:
        unmount(folder)
    assert folder not in {found.folder for found in mounts()}
    assert list(folder.iterdir()) == []


@pytest.mark.root
@needs_root
def test_a_folder_in_use_is_unmounted_when_it_is_left(tmp_path: Path) -> None:
    mount(Path("none"), tmp_path, "tmpfs")
    with (tmp_path / "file").open("w") as held:
        unmount(tmp_path)
        held.write("still there")
    assert tmp_path not in {found.folder for found in mounts()}


def test_errors_have_their_numbers(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=str(tmp_path)) as caught:
        unmount(tmp_path)
    assert caught.value.errno in {errno.EINVAL, errno.EPERM}
    with pytest.raises(OSError, match=str(tmp_path)):
        mount(Path("none"), tmp_path, "no-such-file-system")
