"""The ASGI application: a request is admitted, answered by who knows the operation, and counted.

Source of the operations: "Actions" in the Amazon S3 API Reference, with addresses in path style.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeAlias

from riostat.core.clock import Clock
from riostat.core.errors import StoreError
from riostat.core.text import printable
from riostat.store.s3.access import Access
from riostat.store.s3.answers import error_answer, error_of, send_answer
from riostat.store.s3.buckets import Buckets
from riostat.store.s3.checksums import ChecksumMaker
from riostat.store.s3.multipart import Multipart
from riostat.store.s3.reading import Reading
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Answer, Receive, Request, Scope, Send
from riostat.store.s3.signatures import Credentials
from riostat.store.s3.writing import Workers, Writing
from riostat.store.store import Store

__all__ = ["Frontend", "Traffic"]

_LOG: Final = logging.getLogger(__name__)

Handler: TypeAlias = Callable[[Request], Awaitable[Answer | None]]

# What S3 has and the store has not, by the name in the query.
_MISSING: Final = frozenset(
    {
        "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering",
        "inventory", "legal-hold", "lifecycle", "logging", "metrics", "notification", "object-lock",
        "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication",
        "requestPayment", "restore", "retention", "select", "tagging", "torrent", "versionId",
        "versions", "website",
    }
)  # fmt: skip
# The first of these that is in the query names the operation.
_NAMED: Final = ("uploadId", "uploads", "delete", "location", "versioning", "list-type")
_PREFLIGHT: Final = Answer(
    204,
    [
        (b"access-control-allow-origin", b"*"),
        (b"access-control-allow-methods", b"GET, HEAD"),
        (b"access-control-allow-headers", b"range, if-range, if-none-match, if-modified-since"),
        (b"access-control-max-age", b"86400"),
    ],
)


@dataclass(slots=True)
class Traffic:
    """What has passed since the start: requests, refused ones among them, and bytes."""

    requests: int = 0
    refused: int = 0
    under_way: int = 0


class Frontend:
    """The store as S3 and plain HTTP show it."""

    def __init__(
        self,
        store: Store,
        credentials: Credentials,
        *,
        public_buckets: AbstractSet[str],
        clock: Clock,
        kernels: Path,
    ) -> None:
        maker = ChecksumMaker(kernels)
        self.traffic = Traffic()
        self.workers = Workers()
        self.reading = Reading(store, clock)
        self.writing = Writing(store, self.workers, maker)
        self._access = Access(credentials, public_buckets=public_buckets, clock=clock)
        self.multipart = Multipart(store, self.workers, self.writing, maker)
        self._handlers = _handlers(Buckets(store, self.workers), self.writing, self.multipart)
        self._started = f"{clock.realtime_ns() // 1_000_000:011X}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        assert scope["type"] == "http", scope["type"]
        self.traffic.requests += 1
        self.traffic.under_way += 1
        try:
            await self._answer(scope, receive, send, f"{self._started}{self.traffic.requests:08X}")
        finally:
            self.traffic.under_way -= 1

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        try:
            request = Request(scope, receive, send)
        except S3Error as error:
            scope["raw_path"] = b"/"
            request = Request(scope, receive, send)
            await send_answer(error_answer(error, request, request_id), request, request_id)
            return
        try:
            answer = await self._handle(request, request_id)
        except StoreError as error:
            self.traffic.refused += 1
            if error_of(error).status == HTTPStatus.INTERNAL_SERVER_ERROR:
                _LOG.error("%s %s: %s", request.method, printable(request.head.path[:200]), error)
            if request.started:
                request.connection.cut()  # the head said how long the answer would be
            answer = None if request.started else error_answer(error_of(error), request, request_id)
        if answer is not None:
            await send_answer(answer, request, request_id)
        elif request.connection.gone:
            while (await receive())["type"] != "http.disconnect":
                pass  # uvicorn complains of an answer that is missing before it knows

    async def _handle(self, request: Request, request_id: str) -> Answer | None:
        if request.method == "OPTIONS":
            return _PREFLIGHT
        self._access.admit(request)
        if request.key and request.method in {"GET", "HEAD"} and not _names(request):
            return await self.reading.answer(request, request_id)
        handler = self._handlers.get(_operation(request))
        if handler is None:
            raise S3Error("MethodNotAllowed", f"{request.method} means nothing here.")
        return await handler(request)


def _names(request: Request) -> bool:
    """Tell whether the query names an operation other than the plain one."""
    given = request.parameters
    missing = _MISSING.intersection(given)
    if missing - {"versionId"} or given.get("versionId", "null") != "null":
        raise S3Error("NotImplemented", f"The store has no {', '.join(sorted(missing))}.")
    return any(name in given for name in _NAMED)


def _operation(request: Request) -> tuple[str, str, str]:
    """Return method, level, and what of the query or headers names the operation."""
    level = "object" if request.key else "bucket" if request.bucket else "service"
    name = ""
    if _names(request):
        name = next(name for name in _NAMED if name in request.parameters)
    if request.method == "PUT" and request.header("x-amz-copy-source") is not None:
        name += "copy"
    return request.method, level, name


def _handlers(
    buckets: Buckets, writing: Writing, multipart: Multipart
) -> Mapping[tuple[str, str, str], Handler]:
    return {
        ("GET", "service", ""): buckets.list_all,
        ("PUT", "bucket", ""): buckets.create,
        ("HEAD", "bucket", ""): buckets.head,
        ("DELETE", "bucket", ""): buckets.delete,
        ("GET", "bucket", ""): buckets.list,
        ("GET", "bucket", "list-type"): buckets.list_version_2,
        ("GET", "bucket", "location"): buckets.location,
        ("GET", "bucket", "versioning"): buckets.versioning,
        ("GET", "bucket", "uploads"): multipart.list_uploads,
        ("POST", "bucket", "delete"): writing.delete_many,
        ("PUT", "object", ""): writing.put,
        ("PUT", "object", "copy"): writing.copy,
        ("DELETE", "object", ""): writing.delete,
        ("POST", "object", "uploads"): multipart.create,
        ("PUT", "object", "uploadId"): multipart.put_part,
        ("PUT", "object", "uploadIdcopy"): multipart.copy_part,
        ("POST", "object", "uploadId"): multipart.complete,
        ("DELETE", "object", "uploadId"): multipart.abort,
        ("GET", "object", "uploadId"): multipart.list_parts,
    }
