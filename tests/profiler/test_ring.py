"""The ring against a model: the kernel's side of one, in a file in memory."""

import os
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.ring import PAGE_BYTES, Ring

SIZE = 2 * PAGE_BYTES


class Kernel:
    """Writes into a ring as the kernel does: never over what is unread."""

    def __init__(self) -> None:
        self.descriptor = os.memfd_create("ring")
        os.ftruncate(self.descriptor, PAGE_BYTES + SIZE)
        self._next = 0

    def _word(self, offset: int) -> int:
        value: int = struct.unpack("<Q", os.pread(self.descriptor, 8, offset))[0]
        return value

    def write(self, length: int) -> bytes:
        head, tail = self._word(1024), self._word(1032)
        length = min(length, SIZE - (head - tail)) & ~7
        data = bytes((self._next + i) % 251 for i in range(length))
        self._next += length
        at = head % SIZE
        os.pwrite(self.descriptor, data[: SIZE - at], PAGE_BYTES + at)
        os.pwrite(self.descriptor, data[SIZE - at :], PAGE_BYTES)
        os.pwrite(self.descriptor, struct.pack("<Q", head + length), 1024)
        return data


@pytest.fixture(scope="module")
def kernel_and_ring() -> Iterator[tuple[Kernel, Ring]]:
    kernel = Kernel()
    ring = Ring(kernel.descriptor, cpu=3, data_bytes=SIZE)
    assert ring.cpu == 3
    yield kernel, ring
    ring.close()
    os.close(kernel.descriptor)


@given(steps=st.lists(st.tuples(st.booleans(), st.integers(0, SIZE + 64)), max_size=30))
def test_what_is_written_is_read_once_and_in_order(
    kernel_and_ring: tuple[Kernel, Ring], steps: list[tuple[bool, int]]
) -> None:
    kernel, ring = kernel_and_ring
    written, read = bytearray(), bytearray()
    for writes, length in [*steps, (False, SIZE)]:
        if writes:
            written += kernel.write(length)
        else:
            unread = b"".join(ring.unread())
            assert unread == written[len(read) :]
            taken = unread[: length & ~7]
            read += taken
            ring.consume(len(taken))
    assert read == written
    assert ring.unread() == ()


def test_a_full_ring_is_read_whole(kernel_and_ring: tuple[Kernel, Ring]) -> None:
    kernel, ring = kernel_and_ring
    kernel.write(24)
    ring.consume(24)
    data = kernel.write(SIZE)
    assert len(data) == SIZE
    assert b"".join(ring.unread()) == data
    ring.consume(SIZE)


def test_a_descriptor_without_a_ring_is_refused() -> None:
    read, write = os.pipe()
    with pytest.raises(OSError, match=r"."):
        Ring(read, cpu=0, data_bytes=SIZE)
    os.close(read)
    os.close(write)
