"""QMP, the protocol in which QEMU is told what to do (qemu-qmp-ref(7))."""

import socket
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from riostat.core.errors import MachineError, MachineTimeoutError
from riostat.core.text import printable

__all__ = ["QMP"]

_LINE_BYTES = 16 << 20
_EVENTS_MAX = 256
_RECEIVE_BYTES = 64 << 10


class _Refusal(msgspec.Struct):
    desc: str = ""


class _Said(msgspec.Struct):
    """Any line of QEMU; `answer` is what it returns."""

    answer: Any = msgspec.field(default=msgspec.UNSET, name="return")
    error: _Refusal | None = None
    event: str = ""
    data: dict[str, Any] = {}
    id: Any = None


class QMP:
    """A connection to a QEMU; one at a time is served.

    `machine` is what sentences call it. Raises `MachineError` when QEMU refuses or ends, and
    `MachineTimeoutError` when it does not answer in time.
    """

    def __init__(self, path: Path, *, machine: str, timeout_s: float = 30) -> None:
        self._machine = machine
        self._timeout_s = timeout_s
        self._decoder = msgspec.json.Decoder(_Said)
        self._buffer = bytearray()
        self._number = 0
        self.events: deque[tuple[str, dict[str, Any]]] = deque(maxlen=_EVENTS_MAX)
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(path))
            self._line(time.monotonic() + timeout_s)  # the greeting
            self.execute("qmp_capabilities")
        except OSError as error:
            self.close()
            raise self._gone() from error
        except MachineError:
            self.close()
            raise

    def execute(self, name: str, **arguments: object) -> Any:
        """Run one command and return what it returns; arguments are named as QMP names them."""
        self._number += 1
        message = {"execute": name, "arguments": arguments, "id": self._number}
        end_s = time.monotonic() + self._timeout_s
        try:
            self._socket.settimeout(self._timeout_s)
            self._socket.sendall(msgspec.json.encode(message) + b"\n")
            while True:
                said = self._said(end_s)
                if said.id != self._number:
                    continue
                if said.error is not None:
                    raise MachineError(
                        f"QEMU refuses {name} for {self._machine} ({printable(said.error.desc)}); "
                        "correct the arguments."
                    )
                return said.answer
        except OSError as error:
            raise self._gone() from error

    def wait_event(
        self, name: str, is_wanted: Callable[[dict[str, Any]], bool], *, timeout_s: float
    ) -> dict[str, Any]:
        """Return the data of the first event of this name, of those kept and to come, that fits."""
        end_s = time.monotonic() + timeout_s
        while True:
            while self.events:
                event, data = self.events.popleft()
                if event == name and is_wanted(data):
                    return data
            try:
                self._said(end_s)
            except OSError as error:
                raise self._gone() from error

    def close(self) -> None:
        """Close the connection; QEMU goes on."""
        self._socket.close()

    def _said(self, end_s: float) -> _Said:
        line = self._line(end_s)
        try:
            said = self._decoder.decode(line)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise MachineError(
                f"QEMU says what is no QMP for {self._machine} ({printable(line[:200])}); "
                "start it anew."
            ) from error
        if said.event:
            self.events.append((said.event, said.data))
        return said

    def _line(self, end_s: float) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            remaining_s = end_s - time.monotonic()
            if remaining_s <= 0:
                raise self._late()
            self._socket.settimeout(remaining_s)
            try:
                content = self._socket.recv(_RECEIVE_BYTES)
            except TimeoutError as error:
                raise self._late() from error
            if not content or len(self._buffer) > _LINE_BYTES:
                raise self._gone()
            self._buffer += content
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return line

    def _late(self) -> MachineTimeoutError:
        return MachineTimeoutError(
            f"The QEMU of {self._machine} does not answer within {self._timeout_s:g} s; end it."
        )

    def _gone(self) -> MachineError:
        return MachineError(f"The QEMU of {self._machine} has ended; start it anew.")
