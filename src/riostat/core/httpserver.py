"""A port, and uvicorn on it as every server here wants it: ready said once, signals kept."""

import errno
import signal
import socket
from collections.abc import Callable
from types import FrameType

import uvicorn

from riostat.core.errors import RiostatError
from riostat.core.text import printable

__all__ = ["HttpServer", "bound_socket"]

_BACKLOG = 1024  # the kernel takes less where somaxconn says so


class HttpServer(uvicorn.Server):
    """Says when it is ready, calls `end` when it is to end, and keeps signals to itself."""

    def __init__(
        self, config: uvicorn.Config, *, ready: Callable[[], None], end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._end = end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to answer, and say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what would go on for ever, then everything."""
        self._end()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Take SIGINT and SIGTERM; a second Ctrl-C waits for nobody."""
        # uvicorn's own raises the signal again at its end, which would end the caller unasked.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def bound_socket(host: str, port: int, *, who: str, failure: type[RiostatError]) -> socket.socket:
    """Return a socket that listens on an address of this machine; port 0 takes any free one.

    Raises `failure` with a sentence about `who`.
    """
    where = f"{printable(host)}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise failure(
            f"{who} cannot listen on {where} ({error}); give an address of this machine "
            "with --host."
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        remedy = (
            "choose another port with --port, or end what listens there"
            if error.errno == errno.EADDRINUSE
            else "choose another address with --host or another port with --port"
        )
        raise failure(f"{who} cannot listen on {where} ({error.strerror}); {remedy}.") from error
    return listener
