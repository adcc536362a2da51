"""Split virtqueues as the device side sees them (VIRTIO 1.2, 2.7), with a guest that may lie.

Every word that the guest writes is loaded once and checked before it is used; what does not hold
is a fault, returned as its negative, for which the port is broken off.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.kernels.grants import copy_from_guest, grant
from riostat.switch.kernels.memory import (
    c_poll,
    c_write,
    fence,
    load16,
    load16_acquire,
    load32,
    load64,
    store16,
    store16_release,
    store32,
    store64,
)

__all__ = ["available", "fill", "head", "publish", "rewind", "ring_bell", "suppress", "walk"]

_NEXT = 1
_WRITE = 2
_INDIRECT = 4
_NO_INTERRUPT = 1
_STAMP_MAX = (1 << 31) - 1
_POLLOUT = 4 << 32


@njit(cache=True, nogil=True)
def available(state: NDArray[np.int64], ring: int, taken: int) -> int:
    """Return how many chains wait behind those filled and `taken`, or a fault."""
    filled = state[ring + at.FILLED] + taken
    ready = ((state[ring + at.LIMIT] - state[ring + at.NEXT]) & 0xFFFF) - filled
    if ready == 0:
        limit = load16_acquire(state[ring + at.AVAILABLE_ADDRESS] + 2)
        ready = ((limit - state[ring + at.NEXT]) & 0xFFFF) - filled
        if ready < 0 or ready + filled > state[ring + at.SIZE]:
            return -codes.FAULT_INDEX_JUMP
        state[ring + at.LIMIT] = limit
    return int(ready)


@njit(cache=True, nogil=True)
def head(state: NDArray[np.int64], ring: int, ahead: int) -> int:
    """Return the head `ahead` entries behind NEXT, marked as in flight, or a fault."""
    size = state[ring + at.SIZE]
    place = (state[ring + at.NEXT] + ahead) & (size - 1)
    found = load16(state[ring + at.AVAILABLE_ADDRESS] + 4 + 2 * place)
    if found >= size:
        return -codes.FAULT_HEAD_BOUNDS
    mark = state[ring + at.MARKS_ADDRESS] + 4 * found
    if load32(mark) == state[ring + at.STAMP]:
        return -codes.FAULT_DUPLICATE
    store32(mark, state[ring + at.STAMP])
    return int(found)


@njit(cache=True, nogil=True)
def rewind(state: NDArray[np.int64], ring: int, found: int) -> None:
    """Take back the mark of a head that stays with the guest for now."""
    store32(state[ring + at.MARKS_ADDRESS] + 4 * found, 0)


@njit(cache=True, nogil=True)
def walk(  # noqa: PLR0911 - one for each way in which a guest can be wrong
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    port: int,
    ring: int,
    first: int,
    limit: int,
    writable: int,
    place: int,
    room: int,
) -> int:
    """Write the buffers of a chain to ``state[place:]`` as (address, bytes); return their number.

    At most `room` of them, else the chain is a dropped frame, as is a readable one of more than
    `limit` bytes; of a writable one as many bytes are granted. WALKED_BYTES says how many it has.
    """
    table, size = state[ring + at.DESCRIPTORS_ADDRESS], state[ring + at.SIZE]
    index, hops, count, total, indirect = first, 0, 0, 0, False
    while True:
        address, word = load64(table + 16 * index), load64(table + 16 * index + 8)
        length, flags, following = word & 0xFFFFFFFF, (word >> 32) & 0xFFFF, (word >> 48) & 0xFFFF
        hops += 1
        if flags & _INDIRECT:
            if indirect or flags & _NEXT:
                return -codes.FAULT_INDIRECT
            table = _indirect_table(state, board, port, address, length)
            if table < 0:
                return table
            size, index, hops, indirect = length >> 4, 0, 0, True
            continue
        if bool(flags & _WRITE) != bool(writable):
            return -codes.FAULT_DIRECTION
        wanted = min(length, limit - total)
        if wanted > 0 or not writable:
            result = _buffer(state, board, port, address, length, wanted, writable, place, room)
            if result < 0:
                return result
            place += 2 * result
            room -= result
            count += result
            total += wanted
        if not flags & _NEXT:
            state[at.WALKED_BYTES] = total
            return count
        if following >= size:
            return -codes.FAULT_NEXT_BOUNDS
        if hops >= size:
            return -codes.FAULT_CHAIN_LOOP
        index = following


@njit(cache=True, nogil=True)
def _buffer(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    port: int,
    address: int,
    length: int,
    wanted: int,
    writable: int,
    place: int,
    room: int,
) -> int:
    """Write where a descriptor's buffer is to `place`; return 1, 0 for an empty one, or less."""
    if length == 0:
        return 0
    if wanted < length and not writable:
        return codes.DROPPED - codes.DROP_TOO_LONG
    if room == 0:
        return codes.DROPPED - codes.DROP_TOO_SCATTERED
    found = grant(state, board, port, address, length, wanted, writable)
    if found < 0:
        return int(found)
    state[place] = found
    state[place + 1] = wanted
    return 1


