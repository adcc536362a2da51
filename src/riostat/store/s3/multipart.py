"""Uploads in parts, for objects larger than a client wants to send at once.

What has arrived lies in a bucket that no client can name (see `pendinguploads`). So an upload
outlives the server as any object does, and of the object itself nothing is to be seen before the
parts have been put together into it: until that is committed the old one, or none, is there.
Putting together reads and writes every byte once more.
"""

import hashlib
import heapq
import json
import re
import secrets
from collections.abc import Sequence
from typing import Final

from riostat.core.clock import Clock
from riostat.core.errors import ObjectNotFoundError
from riostat.store.http.ranges import ByteRange, UnsatisfiableRangeError, requested_range
from riostat.store.objects import ObjectVersion
from riostat.store.s3.answers import xml_answer
from riostat.store.s3.checksums import HEADER_PREFIX, ChecksumMaker
from riostat.store.s3.documents import (
    DOCUMENT_BYTES_MAX,
    PARTS_MAX,
    CompletedPart,
    Node,
    iso_time,
    read_completion,
)
from riostat.store.s3.intake import receive_document
from riostat.store.s3.names import checked_bucket, checked_key
from riostat.store.s3.objectheaders import ObjectHeaders, etag_condition, object_headers
from riostat.store.s3.pendinguploads import UPLOADS, PendingUploads
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Answer, Request
from riostat.store.s3.writing import (
    Workers,
    Writing,
    answer_slowly,
    copy_into,
    copy_result,
    copy_source,
)
from riostat.store.store import Store

__all__ = ["PART_BYTES_MIN", "Multipart"]

PART_BYTES_MIN: Final = 5 << 20
"""The least that any part but the last may have, as in S3."""

_PAGE_MAX: Final = 1000
_ID = re.compile(r"[0-9a-f]{32}")
_LAST_IDENTITY = "g"  # behind every one
_PART_TYPE = "application/x-riostat-part"


