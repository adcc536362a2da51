"""Writing an object: nothing of it is visible before `commit`, and all of it afterwards.

The order is: the blocks, a sync of each disk that got one; a durable note of where the manifest
will be; the manifest on two disks and a sync of both; the commit of the metadata. Only then is it
acknowledged.
"""

import hashlib
import secrets
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from types import TracebackType
from typing import TYPE_CHECKING, Self

from riostat.core.clock import Clock
from riostat.core.errors import DigestMismatchError, StoreFullError
from riostat.store.buffers import aligned_buffer
from riostat.store.catalogue import Catalogue, Conditions, Layouts
from riostat.store.diskset import DiskSet
from riostat.store.layouts import COPIES, Layout, Place
from riostat.store.manifests import MANIFEST_BYTES, Manifest, encode_manifest
from riostat.store.objects import ObjectVersion, check_tags
from riostat.store.removal import Removals
from riostat.store.reservations import Reservations
from riostat.store.slots import SlotKind

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Upload", "WritePath"]

_WINDOW = 8
"""Blocks of one upload that are on their way to the disks; more wait in `write`."""
_BATCH = 32
"""Most blocks for which slots are reserved at once."""
_MANIFEST_INDEX = (1 << 64) - 1
"""The index by which the disks of a manifest are drawn."""


@dataclass(frozen=True, slots=True)
class WritePath:
    """What an upload works with."""

    disks: DiskSet
    reservations: Reservations
    catalogue: Catalogue
    removals: Removals
    clock: Clock
    copies: int