@njit(cache=True, nogil=True)
def _indirect_table(
    state: NDArray[np.int64], board: NDArray[np.int64], port: int, address: int, length: int
) -> int:
    """Return where a table of descriptors is, or a fault."""
    if (
        state[port + at.INDIRECT_ALLOWED] == 0
        or length == 0
        or length & 15
        or length > 16 * limits.INDIRECT_MAX
        or address & 7
    ):
        return -codes.FAULT_INDIRECT
    found = grant(state, board, port, address, length, length, 0)
    if found < 0 or state[port + at.POLICY] != codes.COPY:
        return int(found)
    remote = state[at.VECTOR_ADDRESS] + 16  # behind the local one
    store64(remote, found)
    store64(remote + 8, length)
    if not copy_from_guest(state, port, remote, 1, state[at.INDIRECT_ADDRESS], length):
        return -codes.FAULT_GRANT
    return int(state[at.INDIRECT_ADDRESS])


@njit(cache=True, nogil=True)
def fill(state: NDArray[np.int64], ring: int, found: int, length: int) -> None:
    """Write the next element of the used ring; the guest sees it after `publish`."""
    place = (state[ring + at.USED_INDEX] + state[ring + at.FILLED]) & (state[ring + at.SIZE] - 1)
    element = state[ring + at.USED_ADDRESS] + 4 + 8 * place
    # The ring is aligned to four bytes, so its elements are not eight-byte words.
    store32(element, found)
    store32(element + 4, length)
    state[ring + at.FILLED] += 1


@njit(cache=True, nogil=True)
def publish(state: NDArray[np.int64], ring: int) -> None:
    """Show the guest the elements filled since the last time, and call it if it wants that."""
    filled = state[ring + at.FILLED]
    if filled == 0:
        return
    used = (state[ring + at.USED_INDEX] + filled) & 0xFFFF
    state[ring + at.USED_INDEX] = used
    state[ring + at.NEXT] = (state[ring + at.NEXT] + filled) & 0xFFFF
    state[ring + at.FILLED] = 0
    _new_stamp(state, ring)
    store16_release(state[ring + at.USED_ADDRESS] + 2, used)
    fence()  # the index must be out before the flags are looked at, or both sides may sleep
    if not load16(state[ring + at.AVAILABLE_ADDRESS]) & _NO_INTERRUPT:
        ring_bell(state, state[ring + at.CALL])


@njit(cache=True, nogil=True)
def _new_stamp(state: NDArray[np.int64], ring: int) -> None:
    """Forget which heads are in flight."""
    if state[ring + at.STAMP] == _STAMP_MAX:
        for k in range(state[ring + at.SIZE]):
            store32(state[ring + at.MARKS_ADDRESS] + 4 * k, 0)
        state[ring + at.STAMP] = 0
    state[ring + at.STAMP] += 1


@njit(cache=True, nogil=True)
def ring_bell(state: NDArray[np.int64], descriptor: int) -> None:
    """Add one to an eventfd that others share, unless that would wait.

    A guest shares the file's flags, so O_NONBLOCK is not to be relied on.
    """
    if descriptor >= 0:
        store64(state[at.POLL_ADDRESS], descriptor + _POLLOUT)
        if c_poll(state[at.POLL_ADDRESS], 1, np.int32(0)) == 1:
            c_write(np.int32(descriptor), state[at.ONE_ADDRESS], 8)


@njit(cache=True, nogil=True)
def suppress(state: NDArray[np.int64], ring: int, quiet: int) -> None:
    """Tell the guest whether kicks of this ring can be spared (VIRTQ_USED_F_NO_NOTIFY)."""
    store16(state[ring + at.USED_ADDRESS], quiet)
    fence()
