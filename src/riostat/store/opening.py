"""Having metadata to open: where it is gone or damaged it is made anew from the disks."""

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from riostat.core.clock import Clock
from riostat.core.errors import DiskError, StoreError, StoreFormatError
from riostat.store.configuration import (
    CONFIGURATION,
    Configuration,
    DiskRecord,
    write_configuration,
)
from riostat.store.disks import open_disk as open_directory
from riostat.store.diskset import DiskSet, OpenDisk
from riostat.store.metadata import DATABASE, Metadata, check_database
from riostat.store.rebuild import Progress, RebuildReport, rebuild_metadata, set_aside
from riostat.store.sessions import held_lock

if TYPE_CHECKING:
    from riostat.store.superblock import Superblock

__all__ = ["STORE_LOCK", "configuration_from_disks", "prepare_metadata", "rebuild_store"]

STORE_LOCK = "store.lock"
"""Held by everyone who has the store open, shared; alone by who makes its metadata anew."""


def prepare_metadata(
    root: Path,
    configuration: Configuration,
    *,
    open_disk: OpenDisk,
    clock: Clock,
    progress: Progress,
) -> RebuildReport | None:
    """See that the metadata can be used; returns a report where it had to be made anew.

    That is so where it is gone or damaged, and where a disk is back that was missing when it was
    made anew last. Raises `StoreError` where another process has the store open then.
    """
    if not _is_needed(root / DATABASE, configuration, open_disk, clock):
        return None
    return rebuild_store(root, configuration, open_disk=open_disk, clock=clock, progress=progress)


def rebuild_store(
    root: Path,
    configuration: Configuration,
    *,
    open_disk: OpenDisk,
    clock: Clock,
    progress: Progress,
) -> RebuildReport:
    """Make the metadata anew from the disks; what there was is kept under another name."""
    refusal = (
        f"The metadata of the store in {root} is to be made anew while another process has the "
        "store open; end that process first."
    )
    with held_lock(root / STORE_LOCK, refusal=refusal):
        disks = DiskSet(configuration, open_disk=open_disk, clock=clock)
        try:
            set_aside(root, clock)
            return rebuild_metadata(root, configuration, disks, clock=clock, progress=progress)
        finally:
            disks.close()


def configuration_from_disks(root: Path, paths: Sequence[Path]) -> Configuration:
    """Write a lost configuration anew from the superblocks of the store's disks."""
    if (root / CONFIGURATION).exists():
        raise StoreError(
            f"The store in {root} knows its disks; leave --disk out, or move "
            f"{root / CONFIGURATION} away first."
        )
    superblocks: list[tuple[Path, Superblock]] = []
    for path in paths:
        disk = open_directory(path)
        superblocks.append((path, disk.superblock))
        disk.close()
    first = superblocks[0][1]
    for path, superblock in superblocks:
        if superblock.store != first.store:
            raise DiskError(
                f"The disk {path} belongs to the store {superblock.store} and {paths[0]} to "
                f"{first.store}; name the disks of one store."
            )
    configuration = Configuration(
        store=first.store,
        block_bytes=first.block_bytes,
        replication=first.replication,
        seed=first.seed,
        disks=tuple(
            DiskRecord(
                number=number,
                name=superblock.name,
                path=str(path.resolve()),
                uuid=superblock.disk,
                slots=superblock.slots,
                bandwidth_bps=superblock.bandwidth_bps,
            )
            for number, (path, superblock) in enumerate(superblocks)
        ),
    )
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    root.chmod(0o700)
    write_configuration(root, configuration)
    return configuration


def _is_needed(path: Path, configuration: Configuration, open_disk: OpenDisk, clock: Clock) -> bool:
    if not path.exists():
        return True
    try:
        check_database(path)
        metadata = Metadata(path)
    except StoreFormatError:
        return True
    with contextlib.closing(metadata), metadata.reading() as reader:
        unscanned = _unscanned(reader.connection)
    if not unscanned:
        return False
    back = DiskSet(configuration, open_disk=open_disk, clock=clock)
    try:
        return any(back.is_present(disk) for disk in unscanned)
    finally:
        back.close()


def _unscanned(connection: sqlite3.Connection) -> list[int]:
    rows = connection.execute("SELECT number FROM disks WHERE scanned = 0")
    return [number for (number,) in rows]
