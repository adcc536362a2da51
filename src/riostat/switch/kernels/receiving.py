"""Receiving: a batch of frames from a port of each kind is fetched, forwarded and finished.

A batch has at most BATCH frames and about BATCH_BYTES bytes, so that no port holds up the others.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.kernels.forwarding import break_off, drop, finish, forward
from riostat.switch.kernels.frames import hold, look_at_headers
from riostat.switch.kernels.grants import copy_from_guest, end_frame_grants
from riostat.switch.kernels.links import LINK_READ, take
from riostat.switch.kernels.memory import (
    address,
    c_read,
    load64,
    store64_release,
)
from riostat.switch.kernels.rings import available, fill, head, publish, rewind, walk

__all__ = ["from_guest", "from_link", "from_tap"]

_LIMIT = limits.FRAME_BYTES_MAX + limits.HEADER_BYTES


@njit(cache=True, nogil=True)
def _received(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    table: NDArray[np.int64],
    port: int,
    pair: int,
    header: int,
) -> None:
    """Count the frame in hand, and forward it or count its drop."""
    row = state[port + at.ROW] + at.COUNT_QUEUES + 4 * pair
    board[row] += 1
    board[row + 1] += max(state[at.SOURCE_BYTES] - header, 0)
    result = look_at_headers(state, header)
    if result == 0:
        result = forward(state, board, table, port)
    if result < 0:
        drop(state, board, port, result)


@njit(cache=True, nogil=True)
def _refuse(
    state: NDArray[np.int64], board: NDArray[np.int64], port: int, pair: int, result: int
) -> None:
    """Count a frame that cannot be taken in hand, and its drop."""
    board[state[port + at.ROW] + at.COUNT_QUEUES + 4 * pair] += 1
    drop(state, board, port, result)


@njit(cache=True, nogil=True)
def from_guest(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    table: NDArray[np.int64],
    port: int,
    pair: int,
) -> int:
    """Forward a batch that a guest transmits on a queue pair; return how many frames it had."""
    ring = state[port + at.FIRST_RING] + (2 * pair + 1) * at.RING_FIELDS
    if not state[ring + at.ENABLED]:
        return 0
    ready = min(available(state, ring, 0), limits.BATCH)
    if ready <= 0:
        if ready < 0:
            break_off(state, board, port, ready)
        return 0
    if state[port + at.POLICY] == codes.COPY:
        fault = _copied_batch(state, board, table, port, pair, ring, ready)
    else:
        fault = _mapped_batch(state, board, table, port, pair, ring, ready)
    finish(state, board, port)
    done = int(state[ring + at.FILLED])
    publish(state, ring)
    if fault < 0:
        break_off(state, board, port, fault)
    return done


@njit(cache=True, nogil=True)
def _mapped_batch(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    table: NDArray[np.int64],
    port: int,
    pair: int,
    ring: int,
    ready: int,
) -> int:
    header = state[port + at.HEADER]
    stable = int(state[port + at.POLICY] != codes.MAP)
    moved = 0
    while ready > 0 and moved < limits.BATCH_BYTES and state[port + at.STATE] == codes.RUNNING:
        found = head(state, ring, state[ring + at.FILLED])
        if found < 0:
            return found
        count = walk(state, board, port, ring, found, _LIMIT, 0, at.SOURCE, limits.SEGMENTS_MAX)
        if codes.DROPPED < count < 0:
            end_frame_grants(state, 0)
            return count
        if count < 0:
            _refuse(state, board, port, pair, count)
        else:
            state[at.SOURCE_COUNT] = count
            state[at.SOURCE_BYTES] = state[at.WALKED_BYTES]
            state[at.SOURCE_STABLE] = stable
            moved += state[at.WALKED_BYTES]
            _received(state, board, table, port, pair, header)
        end_frame_grants(state, 0)
        fill(state, ring, found, 0)
        ready -= 1
    return 0


@njit(cache=True, nogil=True)
def _copied_batch(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    table: NDArray[np.int64],
    port: int,
    pair: int,
    ring: int,
    ready: int,
) -> int:
    """Have the kernel copy a batch out of the guest with one call, and forward it."""
    count, vectors, total, fault = 0, 0, 0, 0
    while count < ready and total < limits.BATCH_BYTES:
        found = head(state, ring, count)
        if found < 0:
            fault = found
            break
        room = min(limits.SEGMENTS_MAX, limits.VECTORS_MAX - vectors)
        place = at.REMOTE_VECTORS + 2 * vectors
        used = walk(state, board, port, ring, found, _LIMIT, 0, place, room)
        if used < 0 and room < limits.SEGMENTS_MAX:
            rewind(state, ring, found)  # it may well fit into the next batch
            break
        if codes.DROPPED < used < 0:
            fault = used
            break
        state[at.FETCHED + 3 * count] = found
        state[at.FETCHED + 3 * count + 1] = state[at.WALKED_BYTES] if used >= 0 else 0
        state[at.FETCHED + 3 * count + 2] = min(used, 0)
        if used > 0:
            vectors += used
            total += state[at.WALKED_BYTES]
        count += 1
    place = state[at.BOUNCE_ADDRESS]
    remote = address(state) + 8 * at.REMOTE_VECTORS
    if total > 0 and not copy_from_guest(state, port, remote, vectors, place, total):
        return -codes.FAULT_GRANT
    for k in range(count):
        length = state[at.FETCHED + 3 * k + 1]
        if state[at.FETCHED + 3 * k + 2] < 0:
            _refuse(state, board, port, pair, state[at.FETCHED + 3 * k + 2])
        else:
            hold(state, place, length)
            place += length
            board[state[port + at.ROW] + at.COUNT_COPIED] += 1
            _received(state, board, table, port, pair, state[port + at.HEADER])
        fill(state, ring, state[at.FETCHED + 3 * k], 0)
    return fault


@njit(cache=True, nogil=True)
def from_tap(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    table: NDArray[np.int64],
    port: int,
    pair: int,
) -> int:
    """Forward a batch that waits at a queue of a TAP device; return how many frames it had."""
    tap = np.int32(state[port + at.TAPS + pair])
    place = state[at.BOUNCE_ADDRESS]
    count, moved = 0, 0
    while count < limits.BATCH and moved < limits.BATCH_BYTES:
        length = c_read(tap, place, _LIMIT)
        if length <= 0:
            break
        hold(state, place, length)
        _received(state, board, table, port, pair, limits.HEADER_BYTES)
        place += (length + 7) & -8
        moved += length
        count += 1
    if count > 0:
        finish(state, board, port)
    return count


@njit(cache=True, nogil=True)
def from_link(
    state: NDArray[np.int64], board: NDArray[np.int64], table: NDArray[np.int64], port: int
) -> int:
    """Forward a batch that another worker has put into a link; return how many frames it had."""
    link = state[port + at.IN_ADDRESS]
    read = load64(link + LINK_READ)
    count, moved = 0, 0
    while count < limits.BATCH and moved < limits.BATCH_BYTES:
        behind = take(state, port, read)
        if behind == read:
            break
        moved += behind - read
        read = behind
        _received(state, board, table, port, 0, limits.HEADER_BYTES)
        count += 1
    if count > 0:
        finish(state, board, port)
        store64_release(link + LINK_READ, read)
    return count
