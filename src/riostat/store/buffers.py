"""Memory that O_DIRECT takes: whole pages, used again, since new ones cost as much as a read."""

import mmap
import weakref
from collections import deque

import numpy as np

__all__ = ["BufferPool", "aligned_buffer"]

_PAGE = 4096


class BufferPool:
    """Buffers of one length; one comes back when nobody holds a view of it any more.

    At most `kept` buffers wait for their next use. Any thread may take one.
    """

    def __init__(self, length: int, *, kept: int) -> None:
        self.length = length
        self._kept = kept
        self._free: deque[mmap.mmap] = deque()
        self._lent: dict[int, tuple[weakref.ref[object], mmap.mmap]] = {}

    def take(self) -> memoryview:
        """Return a buffer; it holds whatever it was last used for."""
        try:
            pages = self._free.pop()
        except IndexError:
            pages = _new_pages(self.length)
        # Views of views all hold the array, which can say when it goes, as mappings cannot.
        array = np.frombuffer(pages, np.uint8)
        reference: weakref.ref[object] = weakref.ref(array, self._take_back)
        self._lent[id(reference)] = (reference, pages)
        return array.data

    def _take_back(self, reference: "weakref.ref[object]") -> None:
        _, pages = self._lent.pop(id(reference))
        if len(self._free) < self._kept:
            self._free.append(pages)


def aligned_buffer(length: int) -> memoryview:
    """Return whole pages of zeros, at least `length` bytes of them and at least one page."""
    return memoryview(_new_pages(length))


def _new_pages(length: int) -> mmap.mmap:
    size = max(-(-length // _PAGE), 1) * _PAGE
    # Shared memory, which is the default, takes twice as long to appear.
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
