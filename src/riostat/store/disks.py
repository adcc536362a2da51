"""A disk: a directory with one preallocated file, two superblocks and slots at fixed places."""

import errno
import fcntl
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import DiskError, StoreFormatError, StoreFullError
from riostat.store.durability import sync_directory
from riostat.store.slots import slot_offset
from riostat.store.superblock import (
    SUPERBLOCK_BYTES,
    SUPERBLOCK_OFFSETS,
    Superblock,
    encode_superblock,
    newest_superblock,
)

__all__ = ["SLOTS_FILE", "DirectoryDisk", "Disk", "PacedDisk", "open_disk"]

SLOTS_FILE = "riostore.slots"


class Disk(Protocol):
    """What the queues ask of a disk; offsets and lengths are multiples of 4096."""

    superblock: Superblock

    def read(self, buffer: memoryview, offset: int) -> None:
        """Fill the buffer, or raise `DiskError`."""
        ...

    def write(self, buffers: Sequence[memoryview], offset: int) -> None:
        """Write the buffers one behind the other, or raise `DiskError`."""
        ...

    def sync(self) -> None:
        """Return when everything written is on the disk, or raise `DiskError`."""
        ...

    def close(self) -> None:
        """Give the disk back."""
        ...


class DirectoryDisk:
    """A directory's file of slots, past the page cache where the file system can do so."""

    def __init__(self, path: Path, descriptor: int, superblock: Superblock) -> None:
        self.path = path
        self.superblock = superblock
        self.was_short = False
        self._descriptor = descriptor

    @classmethod
    def create(cls, path: Path, superblock: Superblock) -> None:
        """Lay a disk out in a directory; raises where it has one already or has no room."""
        file = path / SLOTS_FILE
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError as error:
            raise DiskError(
                f"The directory {path} is a disk of a store already; "
                f"remove {SLOTS_FILE} in it if that store is gone."
            ) from error
        except OSError as error:
            raise _failed(path, "be used", error) from error
        try:
            _reserve(descriptor, path, slot_offset(superblock.slots, superblock.block_bytes))
            encoded = encode_superblock(superblock)
            for offset in SUPERBLOCK_OFFSETS:
                os.pwrite(descriptor, encoded, offset)
            os.fsync(descriptor)
            sync_directory(path)
        except BaseException:
            file.unlink()
            raise
        finally:
            os.close(descriptor)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the disk in a directory.

        A superblock that was torn or rotted is written anew from the other, and a file that was
        cut short gets its length back: what was there is lost, and a scrub repairs it.
        Raises `DiskError` or `StoreFormatError`.
        """
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        file = path / SLOTS_FILE
        try:
            descriptor = os.open(file, flags)
        except OSError as error:
            raise _failed(path, "be opened", error) from error
        try:
            superblock, stale = newest_superblock(
                [_read_exactly(descriptor, path, offset) for offset in SUPERBLOCK_OFFSETS]
            )
            self = cls(path, descriptor, superblock)
            length = slot_offset(superblock.slots, superblock.block_bytes)
            if os.fstat(descriptor).st_size < length:
                self.was_short = True
                _reserve(descriptor, path, length)
            for number in stale:
                os.pwrite(descriptor, encode_superblock(superblock), SUPERBLOCK_OFFSETS[number])
            if stale:
                os.fsync(descriptor)
            _bypass_cache(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        return self

    def read(self, buffer: memoryview, offset: int) -> None:
        """Fill the buffer from `offset` on."""
        try:
            length = os.preadv(self._descriptor, [buffer], offset)
        except OSError as error:
            raise _failed(self.path, f"be read at {offset}", error) from error
        if length != len(buffer):
            raise DiskError(
                f"The disk {self.path} ends at {offset + length}, inside a slot; "
                "its file was cut short: `riostat store scrub` repairs what has a copy."
            )

    def write(self, buffers: Sequence[memoryview], offset: int) -> None:
        """Write the buffers one behind the other from `offset` on."""
        try:
            length = os.pwritev(self._descriptor, buffers, offset)
        except OSError as error:
            raise _failed(self.path, f"be written at {offset}", error) from error
        if length != sum(map(len, buffers)):
            raise _failed(self.path, f"be written at {offset}", OSError(errno.ENOSPC, "full"))

    def sync(self) -> None:
        """Return when everything written is on the disk."""
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise _failed(self.path, "be synced", error) from error

    def close(self) -> None:
        """Close the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class PacedDisk(DirectoryDisk):
    """A directory disk that serves one request after the other, each in its stated time."""

    def __init__(self, path: Path, descriptor: int, superblock: Superblock) -> None:
        super().__init__(path, descriptor, superblock)
        self._lock = threading.Lock()
        self._free_ns = 0

    def read(self, buffer: memoryview, offset: int) -> None:
        """Fill the buffer, and return when a disk of this bandwidth would have."""
        end_ns = self._end_ns(len(buffer))
        super().read(buffer, offset)
        _wait_until(end_ns)

    def write(self, buffers: Sequence[memoryview], offset: int) -> None:
        """Write the buffers, and return when a disk of this bandwidth would have."""
        end_ns = self._end_ns(sum(map(len, buffers)))
        super().write(buffers, offset)
        _wait_until(end_ns)

    def _end_ns(self, length: int) -> int:
        superblock = self.superblock
        service_ns = superblock.seek_ns + length * 10**9 // superblock.bandwidth_bps
        with self._lock:
            start_ns = max(SYSTEM_CLOCK.monotonic_ns(), self._free_ns)
            self._free_ns = start_ns + service_ns
            return self._free_ns


def open_disk(path: Path) -> DirectoryDisk:
    """Open the disk in a directory, paced where its superblock says so."""
    disk = DirectoryDisk.open(path)
    if not disk.superblock.paced:
        return disk
    disk.close()
    return PacedDisk.open(path)


def _wait_until(end_ns: int) -> None:
    remaining_ns = end_ns - SYSTEM_CLOCK.monotonic_ns()
    if remaining_ns > 0:
        time.sleep(remaining_ns / 1e9)


def _read_exactly(descriptor: int, path: Path, offset: int) -> bytes:
    try:
        return os.pread(descriptor, SUPERBLOCK_BYTES, offset)
    except OSError as error:
        raise _failed(path, "be read", error) from error


def _reserve(descriptor: int, path: Path, length: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, length)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}:
            raise StoreFullError(
                f"The disk {path} has no room for {length} bytes; "
                "make room, or give it a smaller capacity."
            ) from error
        raise _failed(path, "be laid out", error) from error


def _bypass_cache(descriptor: int) -> None:
    """Turn O_DIRECT on; a file system without it (tmpfs) goes on through the page cache."""
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETFL, flags | os.O_DIRECT)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise StoreFormatError(
                f"A disk's file refuses O_DIRECT ({error.strerror}); choose another directory."
            ) from error


def _failed(path: Path, what: str, error: OSError) -> DiskError:
    return DiskError(
        f"The disk {path} cannot {what} ({error.strerror}); "
        "see that it is there and works, the other copies serve meanwhile."
    )
