"""Buckets: made, removed, listed, and what is in them, page by page."""

from collections.abc import Callable

from riostat.store.objects import Listing, ObjectVersion
from riostat.store.s3.answers import xml_answer
from riostat.store.s3.documents import Node, iso_time
from riostat.store.s3.names import checked_bucket
from riostat.store.s3.percent import encoded
from riostat.store.s3.refusals import S3Error
from riostat.store.s3.request import Answer, Request
from riostat.store.s3.writing import Workers
from riostat.store.store import Store

__all__ = ["Buckets"]

_PAGE_MAX = 1000
_OWNER: Node = ("Owner", (("ID", "riostat"), ("DisplayName", "riostat")))

_Encode = Callable[[str], str]


class Buckets:
    """Answers requests for buckets and for the service."""

    def __init__(self, store: Store, workers: Workers) -> None:
        self._store = store
        self._workers = workers

    async def list_all(self, _request: Request) -> Answer:
        """List the buckets, without those that are the store's own."""
        found = await self._workers.ask(self._store.buckets)
        buckets: list[Node] = [
            ("Bucket", (("Name", bucket.name), ("CreationDate", iso_time(bucket.created_ns))))
            for bucket in found
            if not bucket.name.startswith(".")
        ]
        return xml_answer("ListAllMyBucketsResult", [_OWNER, ("Buckets", buckets)])

    async def create(self, request: Request) -> Answer:
        """Make a bucket."""
        name = checked_bucket(request.bucket)
        await self._workers.ask(self._store.create_bucket, name)
        return Answer(200, [(b"location", f"/{name}".encode())])

    async def head(self, request: Request) -> Answer:
        """Say whether there is a bucket."""
        await self._workers.ask(self._store.bucket, checked_bucket(request.bucket))
        return Answer(200, [(b"x-amz-bucket-region", b"us-east-1")])

    async def delete(self, request: Request) -> Answer:
        """Remove a bucket that is empty."""
        await self._workers.ask(self._store.delete_bucket, checked_bucket(request.bucket))
        return Answer(204)

    async def location(self, request: Request) -> Answer:
        """Say where a bucket is: in the region that clients take for granted."""
        await self.head(request)
        return xml_answer("LocationConstraint", [])

    async def versioning(self, request: Request) -> Answer:
        """Say that a bucket keeps one version of each object."""
        await self.head(request)
        return xml_answer("VersioningConfiguration", [])

    async def list(self, request: Request) -> Answer:
        """List objects (ListObjects, version 1)."""
        given = request.parameters
        page = await self._page(request, after=given.get("marker", ""))
        encode = _encoding(request)
        children = _head(request, encode)
        children += [("Marker", encode(given.get("marker", ""))), *_contents(page, encode)]
        if page.next_after is not None:
            children.append(("NextMarker", encode(page.next_after)))
        return xml_answer("ListBucketResult", children)

    async def list_version_2(self, request: Request) -> Answer:
        """List objects (version 2); the continuation token is the key to go on after, in hex."""
        given = request.parameters
        token = given.get("continuation-token")
        after = given.get("start-after", "") if token is None else _key_of(token)
        page = await self._page(request, after=after)
        encode = _encoding(request)
        children = _head(request, encode)
        children.append(("KeyCount", len(page.objects) + len(page.prefixes)))
        if token is not None:
            children.append(("ContinuationToken", token))
        elif after:
            children.append(("StartAfter", encode(after)))
        children += _contents(page, encode)
        if page.next_after is not None:
            children.append(("NextContinuationToken", page.next_after.encode().hex()))
        return xml_answer("ListBucketResult", children)

    async def _page(self, request: Request, *, after: str) -> Listing:
        given = request.parameters
        bucket = checked_bucket(request.bucket)
        limit = request.number("max-keys", _PAGE_MAX, most=_PAGE_MAX)
        await self._workers.ask(self._store.bucket, bucket)
        if limit == 0:
            return Listing((), (), None)
        return await self._workers.ask(
            lambda: self._store.list(
                bucket,
                prefix=given.get("prefix", ""),
                delimiter=given.get("delimiter", ""),
                after=after,
                limit=limit,
            )
        )


def _key_of(token: str) -> str:
    try:
        return bytes.fromhex(token).decode()
    except ValueError as error:
        raise S3Error("InvalidArgument", "The continuation token is none of ours.") from error


def _encoding(request: Request) -> _Encode:
    given = request.parameters.get("encoding-type")
    if given is None:
        return str
    if given != "url":
        raise S3Error("InvalidArgument", "encoding-type can only be url.")
    return lambda text: encoded(text.encode()).replace("%2F", "/")


def _head(request: Request, encode: _Encode) -> list[Node]:
    given = request.parameters
    children: list[Node] = [
        ("Name", request.bucket),
        ("Prefix", encode(given.get("prefix", ""))),
        ("MaxKeys", request.number("max-keys", _PAGE_MAX, most=_PAGE_MAX)),
    ]
    if "delimiter" in given:
        children.append(("Delimiter", encode(given["delimiter"])))
    if "encoding-type" in given:
        children.append(("EncodingType", given["encoding-type"]))
    return children


def _contents(page: Listing, encode: _Encode) -> list[Node]:
    objects: list[Node] = [("Contents", _entry(version, encode)) for version in page.objects]
    prefixes: list[Node] = [
        ("CommonPrefixes", (("Prefix", encode(prefix)),)) for prefix in page.prefixes
    ]
    return [("IsTruncated", page.truncated), *objects, *prefixes]


def _entry(version: ObjectVersion, encode: _Encode) -> list[Node]:
    return [
        ("Key", encode(version.key)),
        ("LastModified", iso_time(version.modified_ns)),
        ("ETag", f'"{version.etag}"'),
        ("Size", version.size),
        ("StorageClass", "STANDARD"),
    ]
