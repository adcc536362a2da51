"""Callchains: each different one is kept once, in the order in which they first appear.

Two ways give the same: a dictionary in Python where there are few samples, and the compiled table
of `riostat.profiler.kernels`, which many samples share.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

__all__ = ["Callchains", "ChainTable", "Mode", "intern_plainly", "split_modes"]

_CHAIN_WORD = 8  # of a sample, where its callchain begins
_FIRST_MARKER = np.uint64((1 << 64) - 4095)
_KERNEL_HALF = np.uint64(1 << 63)
_CHAINS = 1 << 12
_FRAMES = 1 << 16
_EMPTY = -1


class Mode(IntEnum):
    """Where a CPU was: PERF_RECORD_MISC_CPUMODE of ``include/uapi/linux/perf_event.h``."""

    UNKNOWN = 0
    KERNEL = 1
    USER = 2
    HYPERVISOR = 3
    GUEST_KERNEL = 4
    GUEST_USER = 5


# enum perf_callchain_context, as the distance below 1 << 64.
_MARKERS = {
    32: Mode.HYPERVISOR,
    128: Mode.KERNEL,
    512: Mode.USER,
    640: Mode.USER,
    2048: Mode.GUEST_KERNEL,
    2176: Mode.GUEST_KERNEL,
    2560: Mode.GUEST_USER,
}
_MODES_OF_MARKERS = np.zeros(4096, np.uint8)
_MODES_OF_MARKERS[list(_MARKERS)] = list(_MARKERS.values())


@dataclass(frozen=True, slots=True)
class Callchains:
    """The callchains of samples, innermost frame first.

    `stacks` u32[n] is the chain of each sample; the frames of chain k are
    ``ips[offsets[k]:offsets[k + 1]]`` (u64), each with its `Mode` in `modes` (u8).
    """

    stacks: NDArray[np.uint32]
    offsets: NDArray[np.int64]
    ips: NDArray[np.uint64]
    modes: NDArray[np.uint8]


def split_modes(
    offsets: NDArray[np.int64], words: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.uint8]]:
    """Take the context markers out of interned chains; return offsets, addresses and modes.

    A marker says where the frames behind it ran; frames before the first marker are the kernel's
    where their address is in its half.
    """
    markers = words >= _FIRST_MARKER
    positions = np.arange(len(words))
    begins = np.zeros(len(words), bool)
    begins[offsets[:-1][offsets[:-1] < offsets[1:]]] = True
    last = np.maximum.accumulate(np.where(markers | begins, positions, 0))
    depth_below = np.uint64(0) - words[last]
    modes = np.where(words >= _KERNEL_HALF, np.uint8(Mode.KERNEL), np.uint8(Mode.USER))
    marked = markers[last]
    modes[marked] = _MODES_OF_MARKERS[depth_below[marked]]
    frames = ~markers
    before = np.zeros(len(words) + 1, np.int64)
    np.cumsum(frames, out=before[1:])
    return before[offsets], words[frames], modes[frames]


def intern_plainly(
    batches: Iterable[tuple[NDArray[np.uint64], NDArray[np.int64]]],
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.uint64]]:
    """Intern the chains of samples; return the id of each, and the chains' offsets and words.

    A batch is its words and where in them samples begin.
    """
    ids: dict[bytes, int] = {}
    identify = ids.setdefault
    stacks: list[int] = []
    for words, sample_words in batches:
        data = words.tobytes()
        starts = sample_words + _CHAIN_WORD
        ends = starts + words[starts - 1].astype(np.int64)
        stacks += [
            identify(data[begin:end], len(ids))
            for begin, end in zip((starts * 8).tolist(), (ends * 8).tolist(), strict=True)
        ]
    offsets = np.zeros(len(ids) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, ids), np.int64, len(ids)) >> 3, out=offsets[1:])
    return np.array(stacks, np.uint32), offsets, np.frombuffer(b"".join(ids), "<u8")


class ChainTable:
    """The chains of many batches of samples, interned by compiled code."""

    def __init__(self, kernels: ModuleType) -> None:
        self._kernels = kernels
        self._multiplier = np.uint64(secrets.randbits(64) | 1)
        self._known = 0
        self._table = np.full(2 * _CHAINS, _EMPTY, np.int32)
        self._offsets = np.zeros(_CHAINS + 1, np.int64)
        self._frames = np.empty(_FRAMES, np.uint64)

    def intern(
        self, words: NDArray[np.uint64], sample_words: NDArray[np.int64]
    ) -> NDArray[np.uint32]:
        """Return the ids of the chains of a batch's samples."""
        stacks = np.empty(len(sample_words), np.uint32)
        progress = np.array([0, self._known], np.int64)
        while True:
            self._kernels.intern(
                words,
                sample_words,
                progress,
                self._multiplier,
                self._table,
                self._offsets,
                self._frames,
                stacks,
            )
            done, self._known = progress.tolist()
            if done == len(sample_words):
                return stacks
            self._grow(int(words[sample_words[done] + _CHAIN_WORD - 1]))

    def chains(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return the offsets and the words of all chains."""
        offsets = self._offsets[: self._known + 1]
        return offsets, self._frames[: offsets[-1]]

    def _grow(self, depth: int) -> None:
        """Make room for one more chain of this depth."""
        if self._known == len(self._offsets) - 1:
            self._offsets = np.concatenate([self._offsets, np.zeros(self._known, np.int64)])
            self._table = np.full(2 * len(self._table), _EMPTY, np.int32)
            self._kernels.rehash(
                self._known, self._multiplier, self._table, self._offsets, self._frames
            )
        while self._offsets[self._known] + depth > len(self._frames):
            self._frames = np.concatenate([self._frames, np.empty_like(self._frames)])
