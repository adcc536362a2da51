"""The loop of a worker: ports take turns, a batch each, until there is nothing to do."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels import codes
from riostat.switch.kernels import layout as at
from riostat.switch.kernels.device import from_device
from riostat.switch.kernels.links import LINK_ASLEEP, waiting
from riostat.switch.kernels.memory import (
    address,
    c_clock_gettime,
    c_sched_yield,
    fence,
    load16_acquire,
    load64,
    load64_acquire,
    pause,
    store64,
    words,
)
from riostat.switch.kernels.receiving import from_guest, from_link, from_tap
from riostat.switch.kernels.rings import suppress

__all__ = ["fall_asleep", "serve", "used_index", "wake_up"]

_MONOTONIC = 1
_PAUSES = 64  # rounds without a frame before the core is offered to others


@njit(cache=True, nogil=True)
def serve(
    state: NDArray[np.int64], board: NDArray[np.int64], table: NDArray[np.int64], spin_ns: int
) -> int:
    """Serve all ports; return 1 when told to stop, 0 after `spin_ns` without a frame."""
    at_work, counts, addresses = words(state), words(board), words(table)
    stop = address(counts) + 8 * at.CONTROL_STOP
    idle_rounds, idle_since, moved = 0, 0, 0
    at_work[at.NOW_NS] = _now(at_work)
    while load64_acquire(stop) == 0:
        now = _now(at_work)
        if moved > 0:
            counts[at.CONTROL_BUSY_NS] += now - at_work[at.NOW_NS]
        at_work[at.NOW_NS] = now
        moved = 0
        for k in range(at_work[at.PORT_COUNT]):
            moved += _serve_port(at_work, counts, addresses, k * at.PORT_FIELDS)
        counts[at.CONTROL_ROUNDS] += 1
        if moved > 0:
            idle_rounds = 0
            continue
        if idle_rounds == 0:
            idle_since = at_work[at.NOW_NS]
        elif at_work[at.NOW_NS] - idle_since >= spin_ns:
            return 0
        idle_rounds += 1
        if idle_rounds < _PAUSES:
            pause()
        else:
            c_sched_yield()
    return 1


@njit(cache=True, nogil=True)
def _now(state: NDArray[np.int64]) -> int:
    c_clock_gettime(np.int32(_MONOTONIC), state[at.CLOCK_ADDRESS])
    return int(
        load64(state[at.CLOCK_ADDRESS]) * 1_000_000_000 + load64(state[at.CLOCK_ADDRESS] + 8)
    )


@njit(cache=True, nogil=True)
def _serve_port(
    state: NDArray[np.int64], board: NDArray[np.int64], table: NDArray[np.int64], port: int
) -> int:
    if state[port + at.STATE] != codes.RUNNING:
        return 0
    kind = state[port + at.KIND]
    if kind == codes.LINK:
        return from_link(state, board, table, port)
    if kind == codes.DEVICE:
        return from_device(state, board, table, port)
    moved = 0
    for pair in range(state[port + at.PAIRS]):
        if kind == codes.VHOST:
            moved += from_guest(state, board, table, port, pair)
        else:
            moved += from_tap(state, board, table, port, pair)
    return moved


@njit(cache=True, nogil=True)
def fall_asleep(state: NDArray[np.int64], board: NDArray[np.int64]) -> int:
    """Ask guests and other workers for kicks; return how many of them have something by now."""
    board[at.CONTROL_ASLEEP] = 1
    _announce(words(state), 0)
    fence()  # what was asked for must be out before the rings are looked at once more
    ready = 0
    for k in range(state[at.PORT_COUNT]):
        port = k * at.PORT_FIELDS
        if state[port + at.STATE] != codes.RUNNING:
            continue
        if state[port + at.KIND] == codes.LINK:
            ready += int(waiting(state[port + at.IN_ADDRESS]))
        elif state[port + at.KIND] == codes.DEVICE:
            ready += int(state[port + at.FRAMES_LEFT] > 0)
        elif state[port + at.KIND] == codes.VHOST:
            for pair in range(state[port + at.PAIRS]):
                ring = state[port + at.FIRST_RING] + (2 * pair + 1) * at.RING_FIELDS
                if state[ring + at.ENABLED]:
                    limit = load16_acquire(state[ring + at.AVAILABLE_ADDRESS] + 2)
                    ready += int(limit != state[ring + at.NEXT])
    return ready


@njit(cache=True, nogil=True)
def wake_up(state: NDArray[np.int64], board: NDArray[np.int64]) -> None:
    """Spare guests and other workers their kicks while the worker looks by itself."""
    _announce(words(state), 1)
    board[at.CONTROL_ASLEEP] = 0


@njit(cache=True, nogil=True)
def _announce(state: NDArray[np.int64], quiet: int) -> None:
    for k in range(state[at.PORT_COUNT]):
        port = k * at.PORT_FIELDS
        if state[port + at.STATE] != codes.RUNNING:
            continue
        if state[port + at.KIND] == codes.LINK:
            store64(state[port + at.IN_ADDRESS] + LINK_ASLEEP, 1 - quiet)
        elif state[port + at.KIND] == codes.VHOST:
            for pair in range(state[port + at.PAIRS]):
                ring = state[port + at.FIRST_RING] + 2 * pair * at.RING_FIELDS
                if state[ring + at.ENABLED]:
                    suppress(state, ring, 1)  # that buffers were posted need not be said
                if state[ring + at.RING_FIELDS + at.ENABLED]:
                    suppress(state, ring + at.RING_FIELDS, quiet)


@njit(cache=True, nogil=True)
def used_index(used: int) -> int:
    """Return the index that stands in a used ring."""
    return int(load16_acquire(used + 2))
