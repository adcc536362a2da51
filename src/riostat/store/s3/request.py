"""One request to the store, as its front end looks at it."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from riostat.store.s3.percent import decoded_text, query_pairs
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.signatures import Head, Signed

__all__ = ["Answer", "Connection", "Message", "Receive", "Request", "Scope", "Send"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class Connection(Protocol):
    """What a request can ask of the connection that it came on."""

    @property
    def gone(self) -> bool:
        """Whether nobody will read what is sent."""
        ...

    @property
    def body_held_back(self) -> bool:
        """Whether the client waits to be asked for the body, and so will not send it."""
        ...

    async def drained(self) -> None:
        """Wait until what was sent has all but left; its memory may then be used anew."""
        ...

    def cut(self) -> None:
        """End the connection at once, so that a client sees that an answer is not whole."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back whole; large contents are sent by whoever reads them."""

    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


class Request:
    """A request; `signed` is set once it is known who sent it, `started` by what is answered."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.method: str = scope["method"]
        self.receive = receive
        self.started = False
        self._send = send
        self.connection: Connection = scope["state"]["connection"]
        self.signed: Signed | None = None
        self.head = Head(self.method, scope["raw_path"], scope["query_string"], scope["headers"])
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        bucket, _, key = self.head.path.removeprefix(b"/").partition(b"/")
        self.bucket = decoded_text(bucket)
        self.key = decoded_text(key)

    async def send(self, message: Message) -> None:
        """Send a part of the answer, in the words of ASGI."""
        self.started = True
        await self._send(message)

    def header(self, name: str) -> str | None:
        """Return a header by its lower-case name."""
        value = self._headers.get(name.encode())
        return None if value is None else value.decode("latin-1")

    @property
    def header_names(self) -> list[str]:
        """The lower-case names of the headers."""
        return [name.decode("latin-1") for name in self._headers]

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The query; of a name that stands there twice the first counts."""
        if not self.head.query:
            return {}
        found: dict[str, str] = {}
        for name, value in query_pairs(self.head.query):
            try:
                found.setdefault(name.decode(), value.decode())
            except UnicodeDecodeError as error:
                raise S3Error("InvalidURI", "The query is not UTF-8; encode it so.") from error
        return found

    def number(self, name: str, default: int, *, most: int) -> int:
        """Return a parameter that is a whole number of 0 to `most`; larger ones count as that."""
        text = self.parameters.get(name)
        if text is None or text == "":
            return default
        if not (text.isascii() and text.isdigit() and len(text) <= 10):
            raise S3Error("InvalidArgument", f"{name} is {text[:40]!r} and not a whole number.")
        return min(int(text), most)
