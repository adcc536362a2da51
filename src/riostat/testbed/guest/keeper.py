"""The program between an owner and its machine, which ends when either does.

``python -m riostat.testbed.guest.keeper FOLDER OWNER PROGRAM ARGUMENT...``

It starts the program in the folder and says ``started``. When it gets SIGTERM, or the owner, given
by its mark, has ended in whatever way, it kills the program and removes the folder. OWNER is ``-``
where the machine belongs to nobody: the keeper is then its owner. When the keeper is killed, the
kernel kills the program.

In the folder it writes ``processes``, the marks of itself and of the program; ``console``, what
the program prints, of which the end is kept when it grows large; and ``ended``, the status of a
program that has ended by itself, whose folder stays for the owner to read. Inheritable
descriptors above 2 are passed on to the program.
"""

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from riostat.core.parentdeath import die_with_parent
from riostat.core.wholefile import write_whole
from riostat.testbed.folders import OWNER_FILE, PROCESSES_FILE
from riostat.testbed.ownership import Owner

__all__ = ["NOBODY", "OUTSIDE_FILE", "main", "remove_folder"]

NOBODY = "-"
OUTSIDE_FILE = "outside"
_CONSOLE_BYTES_MAX = 1 << 20
_CONSOLE_BYTES_KEPT = 64 << 10
_READ_BYTES = 64 << 10


def main(arguments: Sequence[str]) -> int:
    """Keep a program until its owner is gone; return the exit status."""
    folder, mark, program = Path(arguments[0]), arguments[1], arguments[2:]
    passed = _inherited()
    if mark == NOBODY and os.fork() > 0:
        return 0  # whoever started this waits for it, and need not wait for the machine
    ending = _ending_signals()
    keeper = Owner.of(os.getpid())
    owner = keeper if mark == NOBODY else Owner.parse(mark)
    assert owner is not None
    write_whole(folder / OWNER_FILE, owner.mark.encode())
    owner_ended = _pidfd_of(owner)
    if owner_ended is None:
        shutil.rmtree(folder, ignore_errors=True)
        return 1
    try:
        process = _start(program, folder, passed)
    except (OSError, subprocess.SubprocessError) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    for descriptor in passed:
        os.close(descriptor)
    processes = [keeper]
    with suppress(ProcessLookupError):  # it has ended already
        processes.append(Owner.of(process.pid))
    write_whole(folder / PROCESSES_FILE, *(f"{each.mark}\n".encode() for each in processes))
    with _Console(folder / "console") as console:
        _say_started()
        _wait(process, console, (ending, owner_ended))
    process.kill()
    process.wait()
    remove_folder(folder)
    return 0


def remove_folder(folder: Path) -> None:
    """Remove a machine's folder, and the sockets elsewhere that its file `outside` names."""
    with suppress(FileNotFoundError):
        for line in (folder / OUTSIDE_FILE).read_text().splitlines():
            Path(line).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


class _Console:
    """The file that keeps the end of what a machine prints."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb", buffering=0)

    def write(self, content: bytes) -> None:
        self._file.write(content)
        if self._file.tell() > _CONSOLE_BYTES_MAX:
            write_whole(self.path, self.path.read_bytes()[-_CONSOLE_BYTES_KEPT:])
            self._file.close()
            self._file = self.path.open("ab", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def _inherited() -> list[int]:
    """Return the descriptors that are for the program; ours are not inheritable."""
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are what is wanted
        descriptor = int(name)
        try:
            if descriptor > 2 and os.get_inheritable(descriptor):
                found.append(descriptor)
        except OSError:
            continue  # the one that the listing itself had open
    return found


def _ending_signals() -> int:
    """Return a descriptor that becomes readable when a signal asks this process to end."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return reading


def _pidfd_of(owner: Owner) -> int | None:
    try:
        descriptor = os.pidfd_open(owner.pid)
    except ProcessLookupError:
        return None
    if owner.is_alive():  # and so the descriptor is not of another process with that id
        return descriptor
    os.close(descriptor)
    return None


def _start(
    program: Sequence[str], folder: Path, passed: Sequence[int]
) -> "subprocess.Popen[bytes]":
    parent = os.getpid()

    def prepare() -> None:
        if not die_with_parent(parent, signal.SIGKILL):
            os._exit(1)

    return subprocess.Popen(
        program,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=passed,
        preexec_fn=prepare,  # noqa: PLW1509 - the keeper has one thread
    )


def _say_started() -> None:
    sys.stdout.write("started\n")
    sys.stdout.flush()
    # The owner may read no more, and nothing of ours may wait for that.
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _wait(process: "subprocess.Popen[bytes]", console: _Console, endings: Sequence[int]) -> None:
    """Return when the machine is to end; note it when the program ends by itself."""
    assert process.stdout is not None
    output = process.stdout.fileno()
    poll = select.poll()
    for descriptor in (*endings, output):
        poll.register(descriptor, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if not ready.isdisjoint(endings):
            return
        content = os.read(output, _READ_BYTES)
        if content:
            console.write(content)
        else:
            poll.unregister(output)
            write_whole(console.path.with_name("ended"), f"{process.wait()}".encode())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
