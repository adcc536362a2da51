"""The body of a request on its way in: decoded, counted, summed up and compared.

`Intake` does it without I/O, `receive_into` moves the pieces: while a thread takes one batch, the
next one arrives, and no more than two are in memory.
"""

import asyncio
import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import Final, TypeAlias

from riostat.store.s3.checksums import HEADER_PREFIX, Checksum, ChecksumMaker, expected_checksum
from riostat.store.s3.chunks import STREAMING_FORMS, ChunkDecoder
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Request

__all__ = ["Intake", "receive_document", "receive_into"]

_BATCH_BYTES: Final = 1 << 20
_SIZE_MAX: Final = 1 << 50
_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")
_UNSIGNED = "UNSIGNED-PAYLOAD"

Sink: TypeAlias = Callable[[memoryview], object]


class Intake:
    """What the head of a request promises of its body, and whether the body keeps it.

    `size` is the length of the payload, `md5` the digest that it must have, or None: whoever keeps
    the payload computes it anyway and compares it, and everything else is compared here.
    """

    def __init__(self, request: Request, maker: ChecksumMaker) -> None:
        payload = request.signed.payload if request.signed is not None else _UNSIGNED
        self._decoder: ChunkDecoder | None = None
        self._sha256: tuple[str, hashlib._Hash] | None = None
        if payload in STREAMING_FORMS:
            assert request.signed is not None
            self._decoder = ChunkDecoder(request.signed)
        elif _HEX_SHA256.fullmatch(payload):
            self._sha256 = payload, hashlib.sha256()
        elif payload != _UNSIGNED:
            raise S3Error(
                "InvalidArgument", f"x-amz-content-sha256 is {payload[:60]!r}; it is no digest."
            )
        name = "content-length" if self._decoder is None else "x-amz-decoded-content-length"
        self.size = _length(request, name)
        self.md5 = _content_md5(request)
        self._received = 0
        self._maker = maker
        self._sums: dict[str, Checksum] = {}
        self._expected = _expected(request, maker)
        self._trailing = _trailing(request) if self._decoder is not None else set()
        for algorithm in {*self._expected, *self._trailing}:
            self._sums[algorithm] = maker.make(algorithm)

    def take(self, data: bytes, sink: Sink) -> None:
        """Give the payload of what arrived to `sink`; raises `S3Error`."""
        pieces = (memoryview(data),) if self._decoder is None else self._decoder.feed(data)
        for piece in pieces:
            self._received += len(piece)
            if self._received > self.size:
                raise S3Error("IncompleteBody", "The body is longer than its head says.")
            for checksum in self._sums.values():
                checksum.update(piece)
            if self._sha256 is not None:
                self._sha256[1].update(piece)
            sink(piece)

    def finish(self) -> dict[str, str]:
        """Return the checksums of the payload, in base64; raises `S3Error` where one is wrong."""
        expected = self._expected
        if self._decoder is not None:
            self._decoder.finish()
            expected = expected | self._trailers(self._decoder.trailers)
        if self._received != self.size:
            raise S3Error("IncompleteBody", "The body is shorter than its head says.")
        if self._sha256 is not None and self._sha256[1].hexdigest() != self._sha256[0]:
            raise S3Error("XAmzContentSHA256Mismatch", "The SHA-256 of what arrived is another.")
        for name, value in expected.items():
            if self._sums[name].digest() != value:
                raise S3Error("BadDigest", f"The {name} of what arrived is another; send it again.")
        return {
            name: base64.b64encode(checksum.digest()).decode()
            for name, checksum in self._sums.items()
        }

    def _trailers(self, trailers: Mapping[str, str]) -> dict[str, bytes]:
        found = {}
        for name in self._trailing:
            text = trailers.get(f"{HEADER_PREFIX}{name}")
            if text is None:
                raise S3Error("InvalidRequest", f"The trailer {HEADER_PREFIX}{name} is missing.")
            found[name] = expected_checksum(text, self._maker.sizes[name])
        return found


def _length(request: Request, name: str) -> int:
    text = request.header(name)
    if text is None:
        raise S3Error("MissingContentLength", f"The header {name} is missing.")
    if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) <= _SIZE_MAX):
        raise S3Error("InvalidArgument", f"The header {name} is {text[:40]!r} and no length.")
    return int(text)


def _content_md5(request: Request) -> bytes | None:
    text = request.header("content-md5")
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise S3Error("InvalidDigest", "Content-MD5 is not the base64 of 16 bytes.")
    return digest


def _expected(request: Request, maker: ChecksumMaker) -> dict[str, bytes]:
    """Return the checksums that stand in the head."""
    found = {}
    for name, size in maker.sizes.items():
        text = request.header(f"{HEADER_PREFIX}{name}")
        if text is not None:
            found[name] = expected_checksum(text, size)
    return found


def _trailing(request: Request) -> set[str]:
    """Return the checksums that the head says will follow the body."""
    names = (request.header("x-amz-trailer") or "").lower().replace(" ", "").split(",")
    return {name.removeprefix(HEADER_PREFIX) for name in names if name.startswith(HEADER_PREFIX)}


async def receive_into(request: Request, intake: Intake, sink: Sink, pool: Executor) -> None:
    """Receive a body; `sink` is called by one thread of `pool` at a time.

    Raises `S3Error`, and whatever `sink` raises. When it returns or raises, no thread is at work.
    """
    loop = asyncio.get_running_loop()
    running: asyncio.Future[None] | None = None

    def take(batch: Sequence[bytes]) -> None:
        for data in batch:
            intake.take(data, sink)

    batch: list[bytes] = []
    size, more = 0, True
    try:
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise S3Error("IncompleteBody", "The body was cut off.")
            more = message.get("more_body", False)
            batch.append(message["body"])
            size += len(message["body"])
            if size >= _BATCH_BYTES or not more:
                if running is not None:
                    await running
                running = loop.run_in_executor(pool, take, batch)
                batch, size = [], 0
        assert running is not None
        await running
    finally:
        if running is not None:
            await asyncio.wait((running,))
            running.exception()  # what ended the loop is told, and this is not


async def receive_document(request: Request, maker: ChecksumMaker, *, most: int) -> bytes:
    """Return a small body whole; raises `S3Error` where it is longer than `most` or damaged."""
    intake = Intake(request, maker)
    if intake.size > most:
        raise S3Error("MaxMessageLengthExceeded", f"The body is longer than {most} bytes.")
    data, more = bytearray(), True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise S3Error("IncompleteBody", "The body was cut off.")
        more = message.get("more_body", False)
        intake.take(message["body"], data.extend)
    intake.finish()
    if intake.md5 is not None and hashlib.md5(data, usedforsecurity=False).digest() != intake.md5:
        raise S3Error("BadDigest", "The MD5 of what arrived is another; send it again.")
    return bytes(data)
