"""Disks of directories: laid out, opened, mended, paced."""

import os
from pathlib import Path
from uuid import UUID

import pytest

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import DiskError, StoreFormatError, StoreFullError
from riostat.store.buffers import aligned_buffer
from riostat.store.disks import SLOTS_FILE, DirectoryDisk, PacedDisk, open_disk
from riostat.store.slots import slot_offset
from riostat.store.superblock import SUPERBLOCK_OFFSETS, Superblock

BLOCK = 64 << 10


def superblock(*, paced: bool = False, slots: int = 4) -> Superblock:
    return Superblock(
        store=UUID(int=1),
        disk=UUID(int=2),
        name="d",
        epoch=1,
        created_ns=1,
        block_bytes=BLOCK,
        slots=slots,
        seed=1,
        replication=1.0,
        bandwidth_bps=10_000_000,
        paced=paced,
        seek_ns=5_000_000,
    )


def test_what_is_written_is_read(tmp_path: Path) -> None:
    DirectoryDisk.create(tmp_path, superblock())
    disk = open_disk(tmp_path)
    head, body = aligned_buffer(4096), aligned_buffer(BLOCK)
    head[:5], body[:5] = b"head!", b"body!"
    disk.write([head, body], slot_offset(2, BLOCK))
    disk.sync()
    read = aligned_buffer(4096 + BLOCK)
    disk.read(read, slot_offset(2, BLOCK))
    assert bytes(read) == bytes(head) + bytes(body)
    assert disk.superblock == superblock()
    disk.close()


def test_a_disk_is_not_laid_out_twice(tmp_path: Path) -> None:
    DirectoryDisk.create(tmp_path, superblock())
    with pytest.raises(DiskError, match="is a disk of a store already"):
        DirectoryDisk.create(tmp_path, superblock())


def test_a_disk_without_room_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreFullError, match="has no room for"):
        DirectoryDisk.create(tmp_path, superblock(slots=1 << 32))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damaged", SUPERBLOCK_OFFSETS)
def test_a_damaged_superblock_is_written_anew(tmp_path: Path, damaged: int) -> None:
    DirectoryDisk.create(tmp_path, superblock())
    file = tmp_path / SLOTS_FILE
    whole = file.read_bytes()
    with file.open("r+b") as opened:
        opened.seek(damaged)
        opened.write(os.urandom(100))
    open_disk(tmp_path).close()
    assert file.read_bytes() == whole


def test_what_is_no_disk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="cannot be opened"):
        open_disk(tmp_path)
    file = tmp_path / SLOTS_FILE
    for content in (b"", b"x", bytes(1 << 20)):
        file.write_bytes(content)
        with pytest.raises(StoreFormatError):
            open_disk(tmp_path)
    file.unlink()
    file.symlink_to("/dev/null")
    with pytest.raises(DiskError):
        open_disk(tmp_path)


def test_a_file_that_was_cut_short_gets_its_length_back(tmp_path: Path) -> None:
    DirectoryDisk.create(tmp_path, superblock())
    file = tmp_path / SLOTS_FILE
    length = file.stat().st_size
    os.truncate(file, length // 2 + (1 << 19))
    disk = open_disk(tmp_path)
    assert disk.was_short
    assert file.stat().st_size == length
    disk.close()


def test_a_read_behind_the_end_is_refused(tmp_path: Path) -> None:
    DirectoryDisk.create(tmp_path, superblock())
    disk = open_disk(tmp_path)
    os.truncate(tmp_path / SLOTS_FILE, 1 << 20)
    with pytest.raises(DiskError, match="inside a slot"):
        disk.read(aligned_buffer(4096), slot_offset(3, BLOCK))
    disk.close()


def test_a_paced_disk_takes_at_least_its_time(tmp_path: Path) -> None:
    DirectoryDisk.create(tmp_path, superblock(paced=True))
    disk = open_disk(tmp_path)
    assert isinstance(disk, PacedDisk)
    start_ns = SYSTEM_CLOCK.monotonic_ns()
    disk.read(aligned_buffer(BLOCK), slot_offset(0, BLOCK))
    disk.write([aligned_buffer(BLOCK)], slot_offset(0, BLOCK))
    assert SYSTEM_CLOCK.monotonic_ns() - start_ns >= 2 * (5_000_000 + BLOCK * 100)
    disk.close()
