"""Making the metadata anew from what the disks say of themselves.

Of each key the version with the highest sequence counts among those that have a manifest and no
tombstone; the others are removed. Disks that are missing are noted as not scanned: tombstones
stay until they have been, and opening the store with them in place scans again.
"""

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from riostat.core.clock import Clock
from riostat.core.errors import DiskError, StoreFormatError
from riostat.store.catalogue import BUCKETS, Layouts, insert_object
from riostat.store.configuration import Configuration
from riostat.store.creation import fill_empty
from riostat.store.diskset import DiskSet, Expected, Member
from riostat.store.layouts import COPIES, Layout, Place
from riostat.store.manifests import Manifest, decode_manifest
from riostat.store.metadata import DATABASE, Metadata
from riostat.store.objects import ObjectVersion
from riostat.store.slotmap import mark_used
from riostat.store.slots import SlotHeader, SlotKind

__all__ = ["RebuildReport", "rebuild_metadata", "set_aside"]

Progress = Callable[[int], None]


@dataclass(slots=True)
class RebuildReport:
    """What was found: `damaged` slots said nothing that can be used."""

    slots: int = 0
    objects: int = 0
    buckets: int = 0
    damaged: int = 0
    missing_disks: tuple[str, ...] = ()


@dataclass(slots=True)
class _Found:
    """What stands on the disks, by version."""

    data: defaultdict[str, dict[int, list[Place]]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    manifests: defaultdict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    tombstones: defaultdict[str, list[Place]] = field(default_factory=lambda: defaultdict(list))
    described: dict[str, tuple[Manifest, int]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def rebuild_metadata(
    root: Path, configuration: Configuration, disks: DiskSet, *, clock: Clock, progress: Progress
) -> RebuildReport:
    """Scan the disks and write the database anew; nobody else may have the store open.

    `progress` gets the slots scanned since its last call.
    """
    report = RebuildReport()
    found = _Found()
    present = [member for member in disks if member.queue is not None]
    with ThreadPoolExecutor(max(len(present), 1)) as threads:
        scans = [threads.submit(_scan, disks, m, found, progress) for m in present]
        for scan in scans:
            slots, damaged = scan.result()
            report.slots += slots
            report.damaged += damaged
    missing = [member for member in disks if member.queue is None]
    report.missing_disks = tuple(member.record.name for member in missing)
    live = _live(found)
    versions = [
        _object(manifest, inline, configuration.block_bytes)
        for manifest, inline in (found.described[v] for v in live)
    ]
    versions += _buckets_without_manifest(versions, clock, configuration.block_bytes)
    scanned = {member.record.number: False for member in missing}

    def fill(connection: sqlite3.Connection) -> None:
        fill_empty(connection, configuration, scanned)
        _fill(connection, found, versions, live)

    Metadata.create(root / DATABASE, fill)
    report.buckets = sum(version.bucket == BUCKETS for version in versions)
    report.objects = len(versions) - report.buckets
    return report


def set_aside(root: Path, clock: Clock) -> None:
    """Keep a database that is to be made anew under another name."""
    now_ns = clock.realtime_ns()
    # The database goes first: without its log it would be whole, and old.
    for suffix in ("", "-wal", "-shm"):
        path = root / f"{DATABASE}{suffix}"
        if path.exists():
            path.rename(root / f"{DATABASE}.aside-{now_ns}{suffix}")


def _scan(disks: DiskSet, member: Member, found: _Found, progress: Progress) -> tuple[int, int]:
    """Look at every slot of a disk; returns how many, and how many could not be used."""
    damaged = 0
    record = member.record
    for slot in range(record.slots):
        place = Place(record.number, slot)
        try:
            header = disks.read_header(place)
            if header is not None:
                if (header.store, header.disk) != (disks.store, record.uuid):
                    damaged += 1
                else:
                    _note(disks, place, header, found)
        except (StoreFormatError, DiskError):
            damaged += 1
        progress(1)
    return record.slots, damaged


def _note(disks: DiskSet, place: Place, header: SlotHeader, found: _Found) -> None:
    version = header.version
    if header.kind is SlotKind.MANIFEST:
        expected = Expected(SlotKind.MANIFEST, version, 0, header.length)
        payload = disks.submit_read(place, expected, disks.slack_ns()).result()
        described = decode_manifest(payload, version=version)
        if described[0].size > disks.block_bytes * disks.slots:
            raise StoreFormatError("A manifest describes more than the disks can hold.")
        with found.lock:
            found.described[version] = described
            found.manifests[version].append(place)
    elif header.kind is SlotKind.TOMBSTONE:
        with found.lock:
            found.tombstones[version].append(place)
    else:
        with found.lock:
            found.data[version].setdefault(header.index, []).append(place)


def _live(found: _Found) -> list[str]:
    """Return the versions that count."""
    newest: dict[tuple[str, str], str] = {}
    for version, (manifest, _) in found.described.items():
        if version in found.tombstones:
            continue
        name = (manifest.bucket, manifest.key)
        other = newest.get(name)
        if other is None or found.described[other][0].sequence < manifest.sequence:
            newest[name] = version
    return list(newest.values())


def _object(manifest: Manifest, inline: int, block_bytes: int) -> ObjectVersion:
    return ObjectVersion(
        bucket=manifest.bucket,
        key=manifest.key,
        version=manifest.version,
        size=manifest.size,
        etag=manifest.etag,
        content_type=manifest.content_type,
        metadata=manifest.metadata,
        modified_ns=manifest.modified_ns,
        block_bytes=block_bytes,
        sequence=manifest.sequence,
        inline=inline if manifest.inline else -1,
    )


def _buckets_without_manifest(
    versions: Iterable[ObjectVersion], clock: Clock, block_bytes: int
) -> list[ObjectVersion]:
    """Return buckets for objects whose bucket has lost both of its manifests."""
    known = {v.key for v in versions if v.bucket == BUCKETS}
    orphaned = {v.bucket for v in versions if v.bucket != BUCKETS} - known
    return [
        ObjectVersion(
            bucket=BUCKETS,
            key=name,
            version=f"{number:032x}",
            size=0,
            etag="",
            content_type="",
            metadata={},
            modified_ns=clock.realtime_ns(),
            block_bytes=block_bytes,
            sequence=0,
            inline=0,
        )
        for number, name in enumerate(sorted(orphaned))
    ]


def _fill(
    connection: sqlite3.Connection,
    found: _Found,
    versions: Iterable[ObjectVersion],
    live: Iterable[str],
) -> None:
    last = max((manifest.sequence for manifest, _ in found.described.values()), default=0)
    connection.execute("UPDATE counters SET value = ? WHERE name = 'sequence'", (last,))
    for version in versions:
        data, manifest = Layout(), Layout()
        if version.inline < 0:
            blocks = found.data.get(version.version, {})
            for index in range(version.blocks):
                data.append(_two_disks(blocks.get(index, ())))
        if version.version in found.manifests:
            manifest.append(_two_disks(found.manifests[version.version]))
        mark_used(connection, data.all_places())
        mark_used(connection, manifest.all_places())
        insert_object(connection, version, Layouts(data, manifest))
    for dead in (found.manifests.keys() | found.tombstones.keys()) - {*live}:
        graves = [*found.manifests.get(dead, ()), *found.tombstones.get(dead, ())]
        layout = Layout()
        for start in range(0, len(graves), COPIES):
            layout.append(graves[start : start + COPIES])
        mark_used(connection, graves)
        connection.execute("INSERT INTO removals VALUES (?, x'', ?, 0)", (dead, layout.encoded))


def _two_disks(places: Iterable[Place]) -> list[Place]:
    """Return one place on each of at most two disks."""
    by_disk = {place.disk: place for place in places}
    return list(by_disk.values())[:COPIES]
