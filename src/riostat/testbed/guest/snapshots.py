"""Machines that have booted, kept in files: others start from them in a second.

A snapshot is what QEMU sends when it migrates a machine. It fits only the very command line and
QEMU that made it, so its name is a hash of both and of all that was done to the machine until then.
"""

import hashlib
import json
import os
import shlex
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from riostat.core.errors import MachineError
from riostat.testbed.guest.machine import Machine
from riostat.testbed.making import is_whole, making_folder, mark_used, mark_whole

__all__ = ["INCOMING", "resume", "save_snapshot", "snapshot_key", "warm_machine"]

INCOMING = ("-incoming", "defer")  # what QEMU is started with to be given a snapshot
_KEPT_BYTES = 2 << 30  # of a folder, without the snapshot that is made
_KEY_DIGITS = 32
_TIMEOUT_S = 120.0
_ANSWER_TIMEOUT_S = 20.0
_BYTES_PER_S_MAX = 1 << 40
_ENTROPY_BYTES = 64


def snapshot_key(program: Sequence[str], *parts: str) -> str:
    """Return a hash of a command line, of the QEMU that it starts, and of `parts`.

    A QEMU is known by its file's size and time, since asking for its version takes longer.
    """
    qemu = shutil.which(program[0])
    status = None if qemu is None else Path(qemu).stat()
    version = None if status is None else (status.st_size, status.st_mtime_ns)
    described = json.dumps([list(program), version, *parts])
    return hashlib.sha256(described.encode()).hexdigest()[:_KEY_DIGITS]


def warm_machine(
    path: Path,
    start: Callable[[Sequence[str]], Machine],
    prepare: Callable[[Machine], None],
    *,
    progress: Callable[[str], None],
) -> Machine:
    """Return a machine as `prepare` leaves one that has booted, from the snapshot at `path`.

    `start` starts a machine with more arguments. The snapshot is made where it is not there, and
    anew where it is damaged, by one process at a time; the last few of a folder are kept. Raises
    what `start` and `prepare` do, and `MachineError`.
    """
    _make(path, start, prepare, progress)
    with _closed_on_failure(start(INCOMING)) as machine:
        try:
            resume(machine, path)
        except MachineError:
            machine.end()
        else:
            return machine
    progress("The snapshot does not start, and is made anew")
    with suppress(OSError):  # it is another user's
        path.unlink()
    _make(path, start, prepare, progress)
    with _closed_on_failure(start(INCOMING)) as machine:
        resume(machine, path)
    return machine


def _make(
    path: Path,
    start: Callable[[Sequence[str]], Machine],
    prepare: Callable[[Machine], None],
    progress: Callable[[str], None],
) -> None:
    if not is_whole(path):
        with making_folder(path.parent, kind=MachineError, progress=progress) as making:
            if not is_whole(path):
                _prune(path.parent)
                progress("Booting a machine, of which a snapshot is kept")
                with start(()) as machine:
                    prepare(machine)
                    save_snapshot(machine, making / path.name)
                mark_whole(making / path.name)
                (making / path.name).replace(path)


def save_snapshot(machine: Machine, path: Path) -> None:
    """Stop a machine and write its state to a file; QMP's `cont` would let it go on.

    Raises `MachineError` where QEMU cannot write it.
    """
    machine.qmp.execute("stop")
    machine.qmp.execute("migrate-set-parameters", **{"max-bandwidth": _BYTES_PER_S_MAX})
    _migrate(machine, "migrate", f"exec:cat >{shlex.quote(str(path))}", f"written to {path}")


def resume(machine: Machine, path: Path) -> None:
    """Let a machine that was started with `INCOMING` go on from a snapshot.

    The agent answers then, the clock is right, and random numbers are others than those of
    machines from the same snapshot. Raises `MachineError` where the snapshot is none.
    """
    _migrate(
        machine, "migrate-incoming", f"exec:cat {shlex.quote(str(path))}", f"restored from {path}"
    )
    mark_used(path)
    # QEMU would announce the devices, of which there are none, and what is plugged in now would
    # be asked to; a vhost-user back end cannot.
    machine.qmp.execute("migrate-set-parameters", **{"announce-rounds": 0})
    machine.qmp.execute("cont")
    machine.channel.greet(
        _ANSWER_TIMEOUT_S, time_ns=time.time_ns(), entropy=os.urandom(_ENTROPY_BYTES)
    )


def _migrate(machine: Machine, command: str, uri: str, what: str) -> None:
    qmp = machine.qmp
    qmp.execute("migrate-set-capabilities", capabilities=[{"capability": "events", "state": True}])
    try:
        qmp.execute(command, uri=uri)
        ended = qmp.wait_event(
            "MIGRATION",
            lambda data: data["status"] in {"completed", "failed"},
            timeout_s=_TIMEOUT_S,
        )
    except MachineError as error:
        raise MachineError(f"{error}{machine.diagnosis()}") from error
    if ended["status"] == "failed":
        raise MachineError(
            f"The machine {machine.name} cannot be {what}; see that there is room, or remove the "
            f"folder of snapshots.{machine.diagnosis()}"
        )


def _prune(folder: Path) -> None:
    """Remove the snapshots that were not used for the longest time, where they take too much."""
    snapshots = [
        (status.st_atime_ns, status.st_size, path)
        for path in folder.iterdir()
        if (status := path.stat()).st_mtime_ns == 0
    ]
    total = 0
    for _, size, path in sorted(snapshots, reverse=True):
        total += size
        if total > _KEPT_BYTES:
            path.unlink(missing_ok=True)


@contextmanager
def _closed_on_failure(machine: Machine) -> Iterator[Machine]:
    try:
        yield machine
    except BaseException:
        machine.end()
        raise
