"""PUT, copy and DELETE of objects: nothing is visible before all of it has arrived and is right."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from riostat.core.errors import StoreError
from riostat.store.http.preconditions import Outcome, evaluate
from riostat.store.http.ranges import ByteRange
from riostat.store.objects import ObjectVersion
from riostat.store.s3.answers import error_of, xml_answer
from riostat.store.s3.checksums import HEADER_PREFIX, ChecksumMaker
from riostat.store.s3.documents import (
    DOCUMENT_BYTES_MAX,
    Node,
    document,
    iso_time,
    read_deletion,
)
from riostat.store.s3.gates import Gate
from riostat.store.s3.intake import Intake, receive_document, receive_into
from riostat.store.s3.names import checked_bucket, checked_key
from riostat.store.s3.objectheaders import ObjectHeaders, etag_condition, object_headers
from riostat.store.s3.percent import decoded_text
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Answer, Request
from riostat.store.store import Store
from riostat.store.upload import Upload

__all__ = ["Workers", "Writing", "answer_slowly", "copy_into", "copy_result", "copy_source"]

_UPLOADS: Final = 32
_OTHERS: Final = 8
_WAITING: Final = 1024
_SLOW_S: Final = 5.0

Result = TypeVar("Result")


class Workers:
    """Threads for what blocks: so many for uploads, and others so that nothing else waits for them.

    Uploads that find no thread wait, and beyond `_WAITING` are told to come again.
    """

    def __init__(self) -> None:
        self.uploads = ThreadPoolExecutor(_UPLOADS, "store-upload")
        self.uploading = Gate(places=_UPLOADS, waiting=_WAITING)
        self._others = ThreadPoolExecutor(_OTHERS, "store-request")
        self._asking = Gate(places=_OTHERS, waiting=_WAITING)

    async def ask(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call something that blocks for a short while."""
        async with self._asking:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._others, function, *arguments)

    async def move(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call something that moves the content of an upload, within its place."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.uploads, function, *arguments)

    def close(self) -> None:
        """Wait for what is under way, and end the threads."""
        self.uploads.shutdown()
        self._others.shutdown()


class Writing:
    """Answers what changes objects."""

    def __init__(self, store: Store, workers: Workers, maker: ChecksumMaker) -> None:
        self.received_bytes = 0
        self._store = store
        self._workers = workers
        self._maker = maker

    async def put(self, request: Request) -> Answer:
        """Store the body of a request as an object."""
        checked_bucket(request.bucket)
        checked_key(request.key)
        version, sums = await self.store_body(request, request.bucket, request.key)
        return Answer(200, [(b"etag", f'"{version.etag}"'.encode()), *_sum_headers(sums)])

    async def store_body(
        self, request: Request, bucket: str, key: str, headers: ObjectHeaders | None = None
    ) -> tuple[ObjectVersion, dict[str, str]]:
        """Store a body under a key; return the version and the checksums that were asked for."""
        kept = headers or object_headers(request)
        intake = Intake(request, self._maker)
        async with self._workers.uploading:
            metadata = dict(kept.metadata)
            upload: Upload = await self._workers.move(
                lambda: self._store.put(
                    bucket, key, content_type=kept.content_type, metadata=metadata
                )
            )
            try:
                await receive_into(request, intake, upload.write, self._workers.uploads)
                sums = intake.finish()
                version = await self._workers.move(
                    lambda: upload.commit(
                        size=intake.size,
                        md5=intake.md5,
                        more_metadata=_named(sums),
                        if_match=etag_condition(request, "if-match"),
                        if_none_match=etag_condition(request, "if-none-match"),
                    )
                )
            except BaseException:
                await self._workers.move(upload.abort)
                raise
        self.received_bytes += version.size
        return version, sums

    async def copy(self, request: Request) -> Answer | None:
        """Copy an object, with its metadata or with that of the request."""
        checked_bucket(request.bucket)
        checked_key(request.key)
        source = await self._workers.ask(copy_source, self._store, request)
        directive = (request.header("x-amz-metadata-directive") or "COPY").upper()
        if directive not in {"COPY", "REPLACE"}:
            raise S3Error("InvalidArgument", "x-amz-metadata-directive is COPY or REPLACE.")
        given = object_headers(request)
        sums = {k: v for k, v in source.metadata.items() if k.startswith(HEADER_PREFIX)}
        if directive == "REPLACE":
            kept = ObjectHeaders(given.content_type, given.metadata | sums)
        else:
            kept = ObjectHeaders(source.content_type, dict(source.metadata))

        def work() -> list[Node]:
            upload = self._store.put(
                request.bucket, request.key, content_type=kept.content_type, metadata=kept.metadata
            )
            with upload:
                copy_into(self._store, source, ByteRange(0, source.size), upload)
                version = upload.commit(etag=source.etag)
            return copy_result(version)

        return await answer_slowly(request, self._workers, "CopyObjectResult", work)

    async def delete(self, request: Request) -> Answer:
        """Delete an object; one that is not there is as good as deleted."""
        await self._workers.ask(
            self._store.delete, checked_bucket(request.bucket), checked_key(request.key)
        )
        return Answer(204)

    async def delete_many(self, request: Request) -> Answer:
        """Delete the objects that a document names."""
        checked_bucket(request.bucket)
        data = await receive_document(request, self._maker, most=DOCUMENT_BYTES_MAX)
        deletion = read_deletion(data)
        keys = [checked_key(key) for key in deletion.keys]
        await self._workers.ask(self._store.delete_many, request.bucket, keys)
        deleted: list[Node] = [("Deleted", (("Key", key),)) for key in deletion.keys]
        return xml_answer("DeleteResult", [] if deletion.quiet else deleted)


def _named(sums: dict[str, str]) -> dict[str, str]:
    return {f"{HEADER_PREFIX}{name}": value for name, value in sums.items()}


def _sum_headers(sums: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in _named(sums).items()]


def copy_source(store: Store, request: Request) -> ObjectVersion:
    """Return the version that x-amz-copy-source names, where its conditions hold."""
    text = request.header("x-amz-copy-source") or ""
    path, _, query = text.removeprefix("/").partition("?")
    bucket, _, key = decoded_text(path.encode("latin-1")).partition("/")
    if not key or query not in {"", "versionId=null"}:
        raise S3Error("InvalidArgument", "x-amz-copy-source is BUCKET/KEY, without a version.")
    version = store.stat(checked_bucket(bucket), checked_key(key))
    outcome = evaluate(
        lambda name: request.header(f"x-amz-copy-source-{name}"),
        etag=version.etag,
        modified_ns=version.modified_ns,
    )
    if outcome is not Outcome.PROCEED:
        raise S3Error("PreconditionFailed", "The source is not as the request says.")
    return version


def copy_into(store: Store, source: ObjectVersion, span: ByteRange, upload: Upload) -> None:
    """Write a span of an object into an upload."""
    for piece in store.read(source, span.start, span.stop):
        upload.write(piece)


def copy_result(version: ObjectVersion) -> list[Node]:
    """Return what the answer to a copy says."""
    return [("LastModified", iso_time(version.modified_ns)), ("ETag", f'"{version.etag}"')]


async def answer_slowly(
    request: Request, workers: Workers, name: str, work: Callable[[], list[Node]]
) -> Answer | None:
    """Do work that may take minutes, within the place of an upload.

    As S3 does, an answer that is not there after some seconds begins with 200 and white space, so
    that the client keeps waiting; what came of the work then stands in the document alone.
    """
    async with workers.uploading:
        task = asyncio.ensure_future(workers.move(work))
        done, _ = await asyncio.wait((task,), timeout=_SLOW_S)
        if done:
            return xml_answer(name, task.result())
        headers = [(b"content-type", b"application/xml")]
        await request.send({"type": "http.response.start", "status": 200, "headers": headers})
        head = b'<?xml version="1.0" encoding="UTF-8"?>\n'
        await request.send({"type": "http.response.body", "body": head, "more_body": True})
        while not done:
            await request.send({"type": "http.response.body", "body": b" ", "more_body": True})
            done, _ = await asyncio.wait((task,), timeout=_SLOW_S)
        body = _late_document(name, task).removeprefix(head)
        await request.send({"type": "http.response.body", "body": body})
        return None


def _late_document(name: str, task: asyncio.Future[list[Node]]) -> bytes:
    """Return the document of work that has ended, after the 200 that it ended well or not."""
    try:
        return document(name, task.result())
    except StoreError as error:
        failed = error_of(error)
        return document("Error", [("Code", failed.code), ("Message", str(failed))], namespace=False)
