"""The disks of an open store with their queues; some may be missing."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from riostat.core.clock import Clock
from riostat.core.errors import DiskError, StoreError, StoreFormatError
from riostat.store.buffers import BufferPool, aligned_buffer
from riostat.store.configuration import Configuration, DiskRecord
from riostat.store.disks import DirectoryDisk, Disk
from riostat.store.layouts import Place
from riostat.store.queues import DiskQueue
from riostat.store.slots import (
    SLOT_HEADER_BYTES,
    SlotHeader,
    SlotKind,
    decode_slot_header,
    encode_slot_header,
    payload_digest,
    slot_offset,
)

__all__ = ["DISK_THREADS", "DiskSet", "DiskState", "Expected", "Member", "OpenDisk"]

OpenDisk = Callable[[Path], DirectoryDisk]

DISK_THREADS = 4
"""Requests that a disk has in service at once; a paced one has one."""
_BUFFERS_KEPT = 64
_SLACK_NS = 1_000_000_000


class DiskState(StrEnum):
    """Whether a disk serves: it may be missing, not the one that belongs there, or failing."""

    READY = "ready"
    MISSING = "missing"
    FOREIGN = "foreign"
    FAILED = "failed"


class Expected(NamedTuple):
    """What a slot must hold to be believed."""

    kind: SlotKind
    version: str
    block: int
    length: int


class Member:
    """One disk of the store, there or not."""

    def __init__(self, record: DiskRecord) -> None:
        self.record = record
        self.state = DiskState.MISSING
        self.reason = ""
        self.disk: Disk | None = None
        self.queue: DiskQueue | None = None

    def fail(self, error: DiskError) -> None:
        """Take a disk that cannot be written out of placement; it is still read."""
        self.state = DiskState.FAILED
        self.reason = str(error)


class DiskSet:
    """The disks by number. Requests go through the queues; futures carry results and errors."""

    def __init__(self, configuration: Configuration, *, open_disk: OpenDisk, clock: Clock) -> None:
        self.store = configuration.store
        self.block_bytes = configuration.block_bytes
        self.slots = sum(record.slots for record in configuration.disks)
        self._clock = clock
        self._buffers = BufferPool(SLOT_HEADER_BYTES + self.block_bytes, kept=_BUFFERS_KEPT)
        self._members = {record.number: Member(record) for record in configuration.disks}
        for member in self._members.values():
            self._open(member, open_disk)

    def __iter__(self) -> Iterator[Member]:
        """Yield every disk, by number."""
        return iter(self._members.values())

    @property
    def ready(self) -> Mapping[int, Member]:
        """The disks that can be written."""
        return {n: m for n, m in self._members.items() if m.state is DiskState.READY}

    def is_present(self, disk: int) -> bool:
        """Tell whether a disk can at least be read."""
        member = self._members.get(disk)
        return member is not None and member.queue is not None

    def queue(self, disk: int) -> DiskQueue:
        """Return the queue of a disk, or raise `DiskError` where it is missing."""
        member = self._members.get(disk)
        if member is None or member.queue is None:
            raise DiskError(f"The disk {disk} is missing; bring it back.")
        return member.queue

    def slack_ns(self) -> int:
        """Return the deadline of work that nobody waits for in real time."""
        return self._clock.monotonic_ns() + _SLACK_NS

    def submit_read(self, place: Place, header: Expected, deadline_ns: int) -> Future[memoryview]:
        """Read and verify the payload of a slot; the future raises `StoreError` if it is wrong."""
        length = _padded(header.length)
        queue = self.queue(place.disk)
        return queue.submit(deadline_ns, lambda: self._read(place, header), length=length)

    def submit_header(self, place: Place) -> Future[SlotHeader | None]:
        """Read the header of a slot."""
        queue = self.queue(place.disk)
        return queue.submit(self.slack_ns(), lambda: self.read_header(place))

    def submit_write(self, place: Place, header: SlotHeader, payload: memoryview) -> Future[None]:
        """Write a slot; `payload` is an `aligned_buffer`, of which header.length bytes count."""
        length = _padded(header.length)
        queue = self.queue(place.disk)
        return queue.submit(
            self.slack_ns(), lambda: self._write(place, header, payload[:length]), length=length
        )

    def submit_sync(self, disk: int) -> Future[None]:
        """Have everything that was written to a disk reach it."""
        member = self._members[disk]
        return self.queue(disk).submit(self.slack_ns(), lambda: self._sync(member))

    def new_header(
        self,
        place: Place,
        kind: SlotKind,
        version: str,
        *,
        index: int = 0,
        generation: int = 0,
        payload: memoryview,
    ) -> SlotHeader:
        """Return the header of a slot that is to hold `payload`."""
        return SlotHeader(
            kind=kind,
            store=self.store,
            disk=self._members[place.disk].record.uuid,
            version=version,
            index=index,
            generation=generation,
            length=len(payload),
            digest=payload_digest(payload),
        )

    def read_header(self, place: Place) -> SlotHeader | None:
        """Return the header of a slot, None for one never written; in this thread, at once."""
        disk = self._members[place.disk].disk
        assert disk is not None
        buffer = aligned_buffer(SLOT_HEADER_BYTES)
        disk.read(buffer, slot_offset(place.slot, self.block_bytes))
        return decode_slot_header(buffer, block_bytes=self.block_bytes)

    def close(self) -> None:
        """Serve what waits and close the disks."""
        for member in self:
            if member.queue is not None and member.disk is not None:
                member.queue.close()
                member.disk.close()
                member.queue = member.disk = None

    def _open(self, member: Member, open_disk: OpenDisk) -> None:
        record = member.record
        try:
            disk = open_disk(Path(record.path))
        except StoreFormatError as error:
            member.state, member.reason = DiskState.FOREIGN, str(error)
            return
        except StoreError as error:
            member.reason = str(error)
            return
        superblock = disk.superblock
        if (superblock.store, superblock.disk) != (self.store, record.uuid) or (
            superblock.slots, superblock.block_bytes
        ) != (record.slots, self.block_bytes):  # fmt: skip
            disk.close()
            member.state = DiskState.FOREIGN
            member.reason = (
                f"The directory {record.path} holds the disk {superblock.disk} and not "
                f"{record.uuid}; put the right one there."
            )
            return
        bandwidth = superblock.bandwidth_bps
        expected_ns = superblock.seek_ns + self.block_bytes * 10**9 // bandwidth if bandwidth else 0
        member.disk = disk
        member.queue = DiskQueue(
            record.name,
            threads=1 if superblock.paced else DISK_THREADS,
            expected_ns=expected_ns,
            clock=self._clock,
        )
        member.state = DiskState.READY
        if disk.was_short:
            member.reason = (
                f"The file of the disk {record.path} was cut short; "
                "`riostat store scrub` repairs what has a copy."
            )

    def _read(self, place: Place, expected: Expected) -> memoryview:
        disk = self._members[place.disk].disk
        assert disk is not None
        length = SLOT_HEADER_BYTES + _padded(expected.length)
        whole = length > self._buffers.length // 2
        buffer = self._buffers.take()[:length] if whole else aligned_buffer(length)
        disk.read(buffer, slot_offset(place.slot, self.block_bytes))
        header = decode_slot_header(buffer[:SLOT_HEADER_BYTES], block_bytes=self.block_bytes)
        payload = buffer[SLOT_HEADER_BYTES : SLOT_HEADER_BYTES + expected.length].toreadonly()
        record = self._members[place.disk].record
        if (
            header is None
            or (header.kind, header.version, header.index, header.length) != expected
            or (header.store, header.disk) != (self.store, record.uuid)
            or payload_digest(payload) != header.digest
        ):
            raise StoreFormatError(
                f"The slot {place.slot} of the disk {record.path} does not hold the block "
                f"{expected.block} of the version {expected.version}; "
                "`riostat store scrub` repairs what has a copy."
            )
        return payload

    def _write(self, place: Place, header: SlotHeader, payload: memoryview) -> None:
        member = self._members[place.disk]
        assert member.disk is not None
        head = aligned_buffer(SLOT_HEADER_BYTES)
        head[:] = encode_slot_header(header)
        try:
            member.disk.write([head, payload], slot_offset(place.slot, self.block_bytes))
        except DiskError as error:
            member.fail(error)
            raise

    def _sync(self, member: Member) -> None:
        assert member.disk is not None
        try:
            member.disk.sync()
        except DiskError as error:
            member.fail(error)
            raise


def _padded(length: int) -> int:
    return -(-length // 4096) * 4096
