"""The memory of a guest that is a process: a sealed memfd of its own, with rings and buffers.

Nothing else of the process is shared. The file can neither shrink nor grow, so a switch may map
it without a worker of its own. Every ring's descriptor table is written once: descriptor i is
buffer i for ever, read by the switch on transmit rings and written by it on receive rings, so a
ring is driven by its available and used indexes alone.
"""

import ctypes
import fcntl
import mmap
import os
import struct
from dataclasses import dataclass
from typing import Final

from riostat.switch.vhost.messages import MemoryRegion, VringAddress

__all__ = ["HEADER_BYTES", "Pool", "PoolRing"]

HEADER_BYTES: Final = 12
"""Bytes of the virtio-net header at the front of every buffer (VIRTIO 1.2, 5.1.6)."""

_GUEST_ADDRESS: Final = 1 << 32
_PAGE: Final = 4096
_DESCRIPTOR: Final = struct.Struct("<QIHH")
_INDEX: Final = struct.Struct("<H")
_LENGTH: Final = struct.Struct("<I")
_USED: Final = struct.Struct("<II")
_WRITE: Final = 2
_NO_INTERRUPT: Final = 1
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL


@dataclass(frozen=True, slots=True)
class PoolRing:
    """Where a ring and its buffers lie in the pool, in bytes from its beginning.

    Rings with an even index receive; buffer i begins at `buffers + i * buffer_bytes`.
    """

    index: int
    size: int
    descriptors: int
    available: int
    used: int
    buffers: int
    buffer_bytes: int

    @property
    def end(self) -> int:
        """Where the ring's buffers end."""
        return self.buffers + self.size * self.buffer_bytes


class Pool:
    """Memory for `queues` pairs of rings with `ring_size` entries and buffers each.

    A buffer has `buffer_bytes`, of which the first 12 are the header. Addresses that descriptors
    hold are those of an address space of the pool's own, `guest_address` for its first byte.
    """

    def __init__(self, *, queues: int, ring_size: int, buffer_bytes: int) -> None:
        assert ring_size & (ring_size - 1) == 0
        self.rings: list[PoolRing] = []
        end = 0
        for index in range(2 * queues):
            self.rings.append(_place(index, ring_size, buffer_bytes, end))
            end = _up(self.rings[-1].end)
        self.size = end
        self.guest_address = _GUEST_ADDRESS
        self.descriptor = os.memfd_create("riostat-guest", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(self.descriptor, self.size)
            fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, _SEALS)
            self.memory = mmap.mmap(self.descriptor, self.size)
        except OSError:
            os.close(self.descriptor)
            raise
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory))
        for ring in self.rings:
            self._describe(ring)

    def close(self) -> None:
        """Give the memory back; what the switch has mapped of it lives until it is revoked."""
        self.memory.close()
        os.close(self.descriptor)

    def regions(self) -> list[MemoryRegion]:
        """Return the pool as SET_MEM_TABLE has it."""
        return [MemoryRegion(self.guest_address, self.size, self.address, 0)]

    def vring_address(self, ring: PoolRing) -> VringAddress:
        """Return where a ring's parts lie in this process."""
        return VringAddress(
            index=ring.index,
            flags=0,
            descriptors=self.address + ring.descriptors,
            used=self.address + ring.used,
            available=self.address + ring.available,
        )

    def available_index(self, ring: PoolRing) -> int:
        """Return how many buffers were made available, modulo 2^16."""
        return int(_INDEX.unpack_from(self.memory, ring.available + 2)[0])

    def make_available(self, ring: PoolRing, count: int) -> None:
        """Hand the next `count` buffers to the switch: one store, since entry i is buffer i."""
        index = (self.available_index(ring) + count) & 0xFFFF
        _INDEX.pack_into(self.memory, ring.available + 2, index)

    def used_index(self, ring: PoolRing) -> int:
        """Return how many buffers the switch has given back, modulo 2^16."""
        return int(_INDEX.unpack_from(self.memory, ring.used + 2)[0])

    def in_flight(self, ring: PoolRing) -> int:
        """Return how many buffers the switch has at present."""
        return (self.available_index(ring) - self.used_index(ring)) & 0xFFFF

    def mute(self, ring: PoolRing) -> None:
        """Ask the switch not to signal the ring's call eventfd."""
        _INDEX.pack_into(self.memory, ring.available, _NO_INTERRUPT)

    def used_bytes(self, ring: PoolRing, position: int) -> tuple[int, int]:
        """Return buffer and bytes of what was given back as the `position`-th, modulo the size."""
        entry = ring.used + 4 + (position & (ring.size - 1)) * _USED.size
        buffer, length = _USED.unpack_from(self.memory, entry)
        return int(buffer), int(length)

    def write(self, ring: PoolRing, buffer: int, frame: bytes) -> None:
        """Put a frame into a buffer of a transmit ring, behind a header that asks for nothing."""
        assert HEADER_BYTES + len(frame) <= ring.buffer_bytes
        start = ring.buffers + buffer * ring.buffer_bytes
        self.memory[start : start + HEADER_BYTES + len(frame)] = bytes(HEADER_BYTES) + frame
        _LENGTH.pack_into(
            self.memory,
            ring.descriptors + buffer * _DESCRIPTOR.size + 8,
            HEADER_BYTES + len(frame),
        )

    def read(self, ring: PoolRing, buffer: int, length: int) -> bytes:
        """Return the frame of `length` bytes, header included, in a buffer of a receive ring."""
        start = ring.buffers + buffer * ring.buffer_bytes
        return self.memory[start + HEADER_BYTES : start + min(length, ring.buffer_bytes)]

    def _describe(self, ring: PoolRing) -> None:
        flags = 0 if ring.index % 2 else _WRITE
        for at in range(ring.size):
            address = self.guest_address + ring.buffers + at * ring.buffer_bytes
            _DESCRIPTOR.pack_into(
                self.memory,
                ring.descriptors + at * _DESCRIPTOR.size,
                address,
                ring.buffer_bytes,
                flags,
                0,
            )
            _INDEX.pack_into(self.memory, ring.available + 4 + at * _INDEX.size, at)


def _place(index: int, size: int, buffer_bytes: int, start: int) -> PoolRing:
    available = start + size * _DESCRIPTOR.size
    used = (available + 6 + size * _INDEX.size + 63) & ~63
    buffers = _up(used + 6 + size * _USED.size)
    return PoolRing(index, size, start, available, used, buffers, buffer_bytes)


def _up(value: int) -> int:
    return (value + _PAGE - 1) & -_PAGE
