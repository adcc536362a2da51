"""Reading blocks: from memory, or from the copy that is expected to be there first.

The choice among copies is the argmin over their disks of (queued + 1) x expected service time; a
copy that cannot be read or is not the block gives way to the other, and is repaired.
"""

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from riostat.core.clock import Clock
from riostat.core.errors import BlockLostError, ObjectNotFoundError, StoreError
from riostat.core.histogram import LogHistogram
from riostat.core.text import printable
from riostat.store.blockcache import BlockCache
from riostat.store.catalogue import Catalogue, Layouts
from riostat.store.diskset import DiskSet, Expected
from riostat.store.layouts import Place
from riostat.store.objects import ObjectVersion
from riostat.store.slots import SlotKind

__all__ = ["BlockReader", "Repair"]

_LAYOUT_BYTES_KEPT = 64 << 20
_LAYOUT_OVERHEAD = 1024
_AHEAD = 4

Repair = Callable[[ObjectVersion, int], None]
"""Called, from any thread, with a block of which a copy is wrong."""


@dataclass(slots=True, eq=False)
class _Read:
    """One block on its way out, and the copies that have failed it."""

    version: ObjectVersion
    index: int
    deadline_ns: int
    submitted_ns: int
    keep: bool
    future: Future[memoryview] = field(default_factory=Future)
    failed: set[Place] = field(default_factory=set)


