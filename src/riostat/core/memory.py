"""Memory that is cheap to get: huge pages, and what malloc keeps.

The first touch of a page traps into the kernel, which zeroes it. In a virtual machine that takes
some three microseconds with giving it back: for pages of 4 KiB ten times as long as copying a
file's content there, and longer than most of what numpy does with a large array.
"""

import mmap
import os
from contextlib import suppress
from functools import cache

__all__ = ["fresh_memory", "keep_freed_memory", "read_fresh"]

_HUGE_PAGE = 2 << 20
# Zeroing a huge page costs as much as touching so much by small ones.
_SMALL_BYTES = 1 << 18
_KEPT_BYTES = 4 << 20


def fresh_memory(length: int) -> memoryview:
    """Return `length` bytes of private memory, all zero; it goes back with its last view.

    Where the kernel has no huge pages to give, small ones take their place.
    """
    if length < _SMALL_BYTES:
        return memoryview(bytearray(length))
    room = -(-length // _HUGE_PAGE) * _HUGE_PAGE  # only what is aligned can be huge
    memory = mmap.mmap(-1, room, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):  # a kernel built without them
        memory.madvise(mmap.MADV_HUGEPAGE)
    return memoryview(memory)[:length]


def read_fresh(descriptor: int, length: int, offset: int = 0) -> memoryview:
    """Return what a file holds from an offset on, at most `length` bytes of it; raises `OSError`.

    It is a copy: who reads a file that is mapped is killed when another process cuts it.
    """
    length = min(length, max(os.fstat(descriptor).st_size - offset, 0))
    room = fresh_memory(length)
    return room[: os.preadv(descriptor, [room], offset)].toreadonly()


@cache
def keep_freed_memory() -> None:
    """Let malloc use pieces of up to 4 MiB again, where it would give them back to the kernel.

    glibc does so once a piece as large was freed (mallopt(3), "dynamic mmap threshold"); this one
    is never touched. Freed memory of up to twice as much stays with the process from then on.
    """
    bytes(_KEPT_BYTES)
