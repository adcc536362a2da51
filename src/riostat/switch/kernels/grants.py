"""Grants: how a port's policy turns a guest's address into one that the worker can use.

Nothing outside the guest's regions is ever handed out. Under `MAP` and `MAP_BATCH` only the pages
of one buffer are mapped, read-only where the switch only reads; under `REUSE` a region has a
window of reserved addresses, of which a granule is mapped when it is first used and stays so.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.kernels.memory import (
    c_mmap,
    c_munmap,
    c_process_vm_readv,
    load8,
    store8,
    store64,
)

__all__ = ["copy_from_guest", "end_batch_grants", "end_frame_grants", "grant", "reserve", "revoke"]

_READ = 1
_READ_WRITE = 3
_SHARED = 1
_SHARED_POPULATE = 0x8001
_SHARED_FIXED = 0x11
_SHARED_FIXED_POPULATE = 0x8011
_RESERVED = 0x4022  # MAP_NORESERVE | MAP_ANONYMOUS | MAP_PRIVATE
_RESERVED_FIXED = 0x4032
_KEYS = 256  # slots of pages mapped in the batch in hand, two words each


@njit(cache=True, nogil=True)
def grant(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    port: int,
    address: int,
    length: int,
    wanted: int,
    writable: int,
) -> int:
    """Return where a guest's buffer is, of which `wanted` bytes are used, or a fault.

    The buffer is `length` bytes at a guest's `address`. Under `COPY` the answer is an address of
    the front end, else one of the worker, which holds until the frame (`MAP`), the batch
    (`MAP_BATCH`) or the grant (`REUSE`) ends. A fault is returned as its negative.
    """
    for k in range(state[port + at.REGION_COUNT]):
        region = port + at.PORT_REGIONS + k * at.REGION_FIELDS
        offset = address - state[region + at.REGION_GUEST]
        size = state[region + at.REGION_LENGTH]
        if address >= 0 and 0 <= offset < size and length <= size - offset:
            policy = state[port + at.POLICY]
            if policy == codes.REUSE:
                return _reuse(state, board, port, region, offset, wanted)
            if policy == codes.COPY:
                return state[region + at.REGION_USER] + offset
            return _map(state, board, port, region, offset, wanted, writable)
    return -codes.FAULT_ADDRESS


@njit(cache=True, nogil=True)
def _reuse(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    port: int,
    region: int,
    offset: int,
    length: int,
) -> int:
    shift = state[region + at.REGION_SHIFT]
    mapped = state[region + at.REGION_MAP_ADDRESS]
    row = state[port + at.ROW]
    granule = offset >> shift
    last = (offset + length - 1) >> shift
    while granule <= last:
        if load8(mapped + granule) == 0:
            if not _map_granule(state, region, granule << shift, 1 << shift):
                return -codes.FAULT_GRANT
            store8(mapped + granule, 1)
            board[row + at.COUNT_MAPPED] += 1
            board[row + at.COUNT_LIVE] += 1
        else:
            board[row + at.COUNT_REUSED] += 1
        granule += 1
    return state[region + at.REGION_WINDOW_ADDRESS] + offset


@njit(cache=True, nogil=True)
def _map_granule(state: NDArray[np.int64], region: int, start: int, length: int) -> bool:
    length = min(length, state[region + at.REGION_LENGTH] - start)
    place = state[region + at.REGION_WINDOW_ADDRESS] + start
    descriptor = np.int32(state[region + at.REGION_DESCRIPTOR])
    source = state[region + at.REGION_OFFSET] + start
    return bool(c_mmap(place, length, _READ_WRITE, _SHARED_FIXED, descriptor, source) == place)


@njit(cache=True, nogil=True)
def _map(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    port: int,
    region: int,
    offset: int,
    length: int,
    writable: int,
) -> int:
    page = state[region + at.REGION_PAGE]
    place = state[region + at.REGION_OFFSET] + offset
    start = place & -page
    size = ((place + length + page - 1) & -page) - start
    if state[port + at.POLICY] == codes.MAP_BATCH:
        mapped = _map_for_batch(state, board, port, region, start, size)
    else:
        mapped = _map_for_frame(state, board, port, region, start, size, writable)
    return mapped if mapped < 0 else mapped + place - start


@njit(cache=True, nogil=True)
def _map_for_frame(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    port: int,
    region: int,
    start: int,
    size: int,
    writable: int,
) -> int:
    count = state[at.MAPPING_COUNT]
    if count == limits.MAPPINGS_MAX:
        return -codes.FAULT_GRANT
    rights = _READ_WRITE if writable else _READ
    descriptor = np.int32(state[region + at.REGION_DESCRIPTOR])
    mapped = c_mmap(0, size, rights, _SHARED_POPULATE, descriptor, start)
    if mapped == -1:
        return -codes.FAULT_GRANT
    state[at.MAPPINGS + 2 * count] = mapped
    state[at.MAPPINGS + 2 * count + 1] = size
    state[at.MAPPING_COUNT] = count + 1
    board[state[port + at.ROW] + at.COUNT_MAPPED] += size // state[region + at.REGION_PAGE]
    return int(mapped)


@njit(cache=True, nogil=True)
def _map_for_batch(
    state: NDArray[np.int64],
    board: NDArray[np.int64],
    port: int,
    region: int,
    start: int,
    size: int,
) -> int:
    page = state[region + at.REGION_PAGE]
    # A region's row says whose it is; pages are few enough that their sizes fit beside it.
    key = (start // page << 20) + (region << 4) + min(size // page, 15)
    slot = at.BATCH_KEYS + 2 * ((start // page + region) % _KEYS)
    if state[slot] == key and size // page < 15:
        board[state[port + at.ROW] + at.COUNT_REUSED] += size // page
        return state[slot + 1]
    used = (state[at.ARENA_USED] + page - 1) & -page
    if used + size > limits.ARENA_BYTES:
        return -codes.FAULT_GRANT
    place = state[at.ARENA_ADDRESS] + used
    descriptor = np.int32(state[region + at.REGION_DESCRIPTOR])
    if c_mmap(place, size, _READ_WRITE, _SHARED_FIXED_POPULATE, descriptor, start) != place:
        return -codes.FAULT_GRANT
    state[at.ARENA_USED] = used + size
    state[slot] = key
    state[slot + 1] = place
    board[state[port + at.ROW] + at.COUNT_MAPPED] += size // page
    return place


@njit(cache=True, nogil=True)
def copy_from_guest(
    state: NDArray[np.int64], port: int, remote: int, count: int, target: int, length: int
) -> bool:
    """Have the kernel copy what is granted under `COPY`; return whether all of it came.

    `count` struct iovec at `remote` say where the `length` bytes are that go to `target`.
    """
    local = state[at.VECTOR_ADDRESS]
    store64(local, target)
    store64(local + 8, length)
    pid = np.int32(state[port + at.PID])
    return bool(c_process_vm_readv(pid, local, 1, remote, count, 0) == length)


@njit(cache=True, nogil=True)
def end_frame_grants(state: NDArray[np.int64], keep: int) -> None:
    """Unmap what `MAP` mapped for the frame in hand, but the first `keep`."""
    for k in range(keep, state[at.MAPPING_COUNT]):
        c_munmap(state[at.MAPPINGS + 2 * k], state[at.MAPPINGS + 2 * k + 1])
    state[at.MAPPING_COUNT] = min(keep, state[at.MAPPING_COUNT])


@njit(cache=True, nogil=True)
def end_batch_grants(state: NDArray[np.int64]) -> None:
    """Unmap with one call what `MAP_BATCH` mapped for the batch in hand.

    The addresses stay reserved, so that nothing else of the process can come to stand there.
    """
    used = state[at.ARENA_USED]
    if used == 0:
        return
    c_mmap(state[at.ARENA_ADDRESS], used, 0, _RESERVED_FIXED, np.int32(-1), 0)
    state[at.ARENA_USED] = 0
    for k in range(2 * _KEYS):
        state[at.BATCH_KEYS + k] = 0


@njit(cache=True, nogil=True)
def reserve(length: int) -> int:
    """Return the begin of `length` bytes of addresses where nothing is mapped, or -1."""
    return int(c_mmap(0, length, 0, _RESERVED, np.int32(-1), 0))


@njit(cache=True, nogil=True)
def revoke(state: NDArray[np.int64], board: NDArray[np.int64], port: int) -> None:
    """Unmap every granule of a port; its windows stay reserved, and are mapped anew when used."""
    row = state[port + at.ROW]
    for k in range(state[port + at.REGION_COUNT]):
        region = port + at.PORT_REGIONS + k * at.REGION_FIELDS
        size = state[region + at.REGION_LENGTH]
        window = state[region + at.REGION_WINDOW_ADDRESS]
        mapped = state[region + at.REGION_MAP_ADDRESS]
        c_mmap(window, size, 0, _RESERVED_FIXED, np.int32(-1), 0)
        for granule in range(((size - 1) >> state[region + at.REGION_SHIFT]) + 1):
            if load8(mapped + granule) != 0:
                store8(mapped + granule, 0)
                board[row + at.COUNT_REVOKED] += 1
                board[row + at.COUNT_LIVE] -= 1
