"""Chunks of perf records, put together, and where in them the records begin."""

from bisect import bisect_left
from collections.abc import Sequence
from mmap import mmap

import numpy as np
from numpy.typing import NDArray

from riostat.core.frames import BytesLike
from riostat.profiler.records import SAMPLE, walk

__all__ = ["Batch", "record_starts"]

_PREFIX_BYTES = 8
_LOW_HALF = np.uint64(0xFFFFFFFF)
_SHIFT_SIZE = np.uint64(48)
_LARGE_BYTES = 4096  # on average
# Below so many words a chunk is walked sooner than it is searched.
_SEARCHED_WORDS = 4096


class Batch:
    """Chunks to decode together.

    `words` u64 hold them all; `chunks` u64[c, 3] are the words where each begins and ends, and the
    time after which nothing in it can be.

    A payload is eight bytes that say which CPU's ring it comes from, and a chunk; what stands
    behind its last whole word is damage. Large ones that lie in one buffer, as those read from a
    file in one piece, are not copied.
    """

    def __init__(self, payloads: Sequence[tuple[memoryview, int]]) -> None:
        parts = [payload[_PREFIX_BYTES : len(payload) & ~7] for payload, _ in payloads]
        self.damaged = sum(len(p) < _PREFIX_BYTES or len(p) % 8 != 0 for p, _ in payloads)
        lengths = np.array([len(part) >> 3 for part in parts], np.uint64)
        self.words, begins = _in_place(parts) or _joined(parts, lengths)
        latest_ns = np.array([latest for _, latest in payloads], np.uint64)
        self.chunks = np.column_stack([begins, begins + lengths, latest_ns])

    def latest_of(self, words: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return after which time nothing can be that stands at these words, which are sorted."""
        if len(self.chunks) == 1:
            return np.broadcast_to(self.chunks[0, 2], words.shape)
        begins = np.searchsorted(words, self.chunks[:, 0].astype(np.int64))
        return np.repeat(self.chunks[:, 2], np.diff(begins, append=len(words)))


def _in_place(
    parts: Sequence[memoryview],
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]] | None:
    """Return the words of one buffer that all parts lie in, and where the parts begin in them.

    None where they do not, or not at whole words, or are so small that copying is quicker.
    """
    buffer = parts[0].obj if parts else None
    if (
        not isinstance(buffer, bytes | bytearray | mmap)
        or not all(map(len, parts))
        or sum(map(len, parts)) < _LARGE_BYTES * len(parts)
        or any(part.obj is not buffer for part in parts)
    ):
        return None
    begins = np.array([_address(part) for part in parts])
    first, last = int(begins.min()), max(b + len(p) for b, p in zip(begins, parts, strict=True))
    words = np.frombuffer(buffer, np.uint64, last - first >> 3, first - _address(buffer))
    offsets = (begins - first).astype(np.uint64)
    if not words.flags.aligned or np.any(offsets & np.uint64(7)):
        return None
    return words, offsets >> np.uint64(3)


def _address(buffer: BytesLike | mmap) -> int:
    """Return where a buffer lies in memory."""
    address, _ = np.frombuffer(buffer, np.uint8).__array_interface__["data"]
    return int(address)


def _joined(
    parts: Sequence[memoryview], lengths: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    words = np.frombuffer(b"".join(parts), np.uint64)
    return words, np.cumsum(lengths) - lengths


def record_starts(batch: Batch) -> tuple[NDArray[np.int64], int]:
    """Return the words where records begin, i64[n], and how many chunks are cut.

    A record with a size that cannot be ends its chunk.
    """
    halves = batch.words.data.cast("B").cast("H")
    parts = [np.zeros(0, np.int64)]
    cut = 0
    for begin, end in batch.chunks[:, :2].tolist():
        if end - begin < _SEARCHED_WORDS:
            starts: list[int] = []
            whole = walk(halves, 4 * begin, starts, stop=4 * end, end=4 * end) is not None
            parts.append(np.array(starts, np.int64) >> 2)
        else:
            found, whole = _search(batch.words[begin:end], halves[4 * begin : 4 * end])
            parts.append(found + begin)
        cut += not whole
    return np.concatenate(parts), cut


def _search(words: NDArray[np.uint64], halves: memoryview) -> tuple[NDArray[np.int64], bool]:
    """Return where the records of a chunk begin, and whether it is whole.

    Words that look like the header of a sample are found all at once. Where one ends at the next
    they are a run, and once its first is known to be a record, so are all. What lies between runs
    is walked, so that words that only look like a header are passed over.
    """
    likely = np.flatnonzero(words.astype(np.uint32) == SAMPLE)  # the type is the lower half
    sizes = words[likely] >> _SHIFT_SIZE
    ends = likely + (sizes >> np.uint64(3)).astype(np.int64)
    usable = (sizes & np.uint64(7) == 0) & (ends > likely) & (ends <= len(words))
    likely, ends = likely[usable], ends[usable]
    last_of_runs = [*np.flatnonzero(ends[:-1] != likely[1:]).tolist(), len(likely) - 1]
    begins, are_records = likely.data, np.ones(len(likely), np.bool_)
    others: list[int] = []
    at, passed, whole = 0, 0, True
    while whole and at < len(words):
        first = bisect_left(begins, at, passed)
        are_records[passed:first] = False
        if first < len(begins) and begins[first] == at:
            last = last_of_runs[bisect_left(last_of_runs, first)]
            at, passed = int(ends[last]), last + 1
            continue
        stop = begins[first] if first < len(begins) else len(words)
        reached = walk(halves, 4 * at, others, stop=4 * stop, end=4 * len(words))
        whole = reached is not None
        at, passed = (reached or 0) >> 2, first
    are_records[passed:] = False
    found = likely[are_records]
    if others:
        found = np.concatenate([found, np.array(others, np.int64) >> 2])
        found.sort()
    return found, whole
