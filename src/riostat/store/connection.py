"""One connection to the store's server: HTTP of uvicorn, and nobody who stands still for ever."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.flow_control import FlowControl

from riostat.core.boundedhttp import BoundedHttp

__all__ = ["CONNECTIONS_MAX", "STALL_S", "StoreConnection"]

CONNECTIONS_MAX: Final = 4096
STALL_S: Final = 30.0
"""How long a peer may neither send what is due nor take what is sent."""


class StoreConnection(BoundedHttp):
    """The protocol of one connection, with what `riostat.store.s3.request.Connection` asks of it.

    `check` is to be called now and then.
    """

    flow: FlowControl
    _received = 0
    _heads = 0
    _mark: tuple[str, int] | None = None
    _since = 0.0

    @property
    def gone(self) -> bool:
        """Whether nobody will read what is sent."""
        return self.transport.is_closing()

    @property
    def body_held_back(self) -> bool:
        """Whether the client waits to be asked for the body, and so will not send it."""
        return self.cycle.waiting_for_100_continue

    async def drained(self) -> None:
        """Wait until what was sent has all but left."""
        await self.flow.drain()

    def cut(self) -> None:
        """End the connection at once."""
        self.transport.abort()

    def connection_made(  # type: ignore[override]  # as uvicorn has it
        self, transport: asyncio.Transport
    ) -> None:
        """Begin, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MAX:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        self._received += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin a request, and give it this connection."""
        super().on_message_begin()
        state: dict[str, Any] = self.scope["state"]
        state["connection"] = self

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        super().on_headers_complete()
        self._heads += 1

    def check(self, now_s: float) -> None:
        """End a connection whose peer has stood still for too long."""
        mark = self._awaited()
        if mark is None or mark != self._mark:
            self._mark, self._since = mark, now_s
        elif now_s - self._since > STALL_S:
            self.transport.abort()

    def _awaited(self) -> tuple[str, int] | None:
        """Return what the peer is to do now, with a number that changes when it does; or None."""
        buffered = self.transport.get_write_buffer_size()
        if buffered:
            return "read", buffered
        if not self._heads or self.cycle.response_complete:
            return "send a head", self._heads
        if self.cycle.more_body and not self.flow.read_paused:
            return "send a body", self._received
        return None
