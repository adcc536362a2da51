"""Things of the cache are made by one process at a time, and whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.errors import ImageError
from riostat.testbed.making import is_whole, making_folder, mark_used, mark_whole
from tests.testbed.rights import as_nobody, needs_root

_HOLD = """
import sys
from pathlib import Path
from riostat.core.errors import ImageError
from riostat.testbed.making import making_folder
with making_folder(Path(sys.argv[1]), kind=ImageError, progress=print) as making:
    (making / "half").write_bytes(b"half")
    print("holding", flush=True)
    sys.stdin.read()
    (making / "half").rename(making.parent / "whole")
"""


def _hold(root: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "holding\n"
    return process


def test_the_folder_is_empty_and_goes_with_what_was_left_in_it(tmp_path: Path) -> None:
    with making_folder(tmp_path / "cache", kind=ImageError, progress=print) as making:
        assert list(making.iterdir()) == []
        (making / "rest").mkdir()
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == ["lock"]


def test_a_second_process_waits_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    with _hold(tmp_path) as holder:
        assert holder.stdin is not None

        def progress(words: str) -> None:
            said.append(words)
            assert holder.stdin is not None
            holder.stdin.close()

        with making_folder(tmp_path, kind=ImageError, progress=progress) as making:
            assert (tmp_path / "whole").read_bytes() == b"half"
            assert list(making.iterdir()) == []
    assert said == [f"Waiting for the process that fills {tmp_path}"]


def test_what_a_killed_process_left_is_gone_for_the_next(tmp_path: Path) -> None:
    with _hold(tmp_path) as holder:
        holder.send_signal(signal.SIGKILL)
    assert [path.name for path in tmp_path.glob("making-*/*")] == ["half"]
    with making_folder(tmp_path, kind=ImageError, progress=print) as making:
        assert list(making.iterdir()) == []
        assert len(list(tmp_path.glob("making-*"))) == 1
    assert not (tmp_path / "whole").exists()


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "make room there"), (errno.EDQUOT, "make room"), (errno.EACCES, "writable")],
)
def test_a_failing_disk_is_one_sentence(tmp_path: Path, number: int, words: str) -> None:
    with (
        pytest.raises(ImageError, match=words),
        making_folder(tmp_path, kind=ImageError, progress=print),
    ):
        raise OSError(number, os.strerror(number))
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]


def test_a_file_is_whole_until_it_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "made"
    assert not is_whole(path)
    path.write_bytes(b"made")
    assert not is_whole(path)
    mark_whole(path)
    assert is_whole(path)
    mark_used(path)
    assert is_whole(path)
    with path.open("r+b") as file:
        file.write(b"M")
    assert not is_whole(path)
    path.write_bytes(b"")
    mark_whole(path)
    assert not is_whole(path)


@needs_root
def test_what_another_user_has_made_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(b"made")
    mark_whole(path)
    used = f"""
from pathlib import Path
from riostat.testbed.making import is_whole, mark_used
mark_used(Path({str(path)!r}))
assert is_whole(Path({str(path)!r}))
"""
    done = as_nobody(sys.executable, "-c", used)
    assert (done.returncode, done.stderr) == (0, "")
