"""The store: objects in buckets, on disks of any size and speed."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self
from uuid import UUID

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.closing import Closing
from riostat.core.histogram import LogHistogram
from riostat.store.catalogue import BUCKETS, Catalogue
from riostat.store.configuration import Configuration, read_configuration
from riostat.store.creation import create_store
from riostat.store.disks import open_disk
from riostat.store.diskset import DiskSet, OpenDisk
from riostat.store.integrity import Integrity, RepairQueue, ScrubReport
from riostat.store.metadata import DATABASE, Metadata
from riostat.store.objects import (
    Bucket,
    Listing,
    ObjectVersion,
    check_bucket_name,
    check_key,
    check_tags,
)
from riostat.store.opening import (
    STORE_LOCK,
    configuration_from_disks,
    prepare_metadata,
    rebuild_store,
)
from riostat.store.reading import BlockReader
from riostat.store.rebuild import Progress, RebuildReport
from riostat.store.removal import Removals
from riostat.store.reservations import Reservations
from riostat.store.sessions import Session, held_lock
from riostat.store.specification import DiskSpecification
from riostat.store.status import StoreStatus, store_status
from riostat.store.upload import Upload, WritePath

__all__ = ["CACHE_BYTES", "Store"]

CACHE_BYTES = 256 << 20
"""Verified blocks that an open store keeps in memory."""


def _in_silence(_: int) -> None:
    """Show nobody how far it is."""


_BUCKET_TYPE = "application/x-riostat-bucket"


class Store(Closing):
    """An open store. Several processes, and any thread, may use the same one at once."""

    def __init__(
        self,
        root: Path,
        configuration: Configuration,
        *,
        cache_bytes: int,
        open_disk: OpenDisk,
    ) -> None:
        self.root = root
        self.rebuilt: RebuildReport | None = None
        self._configuration = configuration
        clock = SYSTEM_CLOCK
        with ExitStack() as opened:
            opened.enter_context(held_lock(root / STORE_LOCK, shared=True))
            self._metadata = opened.enter_context(closing(Metadata(root / DATABASE)))
            self._session = opened.enter_context(closing(Session(root / "sessions")))
            self._disks = opened.enter_context(
                closing(DiskSet(configuration, open_disk=open_disk, clock=clock))
            )
            self._catalogue = Catalogue(self._metadata, block_bytes=configuration.block_bytes)
            self._removals = Removals(root, self._metadata, self._disks)
            self._removals.reap()
            reservations = Reservations(
                self._metadata,
                self._disks,
                session=self._session.name,
                replication=configuration.replication,
                seed=configuration.seed,
            )
            self._integrity = Integrity(self._disks, self._catalogue, self._removals, reservations)
            self._repairs = opened.enter_context(closing(RepairQueue(self._integrity)))
            self._opened = opened.pop_all()
        self._reader = BlockReader(
            self._disks,
            self._catalogue,
            cache_bytes=cache_bytes,
            clock=clock,
            repair=self._repairs.add,
        )
        self._write_path = WritePath(
            disks=self._disks,
            reservations=reservations,
            catalogue=self._catalogue,
            removals=self._removals,
            clock=clock,
            copies=min(len(configuration.disks), 2),
        )

    @classmethod
    def create(
        cls,
        root: Path,
        disks: Sequence[DiskSpecification],
        *,
        block_bytes: int = 1 << 20,
        replication: float = 1.0,
        seed: int | None = None,
    ) -> Self:
        """Lay a new store out on disks and open it; raises `StoreError`, and then leaves nothing.

        `replication` is the share of blocks that have a second copy, on another disk.
        """
        create_store(root, disks, block_bytes=block_bytes, replication=replication, seed=seed)
        return cls.open(root)

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        cache_bytes: int = CACHE_BYTES,
        open_disk: OpenDisk = open_disk,
        progress: Progress = _in_silence,
    ) -> Self:
        """Open the store in a directory.

        Disks that are missing or foreign are left out, `status` names them, and other copies
        serve. What processes that died had begun is taken back. Metadata that is gone or damaged
        is made anew from the disks, which `rebuilt` tells; `progress` gets the slots scanned then.
        """
        configuration = read_configuration(root)
        report = prepare_metadata(
            root, configuration, open_disk=open_disk, clock=SYSTEM_CLOCK, progress=progress
        )
        self = cls(root, configuration, cache_bytes=cache_bytes, open_disk=open_disk)
        self.rebuilt = report
        return self

    @classmethod
    def rebuild(
        cls, root: Path, disks: Sequence[Path] = (), progress: Progress = _in_silence
    ) -> RebuildReport:
        """Make the metadata anew; with `disks` the lost configuration of their store too."""
        configuration = configuration_from_disks(root, disks) if disks else read_configuration(root)
        return rebuild_store(
            root, configuration, open_disk=open_disk, clock=SYSTEM_CLOCK, progress=progress
        )

    @property
    def uuid(self) -> UUID:
        """The store's identity, which stands on each of its disks."""
        return self._configuration.store

    @property
    def block_bytes(self) -> int:
        """How many bytes a block has."""
        return self._configuration.block_bytes

    @property
    def replication(self) -> float:
        """The share of blocks that have a second copy."""
        return self._configuration.replication

    def create_bucket(self, name: str) -> Bucket:
        """Make a bucket; raises `BucketExistsError` where there is one of that name."""
        check_bucket_name(name)
        upload = self._upload(BUCKETS, name, content_type=_BUCKET_TYPE, metadata={})
        return Bucket(name, upload.commit(if_none_match="*").modified_ns)

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket."""
        if not self._delete(BUCKETS, [name])[0]:
            self.bucket(name)

    def bucket(self, name: str) -> Bucket:
        """Return a bucket, or raise `BucketNotFoundError`."""
        return Bucket(name, self._catalogue.stat(BUCKETS, name).modified_ns)

    def buckets(self) -> Sequence[Bucket]:
        """Return the buckets by name."""
        return self._catalogue.buckets()

    def put(
        self,
        bucket: str,
        key: str,
        *,
        content_type: str = "application/octet-stream",
        metadata: Mapping[str, str] | None = None,
    ) -> Upload:
        """Begin to write an object; raises `BucketNotFoundError` or `StoreNameError`."""
        check_key(key)
        check_tags(content_type, metadata or {})
        self.bucket(bucket)
        return self._upload(bucket, key, content_type=content_type, metadata=metadata or {})

    def stat(self, bucket: str, key: str) -> ObjectVersion:
        """Return what a key holds now; raises `ObjectNotFoundError` or `BucketNotFoundError`."""
        return self._catalogue.stat(bucket, key)

    def delete(self, bucket: str, key: str) -> bool:
        """Remove an object for good and tell whether there was one."""
        return self._delete(bucket, [key])[0]

    def delete_many(self, bucket: str, keys: Sequence[str]) -> Sequence[bool]:
        """Remove objects, synced together, and tell of each whether it was there."""
        return self._delete(bucket, keys)

    def cached_block(self, version: ObjectVersion, index: int) -> memoryview | None:
        """Return a block that is in memory, None where a disk must be asked."""
        return self._reader.cached(version, index)

    def submit_block(
        self, version: ObjectVersion, index: int, deadline_ns: int
    ) -> Future[memoryview]:
        """Have a block read by CLOCK_MONOTONIC `deadline_ns`, as well as the disks can.

        The future raises `ObjectNotFoundError` when the version is gone meanwhile and
        `BlockLostError` when no copy reads right; `StoreBusyError` is raised at once.
        """
        return self._reader.submit(version, index, deadline_ns)

    def read_block(self, version: ObjectVersion, index: int) -> memoryview:
        """Return a verified block."""
        return self._reader.submit(version, index, self._disks.slack_ns()).result()

    def read(
        self, version: ObjectVersion, start: int = 0, stop: int | None = None
    ) -> Iterator[memoryview]:
        """Yield the bytes of a range, all of them where no range is given."""
        end = version.size if stop is None else min(stop, version.size)
        return self._reader.read(version, start, end)

    def take_delay(self) -> tuple[LogHistogram, int]:
        """Return the delays (ns) and the number of late blocks since the last call.

        What is taken is no longer in `status`.
        """
        return self._reader.take_delay()

    def status(self) -> StoreStatus:
        """Return what can be said of the store and its disks now."""
        return store_status(
            self._configuration, self._metadata, self._catalogue, self._disks, self._reader
        )

    def list(
        self,
        bucket: str,
        *,
        prefix: str = "",
        delimiter: str = "",
        after: str = "",
        limit: int = 1000,
    ) -> Listing:
        """Return the next `limit` keys and common prefixes of a bucket in the order of UTF-8."""
        return self._catalogue.listing(
            bucket, prefix=prefix, delimiter=delimiter, after=after, limit=limit
        )

    def scrub(self, progress: Progress = _in_silence) -> ScrubReport:
        """Verify every copy of every block, and repair what is wrong from what is right.

        `progress` gets the bytes verified since its last call.
        """
        return self._integrity.scrub(progress)

    def close(self) -> None:
        """Finish what is on its way, and let go of the disks and the metadata."""
        self._opened.close()

    def _upload(
        self, bucket: str, key: str, *, content_type: str, metadata: Mapping[str, str]
    ) -> Upload:
        return Upload(self._write_path, bucket, key, content_type=content_type, metadata=metadata)

    def _delete(self, bucket: str, keys: Sequence[str]) -> Sequence[bool]:
        found = self._catalogue.retire(bucket, keys)
        if any(found):
            self._removals.carry_out()
        return found
