"""Making a store: every disk is laid out, then the metadata, and last the configuration."""

import os
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import DiskError, StoreError, StoreFullError
from riostat.store.configuration import (
    CONFIGURATION,
    Configuration,
    DiskRecord,
    write_configuration,
)
from riostat.store.disks import SLOTS_FILE, DirectoryDisk
from riostat.store.layouts import COPIES
from riostat.store.metadata import DATABASE, Metadata
from riostat.store.slotmap import add_disk
from riostat.store.slots import SLOT_HEADER_BYTES, SLOTS_OFFSET
from riostat.store.specification import DiskSpecification
from riostat.store.superblock import BLOCK_BYTES_MAX, BLOCK_BYTES_MIN, Superblock

__all__ = ["create_store", "fill_empty"]

_DISKS_MAX = 256


def create_store(
    root: Path,
    disks: Sequence[DiskSpecification],
    *,
    block_bytes: int,
    replication: float,
    seed: int | None,
) -> None:
    """Lay a new store out, or raise `StoreError` and leave nothing behind."""
    _check(root, disks, block_bytes, replication)
    configuration = Configuration(
        store=uuid4(),
        block_bytes=block_bytes,
        replication=replication,
        seed=secrets.randbits(63) if seed is None else seed,
        disks=tuple(_record(number, disk, disks, block_bytes) for number, disk in enumerate(disks)),
    )
    created_ns = SYSTEM_CLOCK.realtime_ns()
    with ExitStack() as undo:
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            root.chmod(0o700)
        except OSError as error:
            raise StoreError(
                f"The directory {root} cannot be made ({error.strerror}); choose another."
            ) from error
        for record, disk in zip(configuration.disks, disks, strict=True):
            path = Path(record.path)
            DirectoryDisk.create(path, _superblock(configuration, record, disk, created_ns))
            undo.callback((path / SLOTS_FILE).unlink)
        undo.callback((root / DATABASE).unlink, missing_ok=True)
        Metadata.create(root / DATABASE, lambda new: fill_empty(new, configuration, {}))
        write_configuration(root, configuration)
        undo.pop_all()


def fill_empty(
    connection: sqlite3.Connection, configuration: Configuration, scanned: Mapping[int, bool]
) -> None:
    """Write the rows of a store without objects; disks count as scanned unless said otherwise."""
    connection.execute("INSERT INTO counters VALUES ('sequence', 0)")
    for record in configuration.disks:
        connection.execute(
            "INSERT INTO disks VALUES (?, ?)", (record.number, scanned.get(record.number, True))
        )
        add_disk(connection, record.number, record.slots)


def _check(
    root: Path, disks: Sequence[DiskSpecification], block_bytes: int, replication: float
) -> None:
    if (root / CONFIGURATION).exists():
        raise StoreError(f"There is a store in {root} already; choose another directory.")
    if not BLOCK_BYTES_MIN <= block_bytes <= BLOCK_BYTES_MAX or block_bytes % 4096:
        raise StoreError(
            f"Blocks cannot have {block_bytes} bytes; give a multiple of 4096 from "
            f"{BLOCK_BYTES_MIN} to {BLOCK_BYTES_MAX}."
        )
    if not 0 <= replication <= 1:
        raise StoreError(
            f"The replication {replication} is no share of the blocks; give one from 0 to 1."
        )
    paths = [disk.path.resolve() for disk in disks]
    for path in paths:
        if paths.count(path) > 1:
            raise DiskError(f"The disk {path} is named twice; a block's copies need two disks.")
    if not disks or len(disks) > _DISKS_MAX:
        raise StoreError(f"A store has 1 to {_DISKS_MAX} disks and not {len(disks)}.")
    if replication and len(disks) < COPIES:
        raise StoreError(
            "One disk has no room for second copies; give another disk, or --replication 0, "
            "and then a lost disk loses everything."
        )


def _record(
    number: int, disk: DiskSpecification, disks: Sequence[DiskSpecification], block_bytes: int
) -> DiskRecord:
    capacity = disk.capacity_bytes or _default_capacity(disk, disks)
    slots = (capacity - SLOTS_OFFSET) // (SLOT_HEADER_BYTES + block_bytes)
    if slots < 1:
        raise StoreFullError(
            f"The disk {disk.path} has {capacity} bytes, which is no room for a block; "
            "give it a larger capacity."
        )
    return DiskRecord(
        number=number,
        name=_name(number, disk.path, disks),
        path=str(disk.path.resolve()),
        uuid=uuid4(),
        slots=slots,
        bandwidth_bps=disk.bandwidth_bps,
    )


def _name(number: int, path: Path, disks: Sequence[DiskSpecification]) -> str:
    """Return the directory's own name, with the number where another disk has the same."""
    name = "".join(c if c.isalnum() or c in "-_" else "-" for c in path.name)[:40] or "disk"
    same = sum(disk.path.name == path.name for disk in disks)
    return name if same == 1 else f"{name}-{number}"


def _default_capacity(disk: DiskSpecification, disks: Sequence[DiskSpecification]) -> int:
    """Return half of what is free on the file system, shared by the disks that it holds."""
    free, device = _file_system(disk.path)
    sharing = sum(_file_system(other.path)[1] == device for other in disks)
    return free // 2 // sharing


def _file_system(path: Path) -> tuple[int, int]:
    """Return the bytes free where `path` is or will be, and which device that is."""
    existing = next(p for p in (path, *path.parents) if p.exists())
    usage = os.statvfs(existing)
    return usage.f_bavail * usage.f_frsize, existing.stat().st_dev


def _superblock(
    configuration: Configuration, record: DiskRecord, disk: DiskSpecification, created_ns: int
) -> Superblock:
    return Superblock(
        store=configuration.store,
        disk=record.uuid,
        name=record.name,
        epoch=1,
        created_ns=created_ns,
        block_bytes=configuration.block_bytes,
        slots=record.slots,
        seed=configuration.seed,
        replication=configuration.replication,
        bandwidth_bps=disk.bandwidth_bps,
        paced=disk.paced,
        seek_ns=disk.seek_ns,
    )
