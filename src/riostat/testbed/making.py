"""A place of a cache in which one process at a time makes things, and leaves nothing half done.

A file that was made there is marked as whole by its time of writing, which is then zero: what
writes to it later sets another. Its time of reading says when it was used last.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import IO

from riostat.core.errors import TestbedError

__all__ = ["is_whole", "making_folder", "mark_used", "mark_whole"]

_PREFIX = "making-"


@contextmanager
def making_folder(
    root: Path, *, kind: type[TestbedError], progress: Callable[[str], None]
) -> Iterator[Path]:
    """Hold the folder `root` alone, and give an empty folder on its file system to work in.

    What is to stay is moved out of it, which either happens or does not; the rest goes at the end,
    or when the next process comes, after a crash. Raises `kind` where `root` cannot be written.
    """
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (root / "lock").open("wb") as lock:
            _take(lock, root, progress)
            for left in root.glob(f"{_PREFIX}*"):
                shutil.rmtree(left, ignore_errors=True)
            making = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
            try:
                yield making
            finally:
                shutil.rmtree(making, ignore_errors=True)
    except OSError as error:
        is_full = error.errno in {ENOSPC, EDQUOT}
        remedy = "make room there" if is_full else "make it writable"
        raise kind(
            f"The testbed's cache {root} cannot be filled ({error.strerror}); {remedy}, or choose "
            "another place with RIOSTAT_TESTBED."
        ) from error


def mark_whole(path: Path) -> None:
    """Mark a file as one that is written; raises `OSError`."""
    os.utime(path, ns=(time.time_ns(), 0))


def mark_used(path: Path) -> None:
    """Note that a file that is whole is used now, unless it is another's, or cannot be written."""
    with suppress(OSError):
        mark_whole(path)


def is_whole(path: Path) -> bool:
    """Tell whether a file is there, and was not written to since it was marked."""
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_size > 0 and status.st_mtime_ns == 0


def _take(lock: IO[bytes], root: Path, progress: Callable[[str], None]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        progress(f"Waiting for the process that fills {root}")
        fcntl.flock(lock, fcntl.LOCK_EX)
