"""The store's objects as the console lists and serves them.

The store is opened when the first object is asked for. Reading happens in threads of its own, so
that slow disks do not hold up the rest of the console, and keeps a few blocks for each stream.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import msgspec

from riostat.console.answers import refusal
from riostat.store.configuration import CONFIGURATION

if TYPE_CHECKING:
    from riostat.store.objects import ObjectVersion
    from riostat.store.store import Store

__all__ = ["BucketEntry", "ObjectEntry", "ObjectPage", "Shelf", "entry_of", "is_hidden"]

_CACHE_BYTES = 8 << 20
_THREADS = 4
_STREAMS = 16
_PIECE_BYTES = 64 << 10

Answer = TypeVar("Answer")
_Identity: TypeAlias = tuple[int, int, int]


class BucketEntry(msgspec.Struct, frozen=True):
    """One bucket."""

    name: str
    created_s: float


class ObjectEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One object; `modified_s` counts from 1970, UTC."""

    bucket: str
    key: str
    size: int
    etag: str
    content_type: str
    modified_s: float
    blocks: int


class ObjectPage(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of a bucket and the common beginnings of keys; more come after `next_after`."""

    bucket: str
    prefix: str
    objects: list[ObjectEntry]
    prefixes: list[str]
    next_after: str | None


class Shelf:
    """Lists and reads the objects of the store in a directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._store: Store | None = None
        self._identity: _Identity | None = None
        self._opening = asyncio.Lock()
        self._streams = 0
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="shelf")

    def exists(self) -> bool:
        """Tell whether there is a store."""
        return (self.root / CONFIGURATION).is_file()

    async def buckets(self) -> list[BucketEntry]:
        """Return the buckets, without those that the front ends keep for themselves."""
        store = await self._opened()
        found = await self._in_thread(store.buckets)
        return [BucketEntry(b.name, b.created_ns / 1e9) for b in found if not is_hidden(b.name)]

    async def page(self, bucket: str, *, prefix: str, after: str, limit: int) -> ObjectPage:
        """Return a page of a bucket; raises `StoreError`."""
        store = await self._opened()
        listing = await self._in_thread(
            lambda: store.list(bucket, prefix=prefix, delimiter="/", after=after, limit=limit)
        )
        return ObjectPage(
            bucket=bucket,
            prefix=prefix,
            objects=[entry_of(version) for version in listing.objects],
            prefixes=list(listing.prefixes),
            next_after=listing.next_after,
        )

    async def find(self, bucket: str, key: str) -> "ObjectVersion":
        """Return what a key holds now; raises `StoreError`."""
        store = await self._opened()
        return await self._in_thread(lambda: store.stat(bucket, key))

    async def bytes_of(
        self, version: "ObjectVersion", start: int, stop: int
    ) -> AsyncGenerator[bytes, None]:
        """Return the bytes of a range; raises `HTTPException` when too many are being read."""
        if self._streams >= _STREAMS:
            raise refusal(503, f"{_STREAMS} objects are being read, which is the most; wait.")
        store = await self._opened()
        return self._stream(store.read(version, start, stop))

    async def close(self) -> None:
        """Let go of the store."""
        store, self._store = self._store, None
        if store is not None:
            await self._in_thread(store.close)
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _stream(self, blocks: Iterator[memoryview]) -> AsyncGenerator[bytes, None]:
        self._streams += 1
        try:
            while (block := await self._in_thread(lambda: next(blocks, None))) is not None:
                for at in range(0, len(block), _PIECE_BYTES):
                    yield bytes(block[at : at + _PIECE_BYTES])
        finally:
            self._streams -= 1

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _opened(self) -> "Store":
        """Return the store, opened anew where another one has taken its place."""
        async with self._opening:
            identity = self._identity_now()
            if self._store is None or identity != self._identity:
                old, self._store = self._store, None
                if old is not None:
                    await self._in_thread(old.close)
                self._store = await self._in_thread(self._open)
                self._identity = identity
            return self._store

    def _open(self) -> "Store":
        from riostat.store.store import Store  # brings numpy, and most consoles read no object

        return Store.open(self.root, cache_bytes=_CACHE_BYTES)

    def _identity_now(self) -> _Identity | None:
        try:
            status = (self.root / CONFIGURATION).stat()
        except OSError:
            return None  # opening says it in a sentence
        return status.st_dev, status.st_ino, status.st_mtime_ns


def is_hidden(bucket: str) -> bool:
    """Tell whether a bucket is one that the front ends keep for themselves."""
    return bucket.startswith(".")


def entry_of(version: "ObjectVersion") -> ObjectEntry:
    """Return what is said of one object."""
    return ObjectEntry(
        bucket=version.bucket,
        key=version.key,
        size=version.size,
        etag=version.etag,
        content_type=version.content_type,
        modified_s=version.modified_ns / 1e9,
        blocks=version.blocks,
    )
