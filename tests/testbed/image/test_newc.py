"""The archive of an initramfs, read by an independent reader."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import ImageError
from riostat.testbed.image.newc import Archive

_NAMES = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="/"),
    min_size=1,
    max_size=8,
).filter(lambda name: name not in {".", ".."})


def _read(archive: bytes) -> dict[str, tuple[list[int], bytes]]:
    """Return fields and content by name, as buffer-format.rst of the kernel describes them."""
    entries: dict[str, tuple[list[int], bytes]] = {}
    at = 0
    while True:
        assert archive[at : at + 6] == b"070701"
        fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        begin = at + 110
        name = archive[begin : begin + fields[11] - 1].decode()
        assert archive[begin + fields[11] - 1] == 0
        data = (begin + fields[11] + 3) & ~3
        if name == "TRAILER!!!":
            assert len(archive) % 512 == 0
            assert not any(archive[data:])
            return entries
        assert name not in entries
        entries[name] = (fields, archive[data : data + fields[6]])
        at = (data + fields[6] + 3) & ~3


@given(st.dictionaries(st.lists(_NAMES, min_size=1, max_size=3).map("/".join), st.binary()))
def test_every_file_is_read_back_after_its_folders(files: dict[str, bytes]) -> None:
    archive = Archive()
    kept: dict[str, bytes] = {}
    for path, content in files.items():
        try:
            archive.add_file(path, content)
        except ImageError:  # a folder and a file of one name
            assert any(
                other.startswith(f"{path}/") or path.startswith(f"{other}/") for other in kept
            )
        else:
            kept[path] = content
    entries = _read(b"".join(archive.blocks()))
    found = {name: data for name, (fields, data) in entries.items() if stat.S_ISREG(fields[1])}
    assert found == kept
    names = list(entries)
    for number, name in enumerate(names, 1):
        assert entries[name][0][0] == number
        assert entries[name][0][2:4] == [0, 0]
        assert entries[name][0][5] == 0
        parent = name.rpartition("/")[0]
        assert not parent or names.index(parent) < number - 1


def test_order_of_adding_makes_no_difference() -> None:
    one, other = Archive(), Archive()
    one.add_file("a/b", b"1")
    one.add_link("a/c", "b")
    other.add_link("/a/c", "b")
    other.add_file("/a/b/", b"1")
    assert b"".join(one.blocks()) == b"".join(other.blocks())


def test_cpio_reads_it(tmp_path: Path) -> None:
    if shutil.which("cpio") is None:
        pytest.skip("cpio is missing")
    archive = Archive()
    archive.add_folder("tmp", mode=0o1777)
    archive.add_file("bin/tool", b"#!/bin/sh\n", is_executable=True)
    archive.add_link("bin/sh", "busybox")
    archive.add_character_device("dev/console", 5, 1)
    subprocess.run(
        ["cpio", "--extract", "--make-directories", "--quiet", "bin/*", "tmp"],
        cwd=tmp_path,
        input=b"".join(archive.blocks()),
        check=True,
    )
    assert (tmp_path / "bin/tool").read_bytes() == b"#!/bin/sh\n"
    assert (tmp_path / "bin/tool").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "bin/sh").readlink() == Path("busybox")
    listed = subprocess.run(
        ["cpio", "--list", "--verbose", "--numeric-uid-gid", "--quiet"],
        input=b"".join(archive.blocks()),
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert "crw-------   1 0        0          5,   1" in listed
    assert "drwxrwxrwt" in listed


@pytest.mark.parametrize(
    "path", ["", "/", "a/../b", "./a", "a//b", "a\nb", "TRAILER!!!", "a" * 5000]
)
def test_a_path_that_cannot_be_is_refused(path: str) -> None:
    with pytest.raises(ImageError, match="is no path"):
        Archive().add_file(path, b"")


def test_a_file_is_no_folder() -> None:
    archive = Archive()
    archive.add_file("a", b"")
    with pytest.raises(ImageError, match="'a' is no folder there"):
        archive.add_file("a/b", b"")
    with pytest.raises(ImageError, match="a folder and a file"):
        archive.add_folder("a")
