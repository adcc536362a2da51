"""Uploads in parts that are neither completed nor aborted, and how long they are kept.

What has arrived lies in a bucket that no client can name: ``ID/upload``, the head, holds what the
first request said, ``ID/part-00001`` a part. The head is written first and removed first, so parts
without one are what a process left that ended while it removed an upload.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final

from riostat.core.errors import BucketExistsError, BucketNotFoundError, ObjectNotFoundError
from riostat.store.objects import ObjectVersion
from riostat.store.store import Store

__all__ = ["UPLOADS", "UPLOAD_KEPT_NS", "PendingUploads"]

UPLOADS: Final = ".uploads"
UPLOAD_KEPT_NS: Final = 7 * 24 * 3600 * 1_000_000_000
"""How long an upload is kept after its last part, as by AbortIncompleteMultipartUpload of S3."""

_HEAD: Final = "upload"
_PAGE: Final = 1000


class PendingUploads:
    """The uploads in parts of a store, named by their identities."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._in_use: list[str] = []

    def begin(
        self, identity: str, bucket: str, key: str, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        """Write the head of a new upload; raises `BucketNotFoundError`."""
        self._store.bucket(bucket)
        if not any(found.name == UPLOADS for found in self._store.buckets()):
            with suppress(BucketExistsError):  # another request was first
                self._store.create_bucket(UPLOADS)
        kept = {"bucket": bucket, "key": key, "metadata": json.dumps(dict(metadata))}
        name = f"{identity}/{_HEAD}"
        with self._store.put(UPLOADS, name, content_type=content_type, metadata=kept) as upload:
            upload.commit()

    def head(self, identity: str) -> ObjectVersion | None:
        """Return the head of an upload, None where there is no such upload."""
        try:
            return self._store.stat(UPLOADS, f"{identity}/{_HEAD}")
        except (BucketNotFoundError, ObjectNotFoundError):
            return None

    def heads(self, bucket: str, prefix: str) -> Iterator[ObjectVersion]:
        """Yield the heads of all uploads to keys of a bucket, in the order of their identities."""
        for identity in self._identities():
            head = self.head(identity)
            if (
                head is not None
                and head.metadata["bucket"] == bucket
                and head.metadata["key"].startswith(prefix)
            ):
                yield head

    def remove(self, identity: str) -> None:
        """Remove an upload: first its head, so that no part can come any more."""
        self._store.delete(UPLOADS, f"{identity}/{_HEAD}")
        while True:
            listing = self._store.list(UPLOADS, prefix=f"{identity}/", limit=_PAGE)
            if not listing.objects:
                return
            self._store.delete_many(UPLOADS, [part.key for part in listing.objects])

    @contextmanager
    def in_use(self, identity: str) -> Iterator[None]:
        """Keep an upload from being taken for abandoned, as while its parts are put together."""
        self._in_use.append(identity)
        try:
            yield
        finally:
            self._in_use.remove(identity)

    def abandoned(self, now_ns: int) -> list[str]:
        """Return the uploads whose time is over at `now_ns` (CLOCK_REALTIME), or without a head."""
        oldest_ns = now_ns - UPLOAD_KEPT_NS
        return [
            identity
            for identity in self._identities()
            if identity not in self._in_use
            and (self.head(identity) is None or not self._is_younger(identity, oldest_ns))
        ]

    def _is_younger(self, identity: str, oldest_ns: int) -> bool:
        """Tell whether an upload was begun, or got a part, after a moment."""
        after: str | None = ""
        while after is not None:
            page = self._store.list(UPLOADS, prefix=f"{identity}/", after=after, limit=_PAGE)
            if any(version.modified_ns > oldest_ns for version in page.objects):
                return True
            after = page.next_after
        return False

    def _identities(self) -> Iterator[str]:
        after: str | None = ""
        while after is not None:
            try:
                page = self._store.list(UPLOADS, delimiter="/", after=after, limit=_PAGE)
            except BucketNotFoundError:
                return  # nobody has uploaded in parts yet
            yield from (prefix.removesuffix("/") for prefix in page.prefixes)
            after = page.next_after
