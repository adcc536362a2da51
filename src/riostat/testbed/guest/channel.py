"""Commands and files over the stream to a machine's agent."""

import os
import re
import secrets
import shlex
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.core.text import printable
from riostat.testbed.guest.conversation import Conversation, Finished

__all__ = ["OUTPUT_BYTES_MAX", "Channel", "Fetched"]

OUTPUT_BYTES_MAX = 16 << 20  # of each output of a command, unless the caller says otherwise
_FILE_BYTES_MAX = 1 << 30
_FILE_TIMEOUT_S = 300.0
_PATIENCE_S = 5.0  # beyond a command's own time-out, which the agent keeps
_SILENCE_S = 0.5
_RECEIVE_BYTES = 256 << 10
_SHOWN_CHARACTERS = 200
_LAST_WORDS_BYTES = 4 << 10
_FETCHED = re.compile(rb"([0-7]{1,4})\n([0-9a-f]{64}) [ *]-\n")


class Fetched(NamedTuple):
    """A file of a guest."""

    content: bytes
    mode: int


class Channel:
    """A stream to the agent in a machine, on which one command is under way at a time.

    `path` is the machine's socket, `machine` what sentences call it, and `diagnose` gives what is
    appended to them: how the machine stands, and the last lines of its console. `fault` is asked
    while nothing comes, and says why nothing will come any more. May be used by
    several threads, which then wait for one another. Raises `MachineTimeoutError` when a command
    does not end in its time, and `MachineError` when the machine ends or its agent misbehaves.
    """

    def __init__(
        self,
        path: Path,
        *,
        machine: str,
        diagnose: Callable[[], str],
        fault: Callable[[], str | None],
    ) -> None:
        self._path = path
        self._machine = machine
        self._diagnose = diagnose
        self._fault = fault
        self._conversation = Conversation()
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def greet(self, timeout_s: float, *, time_ns: int | None = None, entropy: bytes = b"") -> None:
        """Wait until the agent answers; raises `MachineTimeoutError`."""
        with self._lock:
            self._greet(timeout_s, time_ns=time_ns, entropy=entropy)

    def run(
        self,
        command: str | Sequence[str],
        *,
        timeout_s: float = 60,
        data: bytes = b"",
        limit: int = OUTPUT_BYTES_MAX,
    ) -> Finished:
        """Run a command, text for a shell or a program with its arguments, to its end.

        `data` is its standard input. Of each output the first `limit` bytes are kept.
        """
        text = command if isinstance(command, str) else f"exec {shlex.join(command)}"
        with self._lock:
            if not self._conversation.is_ready:
                self._greet(_PATIENCE_S)
            end_s = time.monotonic() + timeout_s + _PATIENCE_S
            pieces = self._conversation.run(
                os.fsencode(text), timeout_s=timeout_s, limit=limit, data=data
            )
            try:
                finished = self._exchange(pieces, end_s)
            except TimeoutError as error:
                self.close()
                raise MachineTimeoutError(
                    f"The {self._machine} does not answer, {timeout_s + _PATIENCE_S:g} s after the "
                    f"command {_shown(text)} was given; start it anew.{self._diagnose()}"
                ) from error
        if finished.timed_out:
            raise MachineTimeoutError(
                f"The command {_shown(text)} in the {self._machine} did not end within "
                f"{timeout_s:g} s and was killed; give it more time.{_last_words(finished)}"
            )
        return finished

    def put(self, source: bytes | Path, path: str, *, mode: int | None = None) -> None:
        """Write a file in the machine, whole or not at all.

        It has the mode that is given, or that of the source, or 644 where that is bytes.
        """
        if isinstance(source, Path):
            content, its_mode = _read(source)
            mode = its_mode if mode is None else mode
        else:
            content, mode = source, 0o644 if mode is None else mode
        target, draft = shlex.quote(path), shlex.quote(f"{path}.part")
        digest = sha256(content).hexdigest()
        finished = self.run(
            f"if [ -d {target} ]; then echo is a directory >&2; exit 1; fi; cat >{draft} && "
            f'if [ "$(sha256sum <{draft})" = "{digest}  -" ]; then '
            f"chmod {mode:o} -- {draft} && mv -f -- {draft} {target}; else "
            f"echo another digest >&2; rm -f -- {draft}; exit 1; fi",
            timeout_s=_FILE_TIMEOUT_S,
            data=content,
        )
        if finished.returncode != 0:
            raise MachineError(
                f"The file {_shown(path)} cannot be written in the {self._machine} "
                f"({_shown(finished.stderr)}); name a place that has room."
            )

    def get(self, path: str, *, limit: int = _FILE_BYTES_MAX) -> Fetched:
        """Return a file of the machine, of at most `limit` bytes, and its mode."""
        source = shlex.quote(path)
        finished = self.run(
            f"if [ -d {source} ]; then echo is a directory >&2; exit 1; fi; exec 3>&1 <{source} && "
            f"stat -L -c %a -- {source} >&2 && "
            f"head -c {limit + 1} | tee /proc/self/fd/3 | sha256sum >&2",
            timeout_s=_FILE_TIMEOUT_S,
            limit=limit,
        )
        if finished.stdout_cut:
            raise MachineError(
                f"The file {_shown(path)} in the {self._machine} has more than {limit} bytes; "
                "fetch a part of it, or send it over a network."
            )
        match = _FETCHED.fullmatch(finished.stderr)
        if finished.returncode != 0 or match is None:
            raise MachineError(
                f"The file {_shown(path)} in the {self._machine} cannot be read "
                f"({_shown(finished.stderr)}); name another."
            )
        if sha256(finished.stdout).hexdigest().encode() != match[2]:
            raise MachineError(
                f"The file {_shown(path)} arrived damaged from the {self._machine}; fetch it again."
            )
        return Fetched(finished.stdout, int(match[1], 8))

    def close(self) -> None:
        """Close the stream; the agent ends what came over it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._conversation = Conversation()

    def _greet(self, timeout_s: float, *, time_ns: int | None = None, entropy: bytes = b"") -> None:
        end_s = time.monotonic() + timeout_s
        hello = self._conversation.hello(secrets.token_hex(8), time_ns=time_ns, entropy=entropy)
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.settimeout(timeout_s)
                self._socket.connect(str(self._path))
            self._send((hello,), end_s)
            while not self._conversation.is_ready:
                self._conversation.receive(self._receive(end_s))
        except TimeoutError as error:
            self.close()
            raise MachineTimeoutError(
                f"The {self._machine} does not answer within {timeout_s:g} s; "
                f"give it more time, or start it anew.{self._diagnose()}"
            ) from error
        except OSError as error:
            raise self._gone() from error

    def _exchange(self, pieces: Iterable[bytes], end_s: float) -> Finished:
        """Send a command and return how it ended; raises `TimeoutError`."""
        try:
            self._send(pieces, end_s)
            while True:
                finished = self._conversation.receive(self._receive(end_s))
                if finished is not None:
                    return finished
        except TimeoutError:
            raise
        except OSError as error:
            raise self._gone() from error
        except BaseException:
            self.close()  # what the agent still says belongs to nobody
            raise

    def _send(self, pieces: Iterable[bytes], end_s: float) -> None:
        assert self._socket is not None
        for piece in pieces:
            self._socket.settimeout(_remaining_s(end_s))
            self._socket.sendall(piece)

    def _receive(self, end_s: float) -> bytes:
        """Return what comes next; raises `TimeoutError`, and `OSError` where nothing will come."""
        assert self._socket is not None
        while True:
            self._socket.settimeout(min(_SILENCE_S, _remaining_s(end_s)))
            try:
                content = self._socket.recv(_RECEIVE_BYTES)
            except TimeoutError:
                if self._fault() is not None:
                    raise ConnectionAbortedError from None
                continue
            if not content:
                raise ConnectionResetError
            return content

    def _gone(self) -> MachineError:
        self.close()
        return MachineError(f"The {self._machine} has ended; start it anew.{self._diagnose()}")


def _remaining_s(end_s: float) -> float:
    remaining_s = end_s - time.monotonic()
    if remaining_s <= 0:
        raise TimeoutError
    return remaining_s


def _read(source: Path) -> tuple[bytes, int]:
    """Return a file of this machine and its mode; raises `MachineError`."""
    try:
        # A pipe, which would be waited for, is opened too, and then refused.
        with os.fdopen(os.open(source, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if stat.S_ISREG(status.st_mode) and status.st_size <= _FILE_BYTES_MAX:
                return file.read(_FILE_BYTES_MAX), stat.S_IMODE(status.st_mode)
    except OSError as error:
        raise MachineError(
            f"The file {_shown(os.fsencode(source))} cannot be read ({error.strerror}); "
            "name another."
        ) from error
    raise MachineError(
        f"The file {_shown(os.fsencode(source))} is no regular file of at most "
        f"{_FILE_BYTES_MAX >> 20} MiB; copy it to one, or send it over a network."
    )


def _shown(text: str | bytes) -> str:
    shown = printable(text[: 2 * _SHOWN_CHARACTERS].strip())
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."


def _last_words(finished: Finished) -> str:
    ends = (output[-_LAST_WORDS_BYTES:] for output in (finished.stdout, finished.stderr))
    lines = b"\n".join(ends).splitlines()
    shown = [_shown(line) for line in lines if line.strip()][-4:]
    return "".join(["\nIt printed:", *(f"\n  {line}" for line in shown)]) if shown else ""
