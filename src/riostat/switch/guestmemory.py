"""A guest's memory as a worker holds it: rings are mapped, buffers have windows of addresses.

Of a ring only the pages that hold it are mapped. A region has as many reserved addresses as it
has bytes; the kernels map granules of it there, if the port's policy is `reuse`.
"""

import ctypes
import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riostat.core.errors import GuestError
from riostat.switch.kernels import layout as at
from riostat.switch.ports import Region

__all__ = ["GRANULES_MAX", "GuestMemory", "MappedRing", "address_of", "window_shift"]

GRANULES_MAX: Final = 4096
"""Grants of one region under `reuse`: the kernel bounds the mappings of a process (65530)."""


def window_shift(length: int, page: int) -> int:
    """Return the binary logarithm of a granule: pages, grouped where a region has many."""
    shift = page.bit_length() - 1
    while length >> shift > GRANULES_MAX:
        shift += 1
    return shift


@dataclass(frozen=True, slots=True)
class _Window:
    region: Region
    page: int
    shift: int
    reserved: int
    reserved_bytes: int
    address: int
    mapped: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MappedRing:
    """The addresses in this process of a ring's three parts, and the mappings that hold them."""

    descriptors: int
    available: int
    used: int
    marks: NDArray[np.int32]
    mappings: tuple[mmap.mmap, ...]

    def close(self) -> None:
        """Unmap the ring."""
        for mapping in self.mappings:
            mapping.close()


class GuestMemory:
    """The regions of one guest; their descriptors are owned, and closed with it."""

    def __init__(self, regions: Sequence[Region], grants: ModuleType) -> None:
        self._grants = grants
        self._windows: list[_Window] = []
        try:
            for region in regions:
                self._windows.append(self._reserve(region))
        except GuestError:
            self.close()
            raise

    def write(self, state: NDArray[np.int64], port: int) -> None:
        """Say in a port's row what its regions are."""
        state[port + at.REGION_COUNT] = len(self._windows)
        for k, window in enumerate(self._windows):
            begin = port + at.PORT_REGIONS + k * at.REGION_FIELDS
            region = window.region
            row = state[begin : begin + at.REGION_FIELDS]
            row[at.REGION_GUEST] = region.guest_address
            row[at.REGION_LENGTH] = region.length
            row[at.REGION_USER] = region.user_address
            row[at.REGION_DESCRIPTOR] = region.descriptor
            row[at.REGION_OFFSET] = region.offset
            row[at.REGION_PAGE] = window.page
            row[at.REGION_SHIFT] = window.shift
            row[at.REGION_WINDOW_ADDRESS] = window.address
            row[at.REGION_MAP_ADDRESS] = window.mapped.ctypes.data

    def map_ring(self, *, size: int, descriptors: int, available: int, used: int) -> MappedRing:
        """Map a ring whose parts are at these addresses of the front end.

        Raises `GuestError` where a part is misaligned or not wholly inside one region, or the size
        is no power of two up to 32768 (VIRTIO 1.2, 2.7).
        """
        if not 2 <= size <= 32768 or size & (size - 1):
            raise GuestError(f"A ring has {size} descriptors; it must be a power of two to 32768.")
        mappings: list[mmap.mmap] = []
        addresses = []
        try:
            for user, length, alignment in (
                (descriptors, 16 * size, 16),
                (available, 6 + 2 * size, 2),
                (used, 6 + 8 * size, 4),
            ):
                mapping, address = self._map(user, length, alignment)
                mappings.append(mapping)
                addresses.append(address)
        except GuestError:
            for mapping in mappings:
                mapping.close()
            raise
        marks = np.zeros(size, np.int32)
        return MappedRing(addresses[0], addresses[1], addresses[2], marks, tuple(mappings))

    def close(self) -> None:
        """Give the addresses back, with all that is mapped there, and close the descriptors."""
        for window in self._windows:
            _munmap(window.reserved, window.reserved_bytes)
            os.close(window.region.descriptor)
        self._windows.clear()

    def _reserve(self, region: Region) -> _Window:
        status = os.fstat(region.descriptor)
        page = max(status.st_blksize, mmap.PAGESIZE)
        if region.offset + region.length > status.st_size or (
            (region.offset | region.length) & (page - 1)
        ):
            raise GuestError(
                f"A memory region of {region.length} bytes at {region.offset} does not lie in "
                f"whole pages of its file of {status.st_size} bytes; the guest must share what "
                "it names."
            )
        reserved_bytes = region.length + page
        reserved = self._grants.reserve(reserved_bytes)
        if reserved == -1:
            raise GuestError(
                f"There are no addresses for a memory region of {region.length} bytes; "
                "raise the limit on address space."
            )
        shift = window_shift(region.length, page)
        granules = np.zeros((region.length - 1 >> shift) + 1, np.uint8)
        address = (reserved + page - 1) & -page
        return _Window(region, page, shift, reserved, reserved_bytes, address, granules)

    def _map(self, user: int, length: int, alignment: int) -> tuple[mmap.mmap, int]:
        for window in self._windows:
            region = window.region
            offset = user - region.user_address
            if 0 <= offset < region.length and length <= region.length - offset:
                break
        else:
            raise GuestError(
                f"A ring's part of {length} bytes at {user:#x} is not inside one memory region."
            )
        if user % alignment:
            raise GuestError(f"A ring's part at {user:#x} is not aligned to {alignment} bytes.")
        place = region.offset + offset
        start = place & -window.page
        end = (place + length + window.page - 1) & -window.page
        try:
            mapping = mmap.mmap(region.descriptor, end - start, offset=start)
        except (OSError, ValueError) as error:
            raise GuestError(f"A guest's ring cannot be mapped ({error}).") from error
        return mapping, address_of(mapping) + place - start


def address_of(mapping: mmap.mmap) -> int:
    """Return where a mapping begins in this process."""
    return int(np.frombuffer(mapping, np.uint8).ctypes.data)


_libc = ctypes.CDLL(None, use_errno=True)
_libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def _munmap(address: int, length: int) -> None:
    failed = _libc.munmap(address, length)
    assert failed == 0, os.strerror(ctypes.get_errno())
