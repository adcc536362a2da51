"""One machine under QEMU, of any command line, from its start to its end."""

import fcntl
import os
import re
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from riostat.core.closing import Closing
from riostat.core.errors import MachineError, MachineTimeoutError, MissingToolError
from riostat.core.text import printable
from riostat.core.wholefile import write_whole
from riostat.testbed.folders import (
    OUTSIDE_FILE,
    OWNER_FILE,
    PROCESSES_FILE,
    new_machine_folder,
    remove_machine_folder,
    runtime_folder,
)
from riostat.testbed.guest.channel import Channel
from riostat.testbed.guest.consolelog import last_lines, panic
from riostat.testbed.guest.keeper import APART
from riostat.testbed.guest.qmp import QMP
from riostat.testbed.ownership import Owner
from riostat.testbed.processes import kill_processes, processes_of

__all__ = [
    "VISITORS",
    "Machine",
    "machine_folders",
    "require_qemu",
    "running_qemu",
    "start_machine",
]

VISITORS = 3  # terminals beside the owner that can have a command under way at a time
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_START_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 10.0
_NOTICE_S = 0.5  # in which a keeper writes down that its program has ended
_CONSOLE_LINES = 8


class Machine(Closing):
    """A running QEMU in its folder; ends with its owner, or when its starter closes it.

    `channel` leads to the agent inside. Without the `keeper`, a machine that another started:
    closing it then gives back the channel and no more.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        stream: str = "agent",
        keeper: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        self.folder = folder
        self.name = name
        self.channel = Channel(
            folder / stream,
            machine=f"machine {name}",
            diagnose=self.diagnosis,
            fault=lambda: panic(folder / "console"),
        )
        self._keeper = keeper
        self._qmp: QMP | None = None

    @property
    def pid(self) -> int:
        """The process id of QEMU; raises `MachineError` where it has ended."""
        qemu = running_qemu(self.folder)
        if qemu is None:
            raise MachineError(
                f"The machine {self.name} has ended; start it anew.{self.diagnosis()}"
            )
        return qemu.pid

    @property
    def memory(self) -> Path | None:
        """The file that is the machine's memory, where QEMU was told to share that."""
        for path in Path(f"/proc/{self.pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # QEMU has closed it meanwhile
                if str(path.readlink()).startswith("/memfd:memory-backend-memfd"):
                    return path
        return None

    @property
    def qmp(self) -> QMP:
        """A connection to QEMU, made when it is first asked for."""
        if self._qmp is None:
            try:
                self._qmp = QMP(self.folder / "qmp", machine=f"the machine {self.name}")
            except MachineTimeoutError:
                raise
            except MachineError as error:
                raise MachineError(f"{error}{self.diagnosis()}") from error
        return self._qmp

    def console(self, count: int = _CONSOLE_LINES) -> list[str]:
        """Return the last lines of the console, fit for people."""
        return last_lines(self.folder / "console", count)

    def diagnosis(self) -> str:
        """Return how the machine stands, with its last console lines, to append to a sentence."""
        words = []
        status = self._ended()
        if status is not None:
            words.append(f"QEMU ended with {status}.")
        if (reason := panic(self.folder / "console")) is not None:
            words.append(f"The kernel gave up: {reason}")
        lines = self.console()
        if lines:
            words.append("\n  ".join(["The console ends with:", *lines]))
        return "".join(f"\n{word}" for word in words)

    def remove_at_end(self, path: Path) -> None:
        """Have a socket outside the folder removed when the machine has ended."""
        with (self.folder / OUTSIDE_FILE).open("a") as file:
            file.write(f"{path}\n")

    def close(self) -> None:
        """End the machine if it was started here, and remove its folder."""
        if self._qmp is not None:
            self._qmp.close()
            self._qmp = None
        self.channel.close()
        if self._keeper is None:
            return
        self._keeper.terminate()
        try:
            self._keeper.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._keeper.kill()  # and the kernel kills QEMU
            self._keeper.wait()
        remove_machine_folder(self.folder)  # where the keeper was killed
        self._keeper = None

    def release(self) -> None:
        """Give a machine that was not started as `owned` to its keeper, so that it stays."""
        keeper, *_ = (self.folder / PROCESSES_FILE).read_text().split()
        write_whole(self.folder / OWNER_FILE, keeper.encode())

    def end(self) -> None:
        """End the machine, whoever started it, and wait until it is gone."""
        if self._keeper is not None:
            self.close()
            return
        self.channel.close()
        with suppress(FileNotFoundError, ProcessLookupError):
            keeper = Owner.parse((self.folder / PROCESSES_FILE).read_text().split()[0])
            assert keeper is not None
            ended = os.pidfd_open(keeper.pid)
            try:
                if keeper.is_alive():
                    signal.pidfd_send_signal(ended, signal.SIGTERM)
                    select.select([ended], [], [], _END_TIMEOUT_S)
            finally:
                os.close(ended)
        kill_processes(lambda: processes_of(self.folder))  # a stopped keeper does not hear
        remove_machine_folder(self.folder)

    def _ended(self) -> str | None:
        """Return the status with which QEMU ended, or None while it runs."""
        end_s = time.monotonic() + _NOTICE_S
        while True:
            with suppress(FileNotFoundError):
                return (self.folder / "ended").read_text()
            if time.monotonic() > end_s:
                return None
            time.sleep(0.01)


def start_machine(
    program: Sequence[str], *, name: str = "", ports: Sequence[str] = (), owned: bool = True
) -> Machine:
    """Start a QEMU: `program` is its command line without console, QMP and the agent's ports.

    Those are added, and the virtio serial bus that the ports need. `name` is made up where it is
    empty. `ports` are names of more virtio ports, each with a socket of its name in the folder. A
    machine that is not `owned` outlives this process as soon as it is released, and is ended by
    `end`. The agent has not answered yet. Raises `MissingToolError` without QEMU, and
    `MachineError` where it does not start.
    """
    name = name or f"guest-{secrets.token_hex(3)}"
    if not _NAME.fullmatch(name):
        raise MachineError(
            f"The name {printable(name)!r} cannot be a machine's; give up to 32 lower-case "
            "letters, digits and hyphens."
        )
    require_qemu(program[0])
    owner = Owner.of(os.getpid())
    folder = _new_folder(name, owner)
    try:
        keeper = _start_keeper(program, folder, owner, ports, apart=not owned)
    except BaseException:
        kill_processes(lambda: processes_of(folder))
        remove_machine_folder(folder)
        raise
    return Machine(folder, name, keeper=keeper if owned else None)


def require_qemu(program: str) -> None:
    """Raise `MissingToolError` where a QEMU is not installed."""
    if shutil.which(program) is None:
        raise MissingToolError(
            f"The program {program} is missing; install the package qemu-system-x86."
        )


def machine_folders(name: str = "") -> list[tuple[str, Path]]:
    """Return the names and folders of this user's machines that run, or of those of one name."""
    found = []
    for folder in sorted(runtime_folder().glob(f"{name or '*'}-*")):
        with suppress(FileNotFoundError, NotADirectoryError):
            owner = Owner.parse((folder / OWNER_FILE).read_text())
            if owner is not None and owner.is_alive():
                found.append((folder.name.rpartition("-")[0], folder))
    return [(known, folder) for known, folder in found if name in {"", known}]


def running_qemu(folder: Path) -> Owner | None:
    """Return the QEMU of a machine, by its folder; None where it has ended or not started."""
    with suppress(FileNotFoundError):
        marks = (folder / PROCESSES_FILE).read_text().split()
        qemu = Owner.parse(marks[-1])
        if len(marks) == 2 and qemu is not None and qemu.is_alive():
            return qemu
    return None


def _new_folder(name: str, owner: Owner) -> Path:
    """Make the folder of a machine whose name no other has that runs."""
    runtime = os.open(runtime_folder(), os.O_RDONLY)
    try:
        fcntl.flock(runtime, fcntl.LOCK_EX)
        if machine_folders(name):
            raise MachineError(
                f"A machine called {name} runs already; choose another name, or end it with "
                f"`riostat testbed down {name}`."
            )
        return new_machine_folder(name, owner)
    finally:
        os.close(runtime)


def _start_keeper(
    program: Sequence[str], folder: Path, owner: Owner, ports: Sequence[str], *, apart: bool
) -> "subprocess.Popen[bytes]":
    visitors = [f"agent.{number}" for number in range(1, VISITORS + 1)]
    with ExitStack() as stack:
        sockets = {}
        for name in ("qmp", *ports, *visitors, "agent"):
            listening = stack.enter_context(socket.socket(socket.AF_UNIX))
            try:
                listening.bind(str(folder / name))
            except OSError as error:
                # Of a path that is too long Python says so without a number.
                remedy = "a folder with a short path" if error.errno is None else "another folder"
                raise MachineError(
                    f"The socket {folder / name} cannot be made ({error.strerror or error}); "
                    f"set XDG_RUNTIME_DIR to {remedy}."
                ) from error
            listening.listen()
            sockets[name] = listening.fileno()
        keeper = subprocess.Popen(
            [
                *(sys.executable, "-m", "riostat.testbed.guest.keeper"),
                *(*((APART,) if apart else ()), str(folder), owner.mark),
                *(*program, *_plumbing(sockets)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=tuple(sockets.values()),
            start_new_session=True,  # Ctrl-C is for the owner, which then ends its machines
        )
    try:
        words = _first_words(keeper)
        if words == "started" and apart:
            keeper.wait()  # its child keeps the machine
    except BaseException:
        keeper.kill()
        keeper.wait()
        raise
    if words == "started":
        return keeper
    keeper.kill()
    keeper.wait()
    raise MachineError(
        f"The program {program[0]} does not start ({words}); see that it can be run."
    )


def _first_words(keeper: "subprocess.Popen[bytes]") -> str:
    """Return what a keeper says at its start, or the last line where that is more."""
    assert keeper.stdout is not None
    with keeper.stdout as output:
        if not select.select([output], [], [], _START_TIMEOUT_S)[0]:
            return "no answer"
        line = output.readline()
        lines = [line] if line == b"started\n" else [line, *output]
    return printable(lines[-1].strip())


def _plumbing(sockets: dict[str, int]) -> list[str]:
    """Return the arguments for QMP, the console on standard output, and the agent's ports."""

    def chardev(name: str) -> tuple[str, str]:
        return "-chardev", f"socket,id={name},fd={sockets[name]},server=on,wait=off"

    arguments = [*chardev("qmp"), "-mon", "chardev=qmp,mode=control"]
    arguments += ["-chardev", "file,id=console,path=/dev/stdout", "-serial", "chardev:console"]
    arguments += ["-device", "virtio-serial-pci"]
    # The port that the agent waits for comes last, when the others are there.
    for name in list(sockets)[1:]:
        port = name.replace("agent", "riostat") if name.startswith("agent") else name
        arguments += [*chardev(name), "-device", f"virtserialport,chardev={name},name={port}"]
    return arguments