class Upload:
    """One object on its way in; calls come from one thread at a time, `abort` from any."""

    def __init__(
        self,
        path: WritePath,
        bucket: str,
        key: str,
        *,
        content_type: str,
        metadata: Mapping[str, str],
    ) -> None:
        self.bucket = bucket
        self.key = key
        self.size = 0
        self._content_type = content_type
        self._metadata = dict(metadata)
        self._path = path
        self._version = secrets.token_hex(16)
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._layout = Layout()
        self._reserved: deque[tuple[Place, ...]] = deque()
        self._buffer = aligned_buffer(path.disks.block_bytes)
        self._filled = 0
        self._spare: list[memoryview] = []
        self._flying: deque[tuple[memoryview, list[Future[None]]]] = deque()
        self._ended = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes; waits where the disks are slower. Raises `StoreFullError` or `DiskError`."""
        assert not self._ended, "the upload has ended"
        view = memoryview(data).cast("B")
        self._md5.update(view)
        self.size += len(view)
        while view:
            if self._filled == len(self._buffer):
                self._flush()
            piece = view[: len(self._buffer) - self._filled]
            self._buffer[self._filled : self._filled + len(piece)] = piece
            self._filled += len(piece)
            view = view[len(piece) :]

    def commit(
        self,
        *,
        size: int | None = None,
        md5: bytes | None = None,
        etag: str | None = None,
        more_metadata: Mapping[str, str] | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> ObjectVersion:
        """Make the object visible and return when it is safe.

        `size` and `md5` (the raw digest) are what the sender says that it sent; `etag` takes the
        place of the MD5, and `more_metadata` joins what was given at the start. Raises
        `DigestMismatchError`, `PreconditionError`, `BucketNotFoundError`, `StoreFullError` or
        `DiskError`, and then nothing stays.
        """
        assert not self._ended, "the upload has ended"
        self._metadata |= more_metadata or {}
        conditions = Conditions(if_match, if_none_match)
        try:
            check_tags(self._content_type, self._metadata)
            self._check(size, md5)
            self._path.catalogue.check(self.bucket, self.key, conditions)
            version = self._store(etag or self._md5.hexdigest(), conditions)
        except BaseException:
            self.abort()
            raise
        self._ended = True
        self._path.removals.carry_out()
        return version

    def abort(self) -> None:
        """Drop what was written; after `commit` or a first `abort` it does nothing."""
        if self._ended:
            return
        self._ended = True
        for _, writes in self._flying:
            for write in writes:
                write.exception()
        self._flying.clear()
        self._path.reservations.release(self._version)
        self._path.removals.carry_out()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.abort()

    def _check(self, size: int | None, md5: bytes | None) -> None:
        for name, said, found in (
            ("size", size, self.size),
            ("MD5", md5, self._md5.digest()),
        ):
            if said is not None and said != found:
                shown = found.hex() if isinstance(found, bytes) else found
                raise DigestMismatchError(
                    f"The {name} of what arrived is {shown} and not what its sender said; "
                    "send it again."
                )

    def _store(self, etag: str, conditions: Conditions) -> ObjectVersion:
        disks = self._path.disks
        inline = not len(self._layout) and self.size <= disks.block_bytes - MANIFEST_BYTES
        if self._filled and not inline:
            self._flush()
        self._land(0)
        self._sync({place.disk for place in self._layout.all_places()})
        manifest_layout = Layout()
        places = self._manifest_places()
        manifest_layout.append(places)
        sequence = self._path.reservations.declare(self._version, manifest_layout, self._path.clock)
        manifest = Manifest(
            bucket=self.bucket,
            key=self.key,
            version=self._version,
            sequence=sequence,
            size=self.size,
            etag=etag,
            content_type=self._content_type,
            metadata=self._metadata,
            modified_ns=self._path.clock.realtime_ns(),
            inline=inline,
        )
        head = encode_manifest(manifest)
        content = bytes(self._buffer[: self._filled]) if inline else b""
        payload = aligned_buffer(len(head) + len(content))
        payload[: len(head) + len(content)] = head + content
        self._write(payload, len(head) + len(content), places, SlotKind.MANIFEST, 0)
        self._land(0)
        self._sync({place.disk for place in places})
        version = ObjectVersion(
            bucket=self.bucket,
            key=self.key,
            version=self._version,
            size=self.size,
            etag=etag,
            content_type=self._content_type,
            metadata=self._metadata,
            modified_ns=manifest.modified_ns,
            block_bytes=disks.block_bytes,
            sequence=sequence,
            inline=len(head) if inline else -1,
        )
        self._path.catalogue.commit(version, Layouts(self._layout, manifest_layout), conditions)
        return version

    def _manifest_places(self) -> tuple[Place, ...]:
        """Reserve slots for the manifest, where need be from those of blocks that did not come."""
        reservations, replicated = self._path.reservations, self._path.copies == COPIES
        try:
            return reservations.reserve(self._version, _MANIFEST_INDEX, 1, replicated=replicated)[0]
        except StoreFullError:
            if not self._reserved:
                raise
        reservations.give_back(self._version, chain.from_iterable(self._reserved))
        self._reserved.clear()
        return reservations.reserve(self._version, _MANIFEST_INDEX, 1, replicated=replicated)[0]

    def _flush(self) -> None:
        """Send the filled buffer on its way, and take another."""
        index = len(self._layout)
        if not self._reserved:
            # A small object reserves no more than it needs, a large one seldom.
            count = min(max(index, 1), _BATCH)
            self._reserved.extend(self._path.reservations.reserve(self._version, index, count))
        places = self._reserved.popleft()
        self._layout.append(places)
        self._write(self._buffer, self._filled, places, SlotKind.DATA, index)
        self._land(_WINDOW)
        block_bytes = self._path.disks.block_bytes
        self._buffer = self._spare.pop() if self._spare else aligned_buffer(block_bytes)
        self._filled = 0

    def _write(
        self,
        buffer: memoryview,
        length: int,
        places: Iterable[Place],
        kind: SlotKind,
        index: int,
    ) -> None:
        disks = self._path.disks
        payload = buffer[:length]
        writes: list[Future[None]] = []
        self._flying.append((buffer, writes))
        for place in places:
            header = disks.new_header(place, kind, self._version, index=index, payload=payload)
            writes.append(disks.submit_write(place, header, buffer))

    def _land(self, left: int) -> None:
        """Wait until at most `left` blocks are on their way; raises what went wrong on it."""
        while len(self._flying) > left:
            buffer, writes = self._flying[0]
            for write in writes:
                write.result()
            self._flying.popleft()
            self._spare.append(buffer)

    def _sync(self, disks: Iterable[int]) -> None:
        syncs = [self._path.disks.submit_sync(disk) for disk in disks]
        errors = [error for sync in syncs if (error := sync.exception()) is not None]
        if errors:
            raise errors[0]
