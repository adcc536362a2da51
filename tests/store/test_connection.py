"""Peers that stand still are let go, and those that are slow are not."""

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from riostat.store.connection import CONNECTIONS_MAX, STALL_S, StoreConnection


class Peer(asyncio.Transport):
    """A transport that takes what it is told to take."""

    def __init__(self) -> None:
        super().__init__()
        self.buffered = 0
        self.aborted = False
        self.closed = False

    def get_extra_info(self, name: str, default: object = None) -> Any:
        return {"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)}.get(name, default)

    def get_write_buffer_size(self) -> int:
        return self.buffered

    def write(self, data: object) -> None: ...
    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...

    def is_closing(self) -> bool:
        return self.aborted or self.closed

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.closed = True


async def _wait_for_ever(scope: Any, _receive: Any, _send: Any) -> None:
    scope["state"]["asked"] = True
    await asyncio.Event().wait()


async def connected(state: ServerState) -> tuple[StoreConnection, Peer]:
    connection, peer = StoreConnection(Config(_wait_for_ever), state, {}), Peer()
    connection.connection_made(peer)
    return connection, peer


def test_who_says_nothing_is_let_go() -> None:
    async def check() -> None:
        connection, peer = await connected(ServerState())
        for now in range(0, int(STALL_S) + 1, 5):
            connection.check(now)
            connection.data_received(b"GET / HTTP/1.1\r\n" if now == 0 else b"x: y\r\n")
        assert not peer.aborted
        connection.check(STALL_S + 1)
        assert peer.aborted  # a head that trickles in counts as nothing said

    asyncio.run(check())


def test_who_sends_slowly_is_kept_and_who_stops_is_not() -> None:
    async def check() -> None:
        state = ServerState()
        connection, peer = await connected(state)
        connection.data_received(b"PUT /b/k HTTP/1.1\r\ncontent-length: 100\r\n\r\n")
        for now in range(0, 200, 20):
            connection.check(now)
            connection.data_received(b"x")
        assert not peer.aborted
        for now in range(200, 280, 20):
            connection.check(now)
        assert peer.aborted
        for task in state.tasks:
            task.cancel()

    asyncio.run(check())


def test_who_reads_slowly_is_kept_and_who_stops_is_not() -> None:
    async def check() -> None:
        state = ServerState()
        connection, peer = await connected(state)
        connection.data_received(b"GET /b/k HTTP/1.1\r\n\r\n")
        connection.check(0)
        connection.check(500)
        assert not peer.aborted  # it is the store that has not answered
        for now in range(500, 700, 20):
            peer.buffered = 1000 + now
            connection.check(now)
        assert not peer.aborted
        for now in range(700, 760, 20):
            connection.check(now)
        assert peer.aborted
        assert connection.gone
        for task in state.tasks:
            task.cancel()

    asyncio.run(check())


def test_one_connection_too_many_is_let_go() -> None:
    async def check() -> None:
        state = ServerState()
        state.connections.update(object() for _ in range(CONNECTIONS_MAX))  # type: ignore[misc]  # counted only
        _, peer = await connected(state)
        assert peer.aborted

    asyncio.run(check())
