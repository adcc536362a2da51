"""Compiled decoding of samples and interning of callchains: arrays in, counts out.

The layouts are those of `riostat.profiler.records`. Nothing of what the words say is believed:
every index is checked against the chunk's end before it is used.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["decode", "intern", "rehash"]

_SAMPLE = np.uint64(9)
_SAMPLE_WORDS = 9
_NO_EVENT = np.int64(0xFFFF)
_NO_WORDS = np.int64(0)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_LOW_QUARTER = np.uint64(0xFFFF)
_LOW_THREE = np.uint64(7)
_SHIFT_HALF = np.uint64(32)
_SHIFT_SIZE = np.uint64(48)
_SHIFT_BYTES = np.uint64(3)
_EMPTY = -1


@njit(cache=True, nogil=True)
def decode(
    words: NDArray[np.uint64],
    chunks: NDArray[np.uint64],
    times_ns: NDArray[np.uint64],
    ids: NDArray[np.uint64],
    wide: NDArray[np.uint64],
    narrow: NDArray[np.uint32],
    sample_words: NDArray[np.int64],
    side_words: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Decode the samples of chunks; return the numbers of samples, side records and damages.

    `chunks` u64[c, 3] are the words where a chunk begins and ends, and the time after which none
    of its samples can be; `times_ns` u64[3] the earliest time of the recording and the half-open
    span of samples to keep; `ids` u64[2, k] the ids of samples, sorted, and the event of each.

    What is kept goes to `wide` u64[4, n] (time, ip, weight, cgroup), `narrow` u32[5, n] (pid, tid,
    cpu, event, mode) and `sample_words` i64[n], where the sample begins; where side records begin
    goes to `side_words` i64[m]. There is room for as many records as the words can hold.
    """
    kept, sides, damaged = 0, 0, 0
    last_id = np.uint64(0)
    event = _event_of_id(last_id, ids)
    for c in range(len(chunks)):
        at, end = np.int64(chunks[c, 0]), np.int64(chunks[c, 1])
        while at < end:
            length = _words_of_record(words[at], end - at)
            if length == 0:
                damaged += 1
                break
            if words[at] & _LOW_HALF != _SAMPLE:
                side_words[sides] = at
                sides += 1
            elif not _is_sound(words, at, length, times_ns[0], chunks[c, 2]):
                damaged += 1
            else:
                if words[at + 1] != last_id:
                    last_id = words[at + 1]
                    event = _event_of_id(last_id, ids)
                if event == _NO_EVENT:
                    damaged += 1
                elif times_ns[1] <= words[at + 4] < times_ns[2]:
                    _keep(words, at, length, wide, narrow, kept)
                    narrow[3, kept] = event
                    sample_words[kept] = at
                    kept += 1
            at += length
    return kept, sides, damaged


@njit(cache=True, nogil=True)
def _words_of_record(header: np.uint64, room: np.int64) -> np.int64:
    size = header >> _SHIFT_SIZE
    length = np.int64(size >> _SHIFT_BYTES)
    return _NO_WORDS if (size & _LOW_THREE) != 0 or length > room else length


@njit(cache=True, nogil=True)
def _is_sound(
    words: NDArray[np.uint64],
    at: np.int64,
    length: np.int64,
    earliest_ns: np.uint64,
    latest_ns: np.uint64,
) -> bool:
    if length < _SAMPLE_WORDS or words[at + 7] != np.uint64(length - _SAMPLE_WORDS):
        return False
    return bool(earliest_ns <= words[at + 4] <= latest_ns)


@njit(cache=True, nogil=True)
def _event_of_id(identifier: np.uint64, ids: NDArray[np.uint64]) -> np.int64:
    place = np.searchsorted(ids[0], identifier)
    if place < ids.shape[1] and ids[0, place] == identifier:
        return np.int64(ids[1, place])
    return _NO_EVENT


@njit(cache=True, nogil=True)
def _keep(
    words: NDArray[np.uint64],
    at: np.int64,
    length: np.int64,
    wide: NDArray[np.uint64],
    narrow: NDArray[np.uint32],
    row: int,
) -> None:
    wide[0, row] = words[at + 4]
    wide[1, row] = words[at + 2]
    wide[2, row] = words[at + 6]
    wide[3, row] = words[at + length - 1]
    narrow[0, row] = words[at + 3] & _LOW_HALF
    narrow[1, row] = words[at + 3] >> _SHIFT_HALF
    narrow[2, row] = words[at + 5] & _LOW_QUARTER
    narrow[4, row] = (words[at] >> _SHIFT_HALF) & _LOW_THREE


@njit(cache=True, nogil=True)
def intern(
    words: NDArray[np.uint64],
    sample_words: NDArray[np.int64],
    progress: NDArray[np.int64],
    multiplier: np.uint64,
    table: NDArray[np.int32],
    offsets: NDArray[np.int64],
    frames: NDArray[np.uint64],
    stacks: NDArray[np.uint32],
) -> None:
    """Give the callchains of samples their ids, in the order in which chains first appear.

    `progress` i64[2] says how many samples are done and how many chains are known; it is brought
    up to date, and fewer than all samples are done where an array has to grow first. The k-th chain
    is ``frames[offsets[k]:offsets[k + 1]]``; `table`, its length a power of two, is an
    open-addressing table of chains. `multiplier` is odd, and unknown to who wrote the file. The
    id of each sample's chain goes to `stacks` u32[n].
    """
    room = min(len(offsets) - 1, len(table) // 2)
    done, known = progress
    while done < len(sample_words):
        start = sample_words[done] + 8
        depth = np.int64(words[start - 1])
        slot = _find(words, start, depth, multiplier, table, offsets, frames)
        if table[slot] == _EMPTY:
            first = offsets[known]
            if known == room or first + depth > len(frames):
                break
            frames[first : first + depth] = words[start : start + depth]
            offsets[known + 1] = first + depth
            table[slot] = known
            known += 1
        stacks[done] = table[slot]
        done += 1
    progress[0], progress[1] = done, known


@njit(cache=True, nogil=True)
def _find(
    words: NDArray[np.uint64],
    start: np.int64,
    depth: np.int64,
    multiplier: np.uint64,
    table: NDArray[np.int32],
    offsets: NDArray[np.int64],
    frames: NDArray[np.uint64],
) -> np.int64:
    """Return the slot of a chain, or the empty one where it belongs."""
    value = multiplier
    for k in range(depth):
        value = (value ^ words[start + k]) * multiplier
        value ^= value >> _SHIFT_HALF
    mask = np.uint64(len(table) - 1)
    slot = np.int64(value & mask)
    while table[slot] != _EMPTY:
        first = offsets[table[slot]]
        if offsets[table[slot] + 1] - first == depth:
            k = 0
            while k < depth and frames[first + k] == words[start + k]:
                k += 1
            if k == depth:
                break
        slot = np.int64(np.uint64(slot + 1) & mask)
    return slot


@njit(cache=True, nogil=True)
def rehash(
    known: int,
    multiplier: np.uint64,
    table: NDArray[np.int32],
    offsets: NDArray[np.int64],
    frames: NDArray[np.uint64],
) -> None:
    """Fill an empty table with the first `known` chains, all of them different."""
    for k in range(known):
        depth = offsets[k + 1] - offsets[k]
        slot = _find(frames, offsets[k], depth, multiplier, table, offsets, frames)
        table[slot] = k
