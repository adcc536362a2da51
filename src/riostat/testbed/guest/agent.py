"""The agent inside a guest: runs commands for whoever holds the other end of its places.

``agent.py [--groups FOLDER] PLACE...`` serves each place until the guest ends. A place is
``virtio:NAME``, the virtio ports NAME and NAME.1, NAME.2, ... (NAME itself must come last);
``tcp:PORT``, any number of connections to that port; or the path of a character device.
`FOLDER` is a cgroup v2 in which each command gets a group, so that its descendants end with it.

This file is copied into images and run by the Python there: it imports the standard library alone.
`riostat.testbed.guest.conversation` says what is spoken.
"""

import base64
import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import stat
import struct
import sys
import termios
import time
import tty
from collections.abc import Callable, Sequence

__all__ = ["Agent", "main"]

VERSION = 1
_READ_BYTES = 48 << 10  # 64 KiB in base64, which is a line
_QUEUED_BYTES = 512 << 10  # above this no output of commands is read
_LINE_BYTES = 1 << 20
_PORT_WAIT_S = 10.0
_RNDADDENTROPY, _RNDRESEEDCRNG = 0x40085203, 0x5207  # <linux/random.h>
_VIRTIO_PORTS = "/sys/class/virtio-ports"


class _Command:
    """A process, the two pipes of its output, and what of that may still be sent."""

    def __init__(self, session: "_Session", number: int, message: dict[str, object]) -> None:
        self.session = session
        self.number = number
        self.text = base64.b64decode(str(message["run"]))
        self.timeout_s = _integer(message["timeout_ms"]) / 1000
        self.limit = _integer(message["limit"])
        self.input = os.memfd_create("input")
        self.pid = 0
        self.deadline_s = float("inf")
        self.group: str | None = None
        self.pipes: dict[int, str] = {}
        self.sent = {"out": 0, "err": 0}
        self.cut = {"out": 0, "err": 0}
        self.timed_out = False

    def start(self, group: str | None) -> None:
        """Start the process; it gets what came as input as a file, since all of that is here."""
        os.lseek(self.input, 0, os.SEEK_SET)
        out, err = os.pipe(), os.pipe()
        self.group = group
        self.pid = os.fork()
        if self.pid == 0:
            self._become((self.input, out[1], err[1]))
        for descriptor in (self.input, out[1], err[1]):
            os.close(descriptor)
        self.pipes = {out[0]: "out", err[0]: "err"}
        for descriptor in self.pipes:
            os.set_blocking(descriptor, False)
        self.deadline_s = time.monotonic() + self.timeout_s

    def _become(self, descriptors: Sequence[int]) -> None:
        try:
            os.setsid()
            for place, descriptor in enumerate(descriptors):
                os.dup2(descriptor, place)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            if self.group is not None:
                _write(f"{self.group}/cgroup.procs", b"0")
            os.execv("/bin/sh", [b"sh", b"-c", self.text])  # noqa: S606 - this is what it is for
        except OSError as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(127)

    def kill(self) -> None:
        """End the process and its descendants; those that left its session need the group."""
        if self.pid == 0:
            os.close(self.input)
            return
        try:
            if self.group is not None:
                _write(f"{self.group}/cgroup.kill", b"1")
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, FileNotFoundError):
            pass

    def read(self, descriptor: int) -> bool:
        """Pass on what stands in a pipe; return whether there may be more at some time."""
        try:
            content = os.read(descriptor, _READ_BYTES)
        except BlockingIOError:
            return True
        name = self.pipes[descriptor]
        kept = content[: self.limit - self.sent[name]]
        self.cut[name] += len(content) - len(kept)
        if kept:
            self.sent[name] += len(kept)
            self.session.say(id=self.number, **{name: base64.b64encode(kept).decode()})
        return bool(content)


