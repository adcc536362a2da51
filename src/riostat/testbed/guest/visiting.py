"""Reaching machines that other processes have started: their agents, and their ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from riostat.core.errors import MachineError
from riostat.core.text import printable
from riostat.testbed.folders import PROCESSES_FILE
from riostat.testbed.guest.machine import VISITORS, Machine, machine_folders

__all__ = ["end_machine", "visited"]


@contextmanager
def visited(name: str) -> Iterator[Machine]:
    """Give a machine of another process, with a channel of its own.

    Raises `MachineError` where none has that name, or all its channels for visitors are taken.
    """
    folder = _folder(name)
    for number in range(1, VISITORS + 1):
        stream = f"agent.{number}"
        with (folder / f"{stream}.lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            with Machine(folder, name, stream=stream) as machine:
                yield machine
            return
    raise MachineError(
        f"The machine {name} runs {VISITORS} commands of other terminals already; wait for one."
    )


def end_machine(name: str) -> None:
    """End a machine, and wait until it is gone; raises `MachineError` without one."""
    Machine(_folder(name), name).end()


def _folder(name: str) -> Path:
    for known, folder in machine_folders():
        if known == name and (folder / PROCESSES_FILE).exists():
            return folder
    raise MachineError(
        f"No machine called {printable(name)!r} runs; `riostat testbed list` shows those that do."
    )
