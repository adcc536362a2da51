"""The control socket of a running switch: how other programs ask it for things.

A client connects, sends one request as a line of JSON and reads one answer as another; then the
connection ends. The socket is its owner's alone, requests are bounded, and a client that is slow
or sends nonsense costs the switch one connection.
"""

import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from riostat.core.errors import SwitchError
from riostat.core.text import printable
from riostat.switch.configuration import PortConfiguration
from riostat.switch.listening import Listener, connect
from riostat.switch.ports import Policy
from riostat.switch.status import SwitchStatus

__all__ = [
    "Answer",
    "Attach",
    "ControlServer",
    "Detach",
    "Done",
    "GetStatus",
    "Refused",
    "Request",
    "SetPolicy",
    "ask",
    "control_path",
    "read_status",
]

_REQUEST_BYTES: Final = 16 << 10
_ANSWER_BYTES: Final = 1 << 20
_CLIENTS: Final = 8
_PATIENCE_S: Final = 10


class GetStatus(msgspec.Struct, frozen=True, tag="status", forbid_unknown_fields=True):
    """Say how the switch stands."""


class Attach(msgspec.Struct, frozen=True, tag="attach", forbid_unknown_fields=True):
    """Open one more port."""

    port: PortConfiguration


class Detach(msgspec.Struct, frozen=True, tag="detach", forbid_unknown_fields=True):
    """Close a port, and end its guest's connection."""

    name: str


class SetPolicy(msgspec.Struct, frozen=True, tag="policy", forbid_unknown_fields=True):
    """Get at the pages of a port's guest in another way from now on."""

    name: str
    policy: Policy


class Done(msgspec.Struct, frozen=True, tag="done"):
    """What was asked for is done."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """What was asked for is not done; the reason is a sentence for a person."""

    reason: str


Request: TypeAlias = GetStatus | Attach | Detach | SetPolicy
Answer: TypeAlias = SwitchStatus | Done | Refused


def ask(path: Path, request: Request) -> Answer | None:
    """Return the answer of the switch that listens at `path`, or None where none does.

    Raises `SwitchError` for a switch that does not answer as one does.
    """
    try:
        with connect(path, _PATIENCE_S) as connection:
            connection.sendall(msgspec.json.encode(request) + b"\n")
            content = bytearray()
            while len(content) < _ANSWER_BYTES and (data := connection.recv(1 << 16)):
                content += data
        answer: Answer = msgspec.json.decode(content, type=Answer)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except (OSError, msgspec.MsgspecError, RecursionError) as error:
        raise SwitchError(
            f"The switch at {printable(str(path))} gives no answer ({error}); end it and start it "
            "again."
        ) from error
    return answer


def control_path(data: Path) -> Path:
    """Return where the switch of a data directory listens."""
    return data / "switch" / "control.sock"


def read_status(path: Path) -> SwitchStatus | None:
    """Return how the switch that listens at `path` stands, or None where none does.

    Raises `SwitchError` for a switch that does not answer as one does.
    """
    answer = ask(path, GetStatus())
    if answer is None or isinstance(answer, SwitchStatus):
        return answer
    raise SwitchError(f"The switch at {printable(str(path))} does not say how it stands.")


class ControlServer:
    """The switch's end: driven by its loop, it hands requests to `handle` and never waits.

    `handle` may raise `SwitchError`, which the client is told as `Refused`.
    """

    def __init__(
        self, path: Path, selector: selectors.BaseSelector, handle: Callable[[Request], Answer]
    ) -> None:
        self.path = path
        self._selector = selector
        self._handle = handle
        self._clients: dict[socket.socket, bytearray] = {}
        self._listener = Listener(path)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """End all connections and remove the socket."""
        self._selector.unregister(self._listener)
        self._listener.close()
        for client in list(self._clients):
            self._end(client)

    def _accept(self) -> None:
        client = self._listener.accept()
        if client is None:
            return
        if len(self._clients) == _CLIENTS:
            self._end(next(iter(self._clients)))
        self._clients[client] = bytearray()
        self._selector.register(client, selectors.EVENT_READ, lambda: self._read(client))

    def _read(self, client: socket.socket) -> None:
        content = self._clients[client]
        try:
            data = client.recv(_REQUEST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        content += data
        line, end, _ = content.partition(b"\n")
        if end or len(content) > _REQUEST_BYTES:
            self._answer(client, bytes(line))
        elif data:
            return
        self._end(client)

    def _answer(self, client: socket.socket, line: bytes) -> None:
        answer: Answer
        try:
            answer = self._handle(msgspec.json.decode(line[:_REQUEST_BYTES], type=Request))
        except (msgspec.MsgspecError, RecursionError) as error:
            answer = Refused(f"The request cannot be read ({printable(str(error))}).")
        except SwitchError as error:
            answer = Refused(str(error))
        try:
            client.send(msgspec.json.encode(answer), socket.MSG_NOSIGNAL)
        except OSError:
            return  # whoever asked has gone

    def _end(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        client.close()
        del self._clients[client]