class _Session:
    """One stream to a host, and the commands that came over it."""

    def __init__(self, agent: "Agent", descriptor: int, *, is_lasting: bool) -> None:
        self.agent = agent
        self.descriptor = descriptor
        self.is_lasting = is_lasting  # a port is there when its host has gone
        self.commands: dict[int, _Command] = {}
        self.queued = bytearray()
        self._partial = b""
        self._is_greeting = False  # nothing was said since a host's hello

    def reset(self) -> None:
        """End what was begun, and forget what was to be said."""
        for command in self.commands.values():
            command.kill()
            self.agent.forget(command)
        self.commands.clear()
        self.queued.clear()
        self._partial = b""

    def say(self, **message: object) -> None:
        """Send one message as soon as the stream takes it."""
        self.queued += json.dumps(message, separators=(",", ":")).encode() + b"\n"
        self.agent.watch(self)

    def readable(self) -> None:
        """Take in what the host has sent."""
        try:
            content = os.read(self.descriptor, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            content = b""
        if not content:
            # A port may bring a host's hello before the kernel knows that there is a host.
            if not self._is_greeting:
                self.reset()
            self.agent.lost(self)
            return
        *lines, self._partial = (self._partial + content).split(b"\n")
        for line in lines:
            self._hear(line)
        if len(self._partial) > _LINE_BYTES:
            self._partial = b""

    def writable(self) -> None:
        """Send what is queued."""
        try:
            written = os.write(self.descriptor, self.queued[:_READ_BYTES])
        except BlockingIOError:
            return
        except OSError:
            written = len(self.queued)  # nobody is there; reading will tell
        self._is_greeting = False
        del self.queued[:written]

    def _hear(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            if "hello" in message:
                self.reset()
                _wake(message)
                self._is_greeting = True
                self.queued += b"\n"  # ends a line that a host before this one left half sent
                self.say(hello=message["hello"], agent="python", version=VERSION)
                return
            self._act(_integer(message["id"]), message)
        except (ValueError, KeyError, TypeError):
            return  # no host of ours speaks so

    def _act(self, number: int, message: dict[str, object]) -> None:
        command = self.commands.get(number)
        if "run" in message and command is None:
            self.commands[number] = _Command(self, number, message)
        elif "data" in message and command is not None:
            self._take(command, base64.b64decode(str(message["data"])))
        elif "end" in message and command is not None:
            try:
                self.agent.start(command)
            except OSError as error:
                self.fail(command, error)

    def _take(self, command: _Command, content: bytes) -> None:
        try:
            while content:
                content = content[os.write(command.input, content) :]
        except OSError as error:
            self.fail(command, error)

    def fail(self, command: _Command, error: OSError) -> None:
        """Say that a command cannot be run."""
        del self.commands[command.number]
        command.kill()
        words = f"{error.strerror}".encode()
        self.say(id=command.number, error=base64.b64encode(words).decode())


class Agent:
    """Serves sessions, in one thread."""

    def __init__(self, groups: str | None) -> None:
        self._groups = groups
        self._groups_made = 0
        self._selector = selectors.DefaultSelector()
        self._sessions: list[_Session] = []
        self._away: list[_Session] = []  # nobody holds the other end
        self._commands: dict[int, _Command] = {}
        reading, writing = os.pipe()
        for descriptor in (reading, writing):
            os.set_blocking(descriptor, False)
        self._signals = reading
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGIO):
            signal.signal(number, lambda *_: None)
        self._selector.register(reading, selectors.EVENT_READ, self._signalled)

    def serve(self, place: str) -> None:
        """Serve a place, which is there from now on; raises `OSError`."""
        kind, _, name = place.partition(":")
        if kind == "tcp":
            listening = socket.create_server(("", int(name)), backlog=16)
            listening.settimeout(0)
            self._selector.register(
                listening, selectors.EVENT_READ, lambda: self._accept(listening)
            )
        elif kind == "virtio":
            for path in _virtio_ports(name):
                self._open(path)
        else:
            self._open(place)

    def run(self) -> None:
        """Serve until the process is ended."""
        while True:
            deadline_s = min((c.deadline_s for c in self._commands.values()), default=float("inf"))
            wait_s = None if deadline_s == float("inf") else max(0, deadline_s - time.monotonic())
            for key, events in self._selector.select(wait_s):
                if key.fileobj not in self._selector.get_map():
                    continue  # what came before it in this round has ended it
                if isinstance(key.data, _Session):
                    self._serve_session(key.data, events)
                else:
                    callback: Callable[[], None] = key.data
                    callback()
            self._end_late()

    def start(self, command: _Command) -> None:
        """Start a command that has all of its input; raises `OSError`."""
        command.start(self._group())
        self._commands[command.pid] = command
        for descriptor in command.pipes:
            self._watch_pipe(command, descriptor)

    def forget(self, command: _Command) -> None:
        """Hear no more of a command that was ended."""
        self._commands.pop(command.pid, None)
        for descriptor in list(command.pipes):
            self._close_pipe(command, descriptor)

    def watch(self, session: _Session) -> None:
        """Attend to a session and its commands as its queue allows."""
        if session not in self._sessions:
            return
        writing = selectors.EVENT_WRITE if session.queued else 0
        self._selector.modify(session.descriptor, selectors.EVENT_READ | writing, session)
        for command in session.commands.values():
            for descriptor in command.pipes:
                self._watch_pipe(command, descriptor)

    def lost(self, session: _Session) -> None:
        """Attend no more to a session whose other end nobody holds."""
        self._selector.unregister(session.descriptor)
        self._sessions.remove(session)
        if session.is_lasting:
            self._away.append(session)
        else:
            os.close(session.descriptor)

    def _serve_session(self, session: _Session, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            session.writable()
            self.watch(session)
        if events & selectors.EVENT_READ:
            session.readable()

    def _open(self, path: str) -> None:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        if os.isatty(descriptor):
            tty.setraw(descriptor, termios.TCSANOW)  # what the host has said already stays
        elif stat.S_ISCHR(os.fstat(descriptor).st_mode):
            # A port without a host is always ready, and empty: a signal says when one has come.
            fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
        self._attend(_Session(self, descriptor, is_lasting=True))

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # whoever called has gone
        connection.settimeout(0)
        self._attend(_Session(self, connection.detach(), is_lasting=False))

    def _attend(self, session: _Session) -> None:
        self._sessions.append(session)
        self._selector.register(session.descriptor, selectors.EVENT_READ, session)

    def _signalled(self) -> None:
        try:
            os.read(self._signals, 4096)
        except BlockingIOError:
            return
        for session in self._away[:]:
            self._away.remove(session)
            self._attend(session)
            session.readable()
            self.watch(session)
        self._reap()

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._commands:
                self._finish(self._commands[pid], os.waitstatus_to_exitcode(status))

    def _finish(self, command: _Command, status: int) -> None:
        """Say how a command ended; what its descendants write from now on is nobody's."""
        for descriptor in list(command.pipes):
            for _ in range(64):  # a pipe holds 64 KiB, and who fills it anew is not waited for
                before = sum(command.sent.values()) + sum(command.cut.values())
                command.read(descriptor)
                if before == sum(command.sent.values()) + sum(command.cut.values()):
                    break
        self.forget(command)
        del command.session.commands[command.number]
        command.session.say(
            id=command.number,
            exit=status,
            cut_out=command.cut["out"],
            cut_err=command.cut["err"],
            timed_out=int(command.timed_out),
        )

    def _end_late(self) -> None:
        now_s = time.monotonic()
        for command in self._commands.values():
            if command.deadline_s <= now_s:
                command.timed_out = True
                command.deadline_s = float("inf")
                command.kill()

    def _watch_pipe(self, command: _Command, descriptor: int) -> None:
        is_watched = descriptor in self._selector.get_map()
        has_room = len(command.session.queued) < _QUEUED_BYTES
        if has_room and not is_watched:
            self._selector.register(
                descriptor, selectors.EVENT_READ, lambda: self._pipe_readable(command, descriptor)
            )
        elif is_watched and not has_room:
            self._selector.unregister(descriptor)

    def _pipe_readable(self, command: _Command, descriptor: int) -> None:
        if descriptor in command.pipes and not command.read(descriptor):
            self._close_pipe(command, descriptor)

    def _close_pipe(self, command: _Command, descriptor: int) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)
        del command.pipes[descriptor]
        os.close(descriptor)

    def _group(self) -> str | None:
        """Make a cgroup for a command, and remove those whose processes have all ended."""
        if self._groups is None:
            return None
        # A process that was just forked may not be in its group yet, which is empty so far.
        in_use = {command.group for command in self._commands.values()}
        for name in os.listdir(self._groups):
            old = f"{self._groups}/{name}"
            if name.startswith("command-") and old not in in_use:
                try:
                    os.rmdir(old)
                except OSError:
                    continue  # something that a command left in the background runs there
        self._groups_made += 1
        group = f"{self._groups}/command-{self._groups_made}"
        os.mkdir(group)
        return group


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(value)
    return value


def _wake(message: dict[str, object]) -> None:
    """Set the clock and stir the random numbers of a guest that was asleep in a snapshot."""
    with contextlib.suppress(PermissionError):
        if "time_ns" in message:
            time.clock_settime_ns(time.CLOCK_REALTIME, _integer(message["time_ns"]))
        if "entropy" in message:
            entropy = base64.b64decode(str(message["entropy"]))
            counted = struct.pack("ii", 8 * len(entropy), len(entropy)) + entropy
            with open("/dev/urandom", "wb") as pool:
                fcntl.ioctl(pool, _RNDADDENTROPY, counted)
                fcntl.ioctl(pool, _RNDRESEEDCRNG)


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def _virtio_ports(name: str) -> list[str]:
    """Return the devices of the ports NAME and NAME.N, as soon as NAME is there."""
    end_s = time.monotonic() + _PORT_WAIT_S
    while time.monotonic() < end_s:
        names = {}
        with contextlib.suppress(FileNotFoundError):  # the kernel is at it
            for port in os.listdir(_VIRTIO_PORTS):
                with open(f"{_VIRTIO_PORTS}/{port}/name", encoding="utf-8") as file:
                    names[file.read().strip()] = f"/dev/{port}"
        if name in names:
            return [path for port, path in names.items() if port.partition(".")[0] == name]
        time.sleep(0.02)
    raise FileNotFoundError(f"no virtio port is named {name}")


def main(arguments: Sequence[str]) -> None:
    """Serve the places that the arguments name."""
    groups = None
    if arguments[:1] == ["--groups"]:
        groups, arguments = arguments[1], arguments[2:]
    agent = Agent(groups)
    for place in arguments:
        agent.serve(place)
    agent.run()


if __name__ == "__main__":
    main(sys.argv[1:])
