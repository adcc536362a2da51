"""Sessions: who has the store open. Each holds a lock that ends with its process."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from riostat.core.errors import StoreError

__all__ = ["Session", "dead_sessions", "held_lock"]


class Session:
    """One opening of the store, alive for as long as its file is locked."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, exist_ok=True)
        self.name = uuid4().hex
        self._path = directory / self.name
        # Whoever looks for dead sessions must find this file only when it is locked.
        hidden = directory / f".{self.name}"
        self._descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        hidden.rename(self._path)

    def close(self) -> None:
        """End the session; it must have no reservations left."""
        if self._descriptor >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def dead_sessions(directory: Path, known: Iterable[str]) -> Iterator[list[str]]:
    """Give the sessions whose processes have gone, and forget their files afterwards.

    Of those `known` from the metadata one without a file is dead too: a crash may lose the file.
    The caller sees to it that one process at a time asks.
    """
    alive: set[str] = set()
    held: dict[str, int] = {}
    try:
        for path in directory.iterdir():
            if path.name.startswith("."):
                continue
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            except FileNotFoundError:
                continue  # it has just ended
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
                alive.add(path.name)
                continue
            held[path.name] = descriptor
        yield [*held, *({*known} - held.keys() - alive)]
        for name in held:
            (directory / name).unlink(missing_ok=True)
    finally:
        for descriptor in held.values():
            os.close(descriptor)


@contextmanager
def held_lock(path: Path, *, shared: bool = False, refusal: str = "") -> Iterator[None]:
    """Hold the lock of a file; with a refusal raise it as `StoreError` instead of waiting."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, how | (fcntl.LOCK_NB if refusal else 0))
        except BlockingIOError as error:
            raise StoreError(refusal) from error
        yield
    finally:
        os.close(descriptor)