class Multipart:
    """Answers requests for uploads in parts."""

    def __init__(
        self, store: Store, workers: Workers, writing: Writing, maker: ChecksumMaker
    ) -> None:
        self._store = store
        self._workers = workers
        self._writing = writing
        self._maker = maker
        self._pending = PendingUploads(store)

    async def create(self, request: Request) -> Answer:
        """Begin an upload."""
        bucket, key = checked_bucket(request.bucket), checked_key(request.key)
        kept = object_headers(request)
        identity = secrets.token_hex(16)

        await self._workers.ask(
            self._pending.begin, identity, bucket, key, kept.content_type, kept.metadata
        )
        children: list[Node] = [("Bucket", bucket), ("Key", key), ("UploadId", identity)]
        return xml_answer("InitiateMultipartUploadResult", children)

    async def put_part(self, request: Request) -> Answer:
        """Store a part; one of the same number takes the place of an earlier one."""
        name = await self._part_name(request)
        headers = ObjectHeaders(_PART_TYPE, {})
        version, sums = await self._writing.store_body(request, UPLOADS, name, headers)
        await self._keep_whole(request, name)
        found = [(f"{HEADER_PREFIX}{k}".encode(), v.encode()) for k, v in sums.items()]
        return Answer(200, [(b"etag", f'"{version.etag}"'.encode()), *found])

    async def copy_part(self, request: Request) -> Answer | None:
        """Store a part that is a span of another object."""
        name = await self._part_name(request)
        source = await self._workers.ask(copy_source, self._store, request)
        span = _source_span(request, source)

        def work() -> list[Node]:
            with self._store.put(UPLOADS, name, content_type=_PART_TYPE) as upload:
                copy_into(self._store, source, span, upload)
                return copy_result(upload.commit())

        answer = await answer_slowly(request, self._workers, "CopyPartResult", work)
        await self._keep_whole(request, name)
        return answer

    async def complete(self, request: Request) -> Answer | None:
        """Put the parts together; nothing of the object is visible before that is done."""
        identity = await self._open_upload(request)
        data = await receive_document(request, self._maker, most=DOCUMENT_BYTES_MAX)
        parts = read_completion(data)

        def work() -> list[Node]:
            with self._pending.in_use(identity):
                version = self._put_together(request, identity, parts)
                self._pending.remove(identity)
            return [
                ("Location", f"/{version.bucket}/{version.key}"),
                ("Bucket", version.bucket),
                ("Key", version.key),
                ("ETag", f'"{version.etag}"'),
            ]

        name = "CompleteMultipartUploadResult"
        return await answer_slowly(request, self._workers, name, work)

    def _put_together(
        self, request: Request, identity: str, parts: Sequence[CompletedPart]
    ) -> ObjectVersion:
        head = self._pending.head(identity)
        if head is None:
            raise _no_such_upload()
        found = self._chosen(identity, parts)
        with self._store.put(
            request.bucket,
            request.key,
            content_type=head.content_type,
            metadata=json.loads(head.metadata["metadata"]),
        ) as upload:
            for part in found:
                copy_into(self._store, part, ByteRange(0, part.size), upload)
            return upload.commit(
                etag=_combined_etag(found),
                if_match=etag_condition(request, "if-match"),
                if_none_match=etag_condition(request, "if-none-match"),
            )

    async def abort(self, request: Request) -> Answer:
        """Forget an upload and its parts."""
        identity = await self._open_upload(request)
        await self._workers.ask(self._pending.remove, identity)
        return Answer(204)

    async def list_parts(self, request: Request) -> Answer:
        """List the parts that have arrived."""
        identity = await self._open_upload(request)
        marker = request.number("part-number-marker", 0, most=PARTS_MAX)
        limit = request.number("max-parts", _PAGE_MAX, most=_PAGE_MAX)
        prefix = f"{identity}/part-"
        listing = await self._workers.ask(
            lambda: self._store.list(
                UPLOADS, prefix=prefix, after=f"{prefix}{marker:05d}", limit=max(limit, 1)
            )
        )
        parts = [_part_node(part) for part in listing.objects]
        last = _number(listing.objects[-1]) if parts else 0
        children: list[Node] = [
            ("Bucket", request.bucket),
            ("Key", request.key),
            ("UploadId", identity),
            ("PartNumberMarker", marker),
            ("NextPartNumberMarker", last),
            ("MaxParts", limit),
            ("IsTruncated", listing.truncated),
        ]
        return xml_answer("ListPartsResult", [*children, *parts])

    async def list_uploads(self, request: Request) -> Answer:
        """List the uploads of a bucket that are neither completed nor aborted, by key."""
        bucket = checked_bucket(request.bucket)
        prefix = request.parameters.get("prefix", "")
        marker = request.parameters.get("key-marker", "")
        identity_marker = request.parameters.get("upload-id-marker", "") if marker else ""
        limit = request.number("max-uploads", _PAGE_MAX, most=_PAGE_MAX)

        def work() -> list[ObjectVersion]:
            self._store.bucket(bucket)
            after = (marker, identity_marker or _LAST_IDENTITY) if marker else ("", "")
            behind = (h for h in self._pending.heads(bucket, prefix) if _place(h) > after)
            return heapq.nsmallest(limit + 1, behind, key=_place)

        found = await self._workers.ask(work)
        shown, truncated = found[:limit], 0 < limit < len(found)
        children: list[Node] = [
            ("Bucket", bucket),
            ("Prefix", prefix),
            ("KeyMarker", marker),
            ("UploadIdMarker", identity_marker),
            ("MaxUploads", limit),
            ("IsTruncated", truncated),
        ]
        if truncated:
            key, identity = _place(shown[-1])
            children += [("NextKeyMarker", key), ("NextUploadIdMarker", identity)]
        return xml_answer("ListMultipartUploadsResult", [*children, *map(_upload_node, shown)])

    async def remove_abandoned(self, clock: Clock) -> int:
        """Remove the uploads that nobody has gone on with for too long; return how many."""
        found = await self._workers.ask(self._pending.abandoned, clock.realtime_ns())
        for identity in found:
            await self._workers.ask(self._pending.remove, identity)
        return len(found)

    async def _open_upload(self, request: Request) -> str:
        """Return the identity of the upload that a request names; it must be for its object."""
        checked_bucket(request.bucket)
        identity = request.parameters.get("uploadId", "")
        if _ID.fullmatch(identity):
            head = await self._workers.ask(self._pending.head, identity)
            if head is not None and (head.metadata["bucket"], head.metadata["key"]) == (
                request.bucket,
                request.key,
            ):
                return identity
        raise _no_such_upload()

    async def _part_name(self, request: Request) -> str:
        number = request.number("partNumber", 0, most=PARTS_MAX + 1)
        if not 1 <= number <= PARTS_MAX:
            raise S3Error("InvalidArgument", f"partNumber is a number from 1 to {PARTS_MAX}.")
        identity = await self._open_upload(request)
        return f"{identity}/part-{number:05d}"

    async def _keep_whole(self, request: Request, name: str) -> None:
        """Remove a part again whose upload was aborted while it came."""
        try:
            await self._open_upload(request)
        except S3Error:
            await self._workers.ask(self._store.delete, UPLOADS, name)
            raise

    def _chosen(self, identity: str, parts: Sequence[CompletedPart]) -> list[ObjectVersion]:
        """Return the parts that a client chose, where they are as it believes."""
        numbers = [part.number for part in parts]
        if numbers != sorted(set(numbers)):
            raise S3Error("InvalidPartOrder", "The parts are not in the order of their numbers.")
        found = []
        for part in parts:
            try:
                version = self._store.stat(UPLOADS, f"{identity}/part-{part.number:05d}")
            except ObjectNotFoundError:
                version = None
            if version is None or version.etag != part.etag or not _sums_fit(version, part):
                raise S3Error("InvalidPart", f"Part {part.number} is missing or another.")
            found.append(version)
        if any(version.size < PART_BYTES_MIN for version in found[:-1]):
            raise S3Error("EntityTooSmall", f"A part has fewer than {PART_BYTES_MIN} bytes.")
        return found


