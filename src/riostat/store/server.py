"""The server of a store: the front end on a port, its counters in a run, its status in a file."""

import asyncio
import contextlib
import logging
import resource
import socket
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import uvicorn

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import StoreError
from riostat.core.httpserver import HttpServer, bound_socket
from riostat.core.seriesfile import SeriesFile
from riostat.store.connection import CONNECTIONS_MAX, StoreConnection
from riostat.store.s3.credentials import load_credentials
from riostat.store.s3.frontend import Frontend
from riostat.store.serverstatus import holding
from riostat.store.store import Store
from riostat.store.telemetry import Telemetry

__all__ = ["ServerOptions", "serve"]

_KEEP_ALIVE_S: Final = 30
_GRACE_S: Final = 10
_SWEEP_S: Final = 1.0
_HOUR_S: Final = 3600
_LOG: Final = logging.getLogger(__name__)
_DESCRIPTORS: Final = CONNECTIONS_MAX + 512


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where to listen, what to show without a signature, and where machine code is kept."""

    host: str
    port: int
    public_buckets: AbstractSet[str]
    kernels: Path


def serve(
    store: Store,
    options: ServerOptions,
    *,
    series: SeriesFile,
    ready: Callable[[str], None],
) -> None:
    """Serve a store until SIGINT or SIGTERM; to be called in the main thread.

    `ready` is called with the address when requests are answered. Raises `StoreError` where the
    store is served already, or the keys or the address cannot be used.
    """
    credentials = load_credentials(store.root)
    _allow_descriptors()
    with contextlib.ExitStack() as open_things:
        listener = bound_socket(options.host, options.port, who="The store", failure=StoreError)
        open_things.enter_context(contextlib.closing(listener))
        open_things.enter_context(holding(store.root))
        frontend = Frontend(
            store,
            credentials,
            public_buckets=options.public_buckets,
            clock=SYSTEM_CLOCK,
            kernels=options.kernels,
        )
        open_things.callback(frontend.workers.close)
        address = _address(listener)
        telemetry = Telemetry(store, frontend, series, address=address, clock=SYSTEM_CLOCK)
        server = _StoreServer(frontend, telemetry, ready=lambda: ready(address))
        server.run(sockets=[listener])


class _StoreServer(HttpServer):
    """Looks after connections and counters once a second, after uploads once an hour."""

    def __init__(
        self, frontend: Frontend, telemetry: Telemetry, *, ready: Callable[[], None]
    ) -> None:
        super().__init__(_configuration(frontend), ready=ready, end=self._stop_watch)
        self._multipart = frontend.multipart
        self._telemetry = telemetry
        self._watch: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._watch.append(asyncio.create_task(self._look_after()))
        await self._telemetry.begin()
        self._watch.append(asyncio.create_task(self._remove_abandoned()))
        await super().startup(sockets)

    def _stop_watch(self) -> None:
        for task in self._watch:
            task.cancel()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        await self._telemetry.end(len(self.server_state.connections))

    async def _look_after(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_SWEEP_S)
            connections = cast("set[StoreConnection]", self.server_state.connections)
            for connection in tuple(connections):
                connection.check(loop.time())
            await self._telemetry.write(len(connections))

    async def _remove_abandoned(self) -> None:
        """Give back at the start, and then hourly, what abandoned uploads hold."""
        while True:
            try:
                await self._multipart.remove_abandoned(SYSTEM_CLOCK)
            except StoreError as error:
                _LOG.warning("Abandoned uploads cannot be removed: %s", error)
            await asyncio.sleep(_HOUR_S)


def _configuration(frontend: Frontend) -> uvicorn.Config:
    return uvicorn.Config(
        frontend,
        loop="uvloop",
        http=StoreConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,  # an address may be presigned
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _allow_descriptors() -> None:
    """Let this process have as many connections as it takes; the usual soft limit is 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_DESCRIPTORS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
