"""Ending processes, each known by its id and its start, so that no other is hit."""

import os
import select
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from riostat.testbed.folders import PROCESSES_FILE
from riostat.testbed.ownership import Owner

__all__ = ["inode_of", "kill_processes", "processes_in_namespace", "processes_of"]

_ROUNDS: Final = 16  # a process may start another while it is killed
_END_MS: Final = 5_000  # a killed process that takes longer hangs in the kernel


def kill_processes(find: Callable[[], Iterable[Owner]]) -> None:
    """Kill those that are found, and wait until they have ended, until none is found any more.

    This process is left out. Raises `PermissionError`.
    """
    for _ in range(_ROUNDS):
        found = [process for process in find() if process.pid != os.getpid()]
        if not found:
            return
        for process in found:
            _kill(process)


def processes_of(folder: Path) -> Iterator[Owner]:
    """Yield those processes of a machine, by its folder, that still run."""
    with suppress(FileNotFoundError):
        for line in (folder / PROCESSES_FILE).read_text(errors="replace").splitlines():
            owner = Owner.parse(line)
            if owner is not None and owner.is_alive():
                yield owner


def processes_in_namespace(inode: tuple[int, int] | None) -> list[Owner]:
    """Return the processes in the network namespace with this inode; none for None."""
    found = []
    for name in os.listdir("/proc") if inode else ():  # noqa: PTH208 - names alone, of hundreds
        if name.isdecimal():
            with suppress(ProcessLookupError):
                owner = Owner.of(int(name))
                if inode_of(Path("/proc", name, "ns", "net")) == inode:
                    found.append(owner)
    return found


def inode_of(path: Path) -> tuple[int, int] | None:
    """Return the device and number of a file's inode; None where it cannot be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _kill(process: Owner) -> None:
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        # Between this look and the signal the id cannot become another's: the descriptor holds it.
        if process.is_alive():
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            waiting = select.poll()
            waiting.register(descriptor, select.POLLIN)
            waiting.poll(_END_MS)
    finally:
        os.close(descriptor)
