"""Files as another process sees them: a container is a process with a root of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.profiler.symbols.filesystem import HOST, FileView

_CONFINED = """
import os, sys
os.chroot(sys.argv[1])
os.chdir("/")
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def confined(tmp_path: Path) -> Iterator[tuple[FileView, Path]]:
    """The view of a process that has a directory as its root."""
    if os.getuid() != 0:
        pytest.skip("chroot needs root")
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    command = [sys.executable, "-c", _CONFINED, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        view = FileView.of_process(process.pid)
        assert view is not None
        yield view, root
        process.communicate()


def _read(view: FileView, path: str) -> bytes:
    with view.open(path) as file:
        return file.reader(0, 1000)


def test_processes_that_see_what_we_see_have_no_view_of_their_own() -> None:
    assert FileView.of_process(os.getpid()) is None
    assert FileView.of_process(0) is None
    assert FileView.of_process(1 << 30) is None


@pytest.mark.root
def test_a_confined_process_sees_its_own_files(confined: tuple[FileView, Path]) -> None:
    view, root = confined
    (root / "etc/passwd").write_text("inside")
    assert _read(view, "/etc/passwd") == b"inside"
    assert _read(HOST, "/etc/passwd") != b"inside"


@pytest.mark.root
@pytest.mark.parametrize("target", ["/etc/passwd", "../../../../../../etc/passwd"])
def test_links_of_a_confined_process_do_not_lead_out(
    confined: tuple[FileView, Path], target: str
) -> None:
    view, root = confined
    (root / "link").symlink_to(target)
    with pytest.raises(FileNotFoundError):
        _read(view, "/link")
    (root / "etc/passwd").write_text("inside")
    assert _read(view, "/link") == b"inside"


@pytest.mark.root
def test_links_through_proc_are_not_followed(confined: tuple[FileView, Path]) -> None:
    view, root = confined
    (root / "proc").mkdir()
    subprocess.run(["mount", "--bind", "/proc", root / "proc"], check=True)
    try:
        with pytest.raises(OSError, match="symbolic links"):
            _read(view, f"/proc/{os.getpid()}/root/etc/passwd")
    finally:
        subprocess.run(["umount", root / "proc"], check=True)


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(OSError, match="regular file"), HOST.open(str(path)):
            pass


@pytest.mark.parametrize("path", ["", "relative", "/a\0b", "/\ud800", "/" + "a" * 5000])
def test_what_is_no_path_is_not_found(path: str) -> None:
    with pytest.raises(OSError, match=r"No such file|File name too long"), HOST.open(path):
        pass


def test_reading_outside_of_a_file_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abcdef")
    with HOST.open(str(path)) as file:
        assert file.reader(2, 3) == b"cde"
        assert file.reader(4, 1 << 62) == b"ef"
        assert file.reader(6, 1) == b""
        assert file.reader((1 << 64) - 1, 1) == b""