def _no_such_upload() -> S3Error:
    return S3Error(
        "NoSuchUpload", "There is no such upload; it was completed, aborted, or given up for lost."
    )


def _sums_fit(version: ObjectVersion, part: CompletedPart) -> bool:
    """Tell whether no checksum that a client names is another than that of the part."""
    stored = version.metadata
    return all(
        stored.get(f"{HEADER_PREFIX}{name}", value) == value
        for name, value in part.checksums.items()
    )


def _combined_etag(parts: Sequence[ObjectVersion]) -> str:
    """Return the ETag that S3 gives an object of parts: the MD5 of their MD5s, and their number."""
    digest = hashlib.md5(usedforsecurity=False)
    for part in parts:
        digest.update(bytes.fromhex(part.etag))
    return f"{digest.hexdigest()}-{len(parts)}"


def _number(part: ObjectVersion) -> int:
    return int(part.key.rpartition("-")[2])


def _place(head: ObjectVersion) -> tuple[str, str]:
    """Return what uploads are listed by: the key, and the identity."""
    return head.metadata["key"], head.key.partition("/")[0]


def _upload_node(head: ObjectVersion) -> Node:
    key, identity = _place(head)
    return (
        "Upload",
        (
            ("Key", key),
            ("UploadId", identity),
            ("Initiated", iso_time(head.modified_ns)),
            ("StorageClass", "STANDARD"),
        ),
    )


def _part_node(part: ObjectVersion) -> Node:
    return (
        "Part",
        (
            ("PartNumber", _number(part)),
            ("LastModified", iso_time(part.modified_ns)),
            ("ETag", f'"{part.etag}"'),
            ("Size", part.size),
        ),
    )


def _source_span(request: Request, source: ObjectVersion) -> ByteRange:
    header = request.header("x-amz-copy-source-range")
    if header is None:
        return ByteRange(0, source.size)
    try:
        span = requested_range(header, source.size)
    except UnsatisfiableRangeError:
        span = None
    if span is None:
        raise S3Error("InvalidArgument", "x-amz-copy-source-range is not bytes=FIRST-LAST of it.")
    return span
