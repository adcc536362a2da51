"""The ring that the kernel writes the records of one CPU into, mapped into this process.

The kernel advances ``data_head``, the reader ``data_tail``; both only grow, and the bytes between
them are unread. The head always stands behind a whole record (``include/uapi/linux/perf_event.h``,
struct perf_event_mmap_page).
"""

import _thread
import mmap

__all__ = ["PAGE_BYTES", "Ring"]

PAGE_BYTES = mmap.PAGESIZE

_HEAD = 1024
_TAIL = 1032

# Releasing a lock and taking it again orders every load before against every load and store after:
# the records must be read after the head and before the tail. x86-64 needs no such order, aarch64
# does, and Python has no other fence.
_fence = _thread.allocate_lock()
_fence.acquire()


class Ring:
    """The unread records of one CPU.

    `data_bytes` is a power of two of whole pages. Raises `OSError`, with EPERM where the memory
    that this user may lock (``kernel.perf_event_mlock_kb``) is used up.
    """

    def __init__(self, descriptor: int, *, cpu: int, data_bytes: int) -> None:
        assert data_bytes % PAGE_BYTES == 0, data_bytes
        assert data_bytes & (data_bytes - 1) == 0, data_bytes
        self.cpu = cpu
        self._map = mmap.mmap(descriptor, PAGE_BYTES + data_bytes)
        self._view = memoryview(self._map)
        self._head = self._view[_HEAD : _HEAD + 8].cast("Q")
        self._tail = self._view[_TAIL : _TAIL + 8].cast("Q")
        self._data = self._view[PAGE_BYTES:]
        self._size = data_bytes

    def unread(self) -> tuple[memoryview, ...]:
        """Return the unread bytes: nothing, one part, or two where they go around the end."""
        tail = self._tail[0]
        length = self._head[0] - tail
        if length == 0:
            return ()
        _fence.release()
        _fence.acquire()
        start = tail & (self._size - 1)
        end = start + length
        if end <= self._size:
            return (self._data[start:end],)
        return (self._data[start:], self._data[: end - self._size])

    def consume(self, length: int) -> None:
        """Give `length` bytes, which have been read, back to the kernel."""
        _fence.release()
        _fence.acquire()
        self._tail[0] += length

    def close(self) -> None:
        """Let go of the ring, which is unmapped with the last part that `unread` gave.

        An error on its way out may still hold such a part.
        """
        for view in (self._head, self._tail, self._data, self._view):
            view.release()
        del self._map
