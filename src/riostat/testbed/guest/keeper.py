"""The program between an owner and its machine, which ends when either does.

``python -m riostat.testbed.guest.keeper [--apart] FOLDER OWNER PROGRAM ARGUMENT...``

It starts the program in the folder and says ``started``, or else what is in the way. When it gets
SIGTERM, or the owner, given by its mark, has ended in whatever way, it kills the program and
removes the folder. When the keeper is killed, the kernel kills the program. With ``--apart`` a
child is the keeper, for machines that are to outlive their owner: that is so from when the file
``owner`` bears the keeper's mark.

In the folder it writes ``processes``, the marks of itself and of the program; ``console``, what
the program prints, of which the end is kept when it grows large; and ``ended``, the status of a
program that has ended by itself, whose folder stays for the owner to read. Inheritable
descriptors above 2 are passed on to the program.
"""

import os
import select
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
from riostat.testbed.folders import OWNER_FILE, PROCESSES_FILE, remove_machine_folder
from riostat.testbed.ownership import Owner

__all__ = ["APART", "main"]

APART = "--apart"
_CONSOLE_BYTES_MAX = 1 << 20
_CONSOLE_BYTES_KEPT = 64 << 10
_READ_BYTES = 64 << 10


def main(arguments: Sequence[str]) -> int:
    """Keep a program until its owner is gone; return the exit status."""
    if arguments[0] == APART:
        arguments = arguments[1:]
        if os.fork() > 0:
            return 0  # whoever started this waits for it, and need not wait for the machine
    folder, owner, program = Path(arguments[0]), Owner.parse(arguments[1]), arguments[2:]
    assert owner is not None
    ending = _ending_signals()
    owner_ended = _pidfd_of(owner)
    if owner_ended is None:
        remove_machine_folder(folder)
        return 1
    try:
        return _keep(program, folder, ending, owner_ended)
    except (OSError, subprocess.SubprocessError) as error:
        # Who has ended, or has given up and removed the folder, hears no more.
        with suppress(BrokenPipeError):
            _say(str(error))
        return 1


def _keep(program: Sequence[str], folder: Path, ending: int, owner_ended: int) -> int:
    keeper, passed = Owner.of(os.getpid()), _inherited()
    process = _start(program, folder, passed)
    for descriptor in passed:
        os.close(descriptor)
    processes = [keeper]
    with suppress(ProcessLookupError):  # it has ended already
        processes.append(Owner.of(process.pid))
    write_whole(folder / PROCESSES_FILE, *(f"{each.mark}\n".encode() for each in processes))
    with _Console(folder / "console") as console:
        with suppress(BrokenPipeError):  # the owner has ended
            _say("started")
        # The owner may read no more, and nothing of ours may wait for that.
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        wait = _Wait(process, console)
        if wait.until(ending, owner_ended) == owner_ended and _is_released(folder, keeper):
            wait.until(ending)
    process.kill()
    process.wait()
    remove_machine_folder(folder)
    return 0


def _is_released(folder: Path, keeper: Owner) -> bool:
    """Tell whether the machine was given to its keeper before its owner ended."""
    try:
        return (folder / OWNER_FILE).read_text() == keeper.mark
    except FileNotFoundError:
        return False


class _Console:
    """The file that keeps the end of what a machine prints."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb", buffering=0)

    def write(self, content: bytes) -> None:
        """Keep what was printed; a full disk costs its lines, and not the machine."""
        with suppress(OSError):
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


def _say(words: str) -> None:
    os.write(1, f"{words}\n".encode())


class _Wait:
    """Takes in what a program prints until something happens; notes when it ends by itself."""

    def __init__(self, process: "subprocess.Popen[bytes]", console: _Console) -> None:
        assert process.stdout is not None
        self._process = process
        self._console = console
        self._output: int | None = process.stdout.fileno()

    def until(self, *endings: int) -> int:
        """Return the first of these descriptors that becomes readable."""
        poll = select.poll()
        for descriptor in (*endings, *(() if self._output is None else (self._output,))):
            poll.register(descriptor, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            for ending in endings:
                if ending in ready:
                    return ending
            assert self._output is not None
            content = os.read(self._output, _READ_BYTES)
            if content:
                self._console.write(content)
                continue
            poll.unregister(self._output)
            self._output = None
            status = self._process.wait()
            with suppress(OSError):  # on a full disk nobody hears of it
                write_whole(self._console.path.with_name("ended"), f"{status}".encode())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
