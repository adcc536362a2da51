"""GET and HEAD of an object: ranges, conditions, and blocks sent as fast as the client takes them.

Memory is bounded however many read and however slowly. A block that is being sent stays in memory
until the client has it, so only an allowance of them is sent whole; where that is used up, pieces
are copied out of blocks, and a slow client holds a piece and no block.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from riostat.core.clock import Clock
from riostat.core.text import printable
from riostat.store.http.preconditions import Outcome, evaluate, range_applies
from riostat.store.http.ranges import ByteRange, UnsatisfiableRangeError, requested_range
from riostat.store.objects import ObjectVersion
from riostat.store.s3.answers import Headers, common_headers, date_header
from riostat.store.s3.checksums import HEADER_PREFIX
from riostat.store.s3.gates import Allowance, Gate
from riostat.store.s3.names import checked_bucket, checked_key
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Answer, Request
from riostat.store.store import Store

__all__ = ["DEADLINE_NS", "SENT_BYTES_MAX", "Reading"]

SENT_BYTES_MAX: Final = 64 << 20
"""How many bytes of blocks are lent to connections at once."""

_PIECE_BYTES: Final = 256 << 10
_READS: Final = 64
_WAITING: Final = 4096
DEADLINE_NS: Final = 1_000_000_000
"""The bound on the delay of blocks that S3 and plain HTTP ask for."""
_OVERRIDES: Final = {
    "response-cache-control": "cache-control",
    "response-content-disposition": "content-disposition",
    "response-content-encoding": "content-encoding",
    "response-content-language": "content-language",
    "response-content-type": "content-type",
    "response-expires": "expires",
}
# What clients stored is not ours: a page among it may neither run scripts nor be taken for another
# type, because it has the host's cookies in common with whatever else listens on this address.
_HARMLESS: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"sandbox; default-src 'none'; media-src 'self'"),
]


class Reading:
    """Answers GET and HEAD of objects."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.sent_bytes = 0
        self._store = store
        self._clock = clock
        self._lent = Allowance(max(4, SENT_BYTES_MAX // store.block_bytes))
        self._reads = Gate(places=_READS, waiting=_WAITING)

    async def answer(self, request: Request, request_id: str) -> Answer | None:
        """Send an object or a part of it, or return the answer that has no content."""
        version = self._store.stat(checked_bucket(request.bucket), checked_key(request.key))
        headers = _headers(request, version, request_id)
        outcome = evaluate(request.header, etag=version.etag, modified_ns=version.modified_ns)
        if outcome is Outcome.FAILED:
            raise S3Error("PreconditionFailed", "The object is not as the request says.")
        if outcome is Outcome.NOT_MODIFIED:
            kept = {b"etag", b"last-modified", b"cache-control", b"expires"}
            return Answer(304, [header for header in headers if header[0] in kept])
        try:
            part = _part(request, version)
        except UnsatisfiableRangeError as error:
            raise _unsatisfiable(version.size) from error
        whole = ByteRange(0, version.size)
        if part is not None:
            headers.append((b"content-range", part.content_range(version.size).encode()))
        else:
            headers += _checksums(request, version.metadata)
        span = part or whole
        headers.append((b"content-length", str(span.stop - span.start).encode()))
        status = 200 if part is None else 206
        start = {"type": "http.response.start", "status": status, "headers": headers}
        if request.method == "HEAD" or span.start == span.stop:
            await request.send(start)
            await request.send({"type": "http.response.body", "body": b""})
            return None
        await self._send(request, version, span, start)
        return None

    async def _send(
        self, request: Request, version: ObjectVersion, span: ByteRange, start: dict[str, object]
    ) -> None:
        """Send the head, once the first block is there, and the blocks of a span."""
        at = span.start
        while at < span.stop and not request.connection.gone:
            index, offset = divmod(at, version.block_bytes)
            length = min(version.block_bytes - offset, span.stop - at)
            lent = self._lent.take()
            try:
                if not lent:
                    length = min(length, _PIECE_BYTES)
                piece = await self._piece(version, index, offset, length, copied=not lent)
                if at == span.start:
                    await request.send(start)
                at += length
                more = at < span.stop
                await request.send({"type": "http.response.body", "body": piece, "more_body": more})
                del piece
                await request.connection.drained()
            finally:
                if lent:
                    self._lent.give()
            self.sent_bytes += length

    async def _piece(
        self, version: ObjectVersion, index: int, offset: int, length: int, *, copied: bool
    ) -> memoryview | bytes:
        block = self._store.cached_block(version, index)
        if block is not None:
            piece = block[offset : offset + length]
            return bytes(piece) if copied else piece
        async with self._reads:
            deadline_ns = self._clock.monotonic_ns() + DEADLINE_NS
            future = self._store.submit_block(version, index, deadline_ns)
            piece = (await asyncio.wrap_future(future))[offset : offset + length]
            return bytes(piece) if copied else piece


def _part(request: Request, version: ObjectVersion) -> ByteRange | None:
    header = request.header("range")
    if header is None or not range_applies(
        request.header("if-range"), etag=version.etag, modified_ns=version.modified_ns
    ):
        return None
    return requested_range(header, version.size)


def _unsatisfiable(size: int) -> S3Error:
    return S3Error(
        "InvalidRange",
        f"The object has {size} bytes, and none in the range.",
        header=(b"content-range", f"bytes */{size}".encode()),
    )


def _headers(request: Request, version: ObjectVersion, request_id: str) -> Headers:
    headers: Headers = [
        (b"accept-ranges", b"bytes"),
        (b"etag", f'"{version.etag}"'.encode()),
        (b"last-modified", date_header(version.modified_ns)),
        *_HARMLESS,
        *common_headers(request, request_id),
    ]
    stored = {
        name: value
        for name, value in version.metadata.items()
        if not name.startswith(HEADER_PREFIX)
    }
    stored["content-type"] = version.content_type
    if request.signed is not None:
        for parameter in _OVERRIDES.keys() & request.parameters.keys():
            stored[_OVERRIDES[parameter]] = request.parameters[parameter]
    # Not every object came by HTTP, and what came otherwise may not fit into a header.
    headers += [
        (name.encode(), printable(value).encode("latin-1", "replace"))
        for name, value in stored.items()
    ]
    return headers


def _checksums(request: Request, metadata: Mapping[str, str]) -> Headers:
    if (request.header("x-amz-checksum-mode") or "").upper() != "ENABLED":
        return []
    return [
        (name.encode(), value.encode())
        for name, value in metadata.items()
        if name.startswith(HEADER_PREFIX)
    ]
