"""A place of a cache in which one process at a time makes things, and leaves nothing half done."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import IO

from riostat.core.errors import TestbedError

__all__ = ["making_folder"]

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


def _take(lock: IO[bytes], root: Path, progress: Callable[[str], None]) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        progress(f"Waiting for the process that fills {root}")
        fcntl.flock(lock, fcntl.LOCK_EX)