class BlockReader:
    """Reads blocks of object versions, verified.

    `delay` counts the time from request to block in ns, of blocks that were not in memory,
    `late` those of them that came after their deadline.
    """

    def __init__(
        self,
        disks: DiskSet,
        catalogue: Catalogue,
        *,
        cache_bytes: int,
        clock: Clock,
        repair: Repair,
    ) -> None:
        self.cache = BlockCache(cache_bytes)
        self.delay = LogHistogram()
        self.late = 0
        self.failed_copies = 0
        self._disks = disks
        self._catalogue = catalogue
        self._clock = clock
        self._repair = repair
        self._lock = threading.Lock()
        self._layouts: OrderedDict[str, Layouts] = OrderedDict()
        self._layout_bytes = 0

    def cached(self, version: ObjectVersion, index: int) -> memoryview | None:
        """Return a block that is in memory."""
        return self.cache.get(version.version, index)

    def submit(
        self, version: ObjectVersion, index: int, deadline_ns: int, *, keep: bool = True
    ) -> Future[memoryview]:
        """Have a block read, and kept in memory; the future gives its bytes, or `StoreError`.

        A future that is cancelled in time costs the disk nothing.
        """
        assert 0 <= index < version.blocks, index
        read = _Read(version, index, deadline_ns, self._clock.monotonic_ns(), keep)
        block = self.cached(version, index)
        if block is not None:
            read.future.set_result(block)
        else:
            self._try_next(read, self._layouts_of(version))
        return read.future

    def read(self, version: ObjectVersion, start: int, stop: int) -> Iterator[memoryview]:
        """Yield the bytes from `start` up to `stop`, a few blocks being read ahead.

        They are not kept: what is read once from end to end would push out what is shared.
        """
        block_bytes = version.block_bytes
        indices = iter(range(start // block_bytes, -(-stop // block_bytes)))
        ahead: deque[tuple[int, Future[memoryview]]] = deque()
        while True:
            while len(ahead) < _AHEAD and (index := next(indices, None)) is not None:
                slack_ns = self._disks.slack_ns()
                ahead.append((index, self.submit(version, index, slack_ns, keep=False)))
            if not ahead:
                return
            index, future = ahead.popleft()
            first = index * block_bytes
            yield future.result()[max(start - first, 0) : stop - first]

    def take_delay(self) -> tuple[LogHistogram, int]:
        """Return the delays and the number of late blocks since the last call."""
        with self._lock:
            taken, self.delay = self.delay, LogHistogram()
            late, self.late = self.late, 0
        return taken, late

    def places(
        self, version: ObjectVersion, layouts: Layouts, index: int
    ) -> tuple[tuple[Place, ...], Expected]:
        """Return where the copies of a block lie and what must be there."""
        if version.inline >= 0:
            length = version.inline + version.size
            expected = Expected(SlotKind.MANIFEST, version.version, 0, length)
            return layouts.manifest.places(0), expected
        length = version.block_length(index)
        return layouts.data.places(index), Expected(SlotKind.DATA, version.version, index, length)

    def forget_layout(self, version: str) -> None:
        """Have a layout looked up anew: it has changed."""
        with self._lock:
            self._drop_layout(version)

    def _drop_layout(self, version: str) -> None:
        layouts = self._layouts.pop(version, None)
        if layouts is not None:
            self._layout_bytes -= _size(layouts)

    def _layouts_of(self, version: ObjectVersion) -> Layouts:
        with self._lock:
            layouts = self._layouts.get(version.version)
            if layouts is not None:
                self._layouts.move_to_end(version.version)
                return layouts
        layouts = self._catalogue.layouts(version.version)
        if layouts is None:
            raise _gone(version)
        with self._lock:
            self._drop_layout(version.version)
            self._layouts[version.version] = layouts
            self._layout_bytes += _size(layouts)
            while self._layout_bytes > _LAYOUT_BYTES_KEPT:
                self._drop_layout(next(iter(self._layouts)))
        return layouts

    def _try_next(self, read: _Read, layouts: Layouts) -> None:
        """Read the best copy that has not failed, or give up."""
        places, expected = self.places(read.version, layouts, read.index)
        left = [p for p in places if p not in read.failed and self._disks.is_present(p.disk)]
        if not left:
            self._give_up(read)
            return
        place = min(left, key=lambda p: self._disks.queue(p.disk).expected_finish_ns)
        inner = self._disks.submit_read(place, expected, read.deadline_ns)
        read.future.add_done_callback(_cancelling(weakref.ref(inner)))
        inner.add_done_callback(lambda done: self._finish(read, place, layouts, done))

    def _finish(
        self, read: _Read, place: Place, layouts: Layouts, done: Future[memoryview]
    ) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is not None and not isinstance(error, StoreError):
            _fail(read, error)
            return
        if error is not None:
            read.failed.add(place)
            with self._lock:
                self.failed_copies += 1
            try:
                self._try_next(read, layouts)
            except StoreError as refused:
                _fail(read, refused)
            return
        block = done.result()[max(read.version.inline, 0) :]
        if read.keep:
            self.cache.put(read.version.version, read.index, block)
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            self.delay.record(max(now_ns - read.submitted_ns, 0))
            self.late += now_ns > read.deadline_ns
        if read.failed:
            self._repair(read.version, read.index)
        if read.future.set_running_or_notify_cancel():
            read.future.set_result(block)

    def _give_up(self, read: _Read) -> None:
        """Every copy where it was known to be has failed: it may have moved, or be gone."""
        version = read.version
        self.forget_layout(version.version)
        layouts = self._catalogue.layouts(version.version)
        if layouts is None:
            raise _gone(version)
        places, _ = self.places(version, layouts, read.index)
        if any(p not in read.failed and self._disks.is_present(p.disk) for p in places):
            self._try_next(read, layouts)
            return
        if read.failed:
            self._repair(version, read.index)
        raise BlockLostError(
            f"Block {read.index} of {version.bucket}/{printable(version.key)} cannot be read from "
            f"any of its {len(places)} copies; bring missing disks back, or write the object again."
        )


def _cancelling(inner: "weakref.ref[Future[memoryview]]") -> Callable[[Future[memoryview]], None]:
    """Return what passes a cancellation on.

    It holds the inner future weakly: a future keeps its callbacks when it is done, and a circle of
    the two would keep the block in memory until the collector of circles comes by.
    """

    def pass_on(outer: Future[memoryview]) -> None:
        waiting = inner()
        if outer.cancelled() and waiting is not None:
            waiting.cancel()

    return pass_on


def _size(layouts: Layouts) -> int:
    return len(layouts.data.encoded) + len(layouts.manifest.encoded) + _LAYOUT_OVERHEAD


def _fail(read: _Read, error: BaseException) -> None:
    if read.future.set_running_or_notify_cancel():
        read.future.set_exception(error)


def _gone(version: ObjectVersion) -> ObjectNotFoundError:
    return ObjectNotFoundError(
        f"This version of {version.bucket}/{printable(version.key)} has been overwritten or "
        "deleted; read it again."
    )
