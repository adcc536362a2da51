"""The protocol between a host and the agent in a guest, without I/O.

Both sides send lines of JSON, flat objects of numbers and strings; whatever may hold any byte is
in base64, so that a shell can take a line apart.

::

    host                                           agent
    {"hello", "time_ns"?, "entropy"?}              {"hello", "agent", "version"}
    {"id", "run", "timeout_ms", "limit"}
    {"id", "data"}, as often as is needed
    {"id", "end"}                                  {"id", "out"} and {"id", "err"}
                                                   {"id", "exit", "cut_out", "cut_err", "timed_out"}
                                                   or {"id", "error"}

``hello`` bears a word that no hello before it had. The agent ends whatever it was doing and gives
the word back; all that arrives before that is of the past, or of nobody, and is dropped. So a
late answer is never taken for another's. ``time_ns`` sets the guest's clock and ``entropy`` is
mixed into its pool, for guests that were asleep in a snapshot. ``run`` is text for a shell, which
starts at ``end`` with the data as its standard input, and is killed after its time. ``limit`` is
how many bytes of each output are wanted; the rest is counted as cut.

A host has one command under way on each stream. What a guest says is hostile until checked.

::

    state       what may come next
    GREETING    anything, dropped, until the hello with our word -> READY
    READY       late answers of commands that ended, dropped
    RUNNING     out and err within the limit; exit or error -> READY
"""

import enum
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import msgspec

from riostat.core.errors import MachineError
from riostat.core.text import printable

__all__ = ["AGENT_VERSION", "Conversation", "Finished"]

AGENT_VERSION = 1
_DATA_BYTES = 48 << 10
_LINE_BYTES = 128 << 10
_SHOWN_BYTES = 200


@dataclass(frozen=True, slots=True)
class Finished:
    """How a command ended: its status, negative for a signal, and what it wrote.

    `stdout_cut` and `stderr_cut` count the bytes beyond the limit, which were not kept.
    """

    returncode: int
    stdout: bytes
    stderr: bytes
    stdout_cut: int = 0
    stderr_cut: int = 0
    timed_out: bool = False


class _State(enum.Enum):
    GREETING = enum.auto()
    READY = enum.auto()
    RUNNING = enum.auto()


class _Said(msgspec.Struct, forbid_unknown_fields=True):
    """Any line of an agent."""

    hello: str | None = None
    agent: str = ""
    version: int = 0
    id: int | None = None
    out: bytes = b""
    err: bytes = b""
    exit: Annotated[int, msgspec.Meta(ge=-128, le=255)] | None = None
    cut_out: Annotated[int, msgspec.Meta(ge=0)] = 0
    cut_err: Annotated[int, msgspec.Meta(ge=0)] = 0
    timed_out: int = 0
    error: bytes | None = None


class Conversation:
    """One stream to an agent, as its host sees it.

    `receive` raises `MachineError` for what no agent says; the conversation can then go on only
    with another `hello`.
    """

    def __init__(self) -> None:
        self._state = _State.GREETING
        self._word = ""
        self._partial = b""
        self._is_noise = False  # what comes before the next end of line is the rest of a long one
        self._number = 0
        self._limit = 0
        self._output = {"out": bytearray(), "err": bytearray()}
        self._decoder = msgspec.json.Decoder(_Said)
        self.agent = ""

    @property
    def is_ready(self) -> bool:
        """Whether a command can be sent."""
        return self._state is _State.READY

    def hello(self, word: str, *, time_ns: int | None = None, entropy: bytes = b"") -> bytes:
        """Return what begins the conversation anew; `word` must not have been used before."""
        self._state, self._word = _State.GREETING, word
        message: dict[str, object] = {"hello": word}
        if time_ns is not None:
            message["time_ns"] = time_ns
        if entropy:
            message["entropy"] = b64encode(entropy).decode()
        return b"\n" + _line(message)  # a line that was left half said ends here

    def run(self, text: bytes, *, timeout_s: float, limit: int, data: bytes) -> Iterator[bytes]:
        """Yield what has an agent run a command, in pieces for a stream."""
        assert self._state is _State.READY
        self._state = _State.RUNNING
        self._number += 1
        self._limit = limit
        self._output = {"out": bytearray(), "err": bytearray()}
        number = self._number
        yield _line(
            {
                "id": number,
                "run": b64encode(text).decode(),
                "timeout_ms": max(1, round(timeout_s * 1000)),
                "limit": limit,
            }
        )
        for start in range(0, len(data), _DATA_BYTES):
            piece = b64encode(data[start : start + _DATA_BYTES]).decode()
            yield _line({"id": number, "data": piece})
        yield _line({"id": number, "end": 1})

    def receive(self, content: bytes) -> Finished | None:
        """Take in what came from the agent; return how the command ended, if it did."""
        finished = None
        *lines, self._partial = (self._partial + content).split(b"\n")
        for line in lines:
            if not self._is_noise and line.strip():
                finished = self._hear(line) or finished
            self._is_noise = False
        if len(self._partial) > _LINE_BYTES:
            if self._state is not _State.GREETING:
                raise _breach("a line has no end", self._partial)
            self._partial, self._is_noise = b"", True
        return finished

    def _hear(self, line: bytes) -> Finished | None:
        if len(line) > _LINE_BYTES and self._state is not _State.GREETING:
            raise _breach("a line is too long", line)
        try:
            said = self._decoder.decode(line)
        except (msgspec.MsgspecError, RecursionError) as error:
            if self._state is _State.GREETING:
                return None
            raise _breach("a line is no message", line) from error
        if self._state is _State.GREETING:
            self._greet(said)
            return None
        if said.id is None or not 0 < said.id <= self._number:
            raise _breach("a message is about no command", line)
        if said.id < self._number or self._state is _State.READY:
            return None
        return self._take(said, line)

    def _greet(self, said: _Said) -> None:
        if said.hello != self._word:
            return
        if said.version != AGENT_VERSION:
            raise MachineError(
                f"The agent in the guest speaks version {said.version} of the protocol, and not "
                f"{AGENT_VERSION}; make the image anew."
            )
        self.agent = printable(said.agent)
        self._state, self._number = _State.READY, 0

    def _take(self, said: _Said, line: bytes) -> Finished | None:
        for name, content in (("out", said.out), ("err", said.err)):
            self._output[name] += content
            if len(self._output[name]) > self._limit:
                raise _breach("more output came than was wanted", line)
        if said.error is not None:
            self._state = _State.READY
            raise MachineError(
                f"The agent cannot run the command ({printable(said.error[:_SHOWN_BYTES])}); "
                "give the guest more memory, or less input."
            )
        if said.exit is None:
            return None
        self._state = _State.READY
        return Finished(
            said.exit,
            bytes(self._output["out"]),
            bytes(self._output["err"]),
            said.cut_out,
            said.cut_err,
            bool(said.timed_out),
        )


def _line(message: dict[str, object]) -> bytes:
    return msgspec.json.encode(message) + b"\n"


def _breach(what: str, line: bytes) -> MachineError:
    return MachineError(
        f"The agent in the guest breaks the protocol: {what} ({printable(line[:_SHOWN_BYTES])}); "
        "start the guest anew."
    )
