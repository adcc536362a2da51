"""Requests as the front end gets them from its server, without one."""

from collections.abc import Sequence

from riostat.store.s3.request import Message, Request, Scope

__all__ = ["Wire", "request_of"]


class Wire:
    """A connection of which the pieces that arrive are known, and which keeps what is sent."""

    def __init__(self, pieces: Sequence[bytes] = (), *, cut_off: bool = False) -> None:
        self.sent: list[Message] = []
        self.was_cut = False
        self.gone = False
        self.body_held_back = False
        self._messages: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": cut_off or n < len(pieces)}
            for n, piece in enumerate(pieces, 1)
        ]
        self._messages.append({"type": "http.disconnect"})

    async def receive(self) -> Message:
        return self._messages.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def drained(self) -> None: ...

    def cut(self) -> None:
        self.was_cut = True


def request_of(method: str, target: str, wire: Wire | None = None, **headers: str) -> Request:
    """A request to a path with its query; of a header's name - is written as _."""
    path, _, query = target.partition("?")
    connection = wire or Wire([b""])
    scope: Scope = {
        "method": method,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in headers.items()
        ],
        "state": {"connection": connection},
    }
    return Request(scope, connection.receive, connection.send)
