"""What can be said of an open store: its disks, its objects, and how its reads went."""

from dataclasses import dataclass

from riostat.core.histogram import LogHistogram
from riostat.store.catalogue import Catalogue
from riostat.store.configuration import Configuration
from riostat.store.diskset import DiskSet, Member
from riostat.store.metadata import Metadata
from riostat.store.reading import BlockReader
from riostat.store.slotmap import free_slots

__all__ = ["DiskStatus", "StoreStatus", "store_status"]


@dataclass(frozen=True, slots=True)
class DiskStatus:
    """One disk; sizes in bytes, `queued` requests, `busy_ns` and `bytes` since it was opened.

    `state` is ready, missing, foreign or failed, `reason` says more where there is more to say;
    `expected_ns` is how long a block takes now.
    """

    name: str
    path: str
    state: str
    reason: str
    capacity_bytes: int
    used_bytes: int
    bandwidth_bps: int
    queued: int
    busy_ns: int
    bytes: int
    expected_ns: int


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The store; `object_bytes` counts contents once, however many copies there are.

    `delay` (ns), `late`, `failed_copies`, `hits` and `misses` are those of this process.
    """

    uuid: str
    block_bytes: int
    replication: float
    buckets: int
    objects: int
    object_bytes: int
    disks: tuple[DiskStatus, ...]
    delay: LogHistogram
    late: int
    failed_copies: int
    hits: int
    misses: int


def store_status(
    configuration: Configuration,
    metadata: Metadata,
    catalogue: Catalogue,
    disks: DiskSet,
    reader: BlockReader,
) -> StoreStatus:
    """Return the state of an open store."""
    with metadata.reading() as reading:
        free = free_slots(reading.connection)
    buckets, objects, size = catalogue.totals()
    return StoreStatus(
        uuid=str(configuration.store),
        block_bytes=configuration.block_bytes,
        replication=configuration.replication,
        buckets=buckets,
        objects=objects,
        object_bytes=size,
        disks=tuple(_disk_status(m, free, configuration.block_bytes) for m in disks),
        delay=reader.delay,
        late=reader.late,
        failed_copies=reader.failed_copies,
        hits=reader.cache.hits,
        misses=reader.cache.misses,
    )


def _disk_status(member: Member, free: dict[int, int], block_bytes: int) -> DiskStatus:
    record, queue = member.record, member.queue
    used = record.slots - free.get(record.number, 0)
    return DiskStatus(
        name=record.name,
        path=record.path,
        state=member.state,
        reason=member.reason,
        capacity_bytes=record.slots * block_bytes,
        used_bytes=used * block_bytes,
        bandwidth_bps=record.bandwidth_bps,
        queued=len(queue) if queue is not None else 0,
        busy_ns=queue.busy_ns if queue is not None else 0,
        bytes=queue.bytes if queue is not None else 0,
        expected_ns=round(queue.expected_ns) if queue is not None else 0,
    )
