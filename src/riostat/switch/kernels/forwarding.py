"""Forwarding: where the frame in hand goes, and how it is handed to a port of each kind.

A frame that was fetched ends at exactly one of: a receiver, a counted drop at its sender; a frame
for several receivers counts as as many frames, of which the first is not a copy. What a receiver
got is counted, and shown to it, when the batch is finished.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.kernels.frames import scatter, stage_body, stage_checksummed
from riostat.switch.kernels.grants import end_batch_grants, end_frame_grants
from riostat.switch.kernels.links import put
from riostat.switch.kernels.memory import (
    c_process_vm_writev,
    c_writev,
    copy,
    load32,
    load64,
    store16,
    store64,
)
from riostat.switch.kernels.rings import available, fill, head, publish, rewind, ring_bell, walk
from riostat.switch.kernels.table import learn, look_up

__all__ = ["break_off", "deliver", "drop", "finish", "forward"]

_LEARNED_MAX = 1024  # addresses of one port, a quarter of the table
_COPIES_PER_SECOND = 100_000  # flooded copies beyond the first, of frames from one port
_COPIES_MAX = 10_000
_TICK_NS = 1_000_000_000 // _COPIES_PER_SECOND
_BOTH = limits.HEADER_BYTES + limits.ETHERNET_BYTES
_NEEDS_CHECKSUM = 1
_SEGMENTED = 0xFF00
_SECOND_NS = 1_000_000_000


@njit(cache=True, nogil=True)
def drop(state: NDArray[np.int64], board: NDArray[np.int64], port: int, result: int) -> None:
    """Count a dropped frame of a port by its reason, given as kernels return it."""
    board[state[port + at.ROW] + at.COUNT_DROPS + codes.DROPPED - result] += 1


@njit(cache=True, nogil=True)
def break_off(state: NDArray[np.int64], board: NDArray[np.int64], port: int, result: int) -> None:
    """Stop serving a port for a fault, given as kernels return it, and tell the engine."""
    if state[port + at.STATE] != codes.BROKEN:
        state[port + at.STATE] = codes.BROKEN
        board[state[port + at.ROW] + at.COUNT_FAULT] = -result
        board[state[port + at.ROW] + at.COUNT_STATE] = codes.BROKEN
        ring_bell(state, state[at.ALARM])


@njit(cache=True, nogil=True)
def forward(
    state: NDArray[np.int64], board: NDArray[np.int64], table: NDArray[np.int64], port: int
) -> int:
    """Hand the frame in hand to whom its address says; return 0, or the drop of its one copy."""
    headers = state[at.HEADERS_ADDRESS]
    destination = load64(headers + 12) & limits.MAC_MASK
    source = load64(headers + 18) & limits.MAC_MASK
    allowed = state[port + at.MAC]
    if allowed >= 0 and source != allowed:
        return codes.DROPPED - codes.DROP_SPOOFED
    now = state[at.NOW_NS] // _SECOND_NS
    if source & 1 == 0:
        loser = learn(table, source, port, now, int(state[port + at.LEARNED] < _LEARNED_MAX))
        if loser != -1:
            state[port + at.LEARNED] += 1
            if loser >= 0:
                state[loser + at.LEARNED] -= 1
    if destination & 1 == 0:
        target = look_up(table, destination, now)
        if target == port:
            return codes.DROPPED - codes.DROP_NO_PORT
        if target >= 0 and state[target + at.STATE] == codes.RUNNING:
            return deliver(state, board, target)
    return _flood(state, board, port)


@njit(cache=True, nogil=True)
def _flood(state: NDArray[np.int64], board: NDArray[np.int64], port: int) -> int:
    copies = 0
    row = state[port + at.ROW]
    for k in range(state[at.PORT_COUNT]):
        target = k * at.PORT_FIELDS
        kind = state[target + at.KIND]
        if (
            target == port
            or state[target + at.STATE] != codes.RUNNING
            or kind == codes.DEVICE
            or (kind == codes.LINK and state[port + at.KIND] == codes.LINK)
        ):
            continue
        if copies > 0:
            board[row + at.COUNT_FLOODED] += 1
        if copies > 0 and not _may_copy(state, port):
            result = codes.DROPPED - codes.DROP_FLOOD_LIMIT
        else:
            result = deliver(state, board, target)
        copies += 1
        if result < 0:
            drop(state, board, port, result)
    return 0 if copies > 0 else codes.DROPPED - codes.DROP_NO_PORT


@njit(cache=True, nogil=True)
def _may_copy(state: NDArray[np.int64], port: int) -> bool:
    """Take a token for one more copy of a flooded frame, if the port has one."""
    ticks = (state[at.NOW_NS] - state[port + at.FLOOD_TIME]) // _TICK_NS
    if ticks > 0:
        tokens = state[port + at.FLOOD_TOKENS] + min(ticks, _COPIES_MAX)
        state[port + at.FLOOD_TOKENS] = min(tokens, _COPIES_MAX)
        state[port + at.FLOOD_TIME] = state[at.NOW_NS]
    if state[port + at.FLOOD_TOKENS] == 0:
        return False
    state[port + at.FLOOD_TOKENS] -= 1
    return True


@njit(cache=True, nogil=True)
def deliver(state: NDArray[np.int64], board: NDArray[np.int64], target: int) -> int:
    """Hand the frame in hand to a port; return 0 or the drop."""
    kind = state[target + at.KIND]
    if kind == codes.TAP:
        return _to_tap(state, board, target)
    if kind == codes.LINK:
        return put(state, target)
    offload = load32(state[at.HEADERS_ADDRESS]) & (_NEEDS_CHECKSUM | _SEGMENTED)
    if offload >= _NEEDS_CHECKSUM:
        if offload & _SEGMENTED and not state[target + at.SEGMENTATION_ALLOWED]:
            return codes.DROPPED - codes.DROP_OFFLOAD
        if not state[target + at.CHECKSUM_ALLOWED] and not stage_checksummed(state):
            return codes.DROPPED - codes.DROP_OFFLOAD
    ring = state[target + at.FIRST_RING]
    pairs = state[target + at.PAIRS]
    if pairs > 1:
        ring += 2 * at.RING_FIELDS * (_flow(state) % pairs)
    if not state[ring + at.ENABLED]:
        return codes.DROPPED - codes.DROP_NO_BUFFER
    kept = state[at.MAPPING_COUNT]
    result = _to_ring(state, board, target, ring)
    end_frame_grants(state, kept)
    if codes.DROPPED < result < 0:
        break_off(state, board, target, result)
        result = codes.DROPPED - codes.DROP_NO_BUFFER
    return result


@njit(cache=True, nogil=True)
def _flow(state: NDArray[np.int64]) -> int:
    """Return a number that is the same for all frames of a flow: from its addresses and ports."""
    headers = state[at.HEADERS_ADDRESS]
    value = load64(headers + 12) ^ load64(headers + 18)
    skip = state[at.SOURCE_SKIP]
    if state[at.SOURCE + 1] >= skip + 38:
        # IPv4 without options: addresses and ports; of IPv6 a part of the addresses.
        value ^= load64(state[at.SOURCE] + skip + 26) ^ load32(state[at.SOURCE] + skip + 34)
    value ^= (value >> 32) & 0xFFFFFFFF
    value ^= value >> 16
    return int((value ^ (value >> 8)) & 0xFF)


@njit(cache=True, nogil=True)
def _to_ring(state: NDArray[np.int64], board: NDArray[np.int64], target: int, ring: int) -> int:
    """Copy the frame in hand to buffers that a guest has posted; return 0, a drop or a fault."""
    header = state[target + at.HEADER]
    needed = header + state[at.SOURCE_BYTES]
    total, chains, segments, result = 0, 0, 0, 0
    while total < needed:
        if chains == limits.CHAINS_MAX or (chains > 0 and not state[target + at.MERGEABLE]):
            result = codes.DROPPED - codes.DROP_NO_BUFFER
            break
        ready = available(state, ring, chains)
        if ready <= 0:
            result = ready if ready < 0 else codes.DROPPED - codes.DROP_NO_BUFFER
            break
        found = head(state, ring, state[ring + at.FILLED] + chains)
        if found < 0:
            result = found
            break
        place = at.TARGET + 2 * segments
        room = limits.SEGMENTS_MAX - segments
        count = walk(state, board, target, ring, found, needed - total, 1, place, room)
        state[at.CHAINS + 2 * chains] = found
        state[at.CHAINS + 2 * chains + 1] = state[at.WALKED_BYTES]
        chains += 1
        if count < 0:
            result = count
            break
        if count == 0 or state[at.TARGET + 1] < header:
            result = -codes.FAULT_SHORT_BUFFER
            break
        segments += count
        total += state[at.WALKED_BYTES]
    if result < 0:
        for k in range(chains):
            rewind(state, ring, state[at.CHAINS + 2 * k])
        return int(result)
    store16(state[at.HEADERS_ADDRESS] + 10, chains)
    if state[target + at.POLICY] == codes.COPY:
        _queue_copy(state, board, target, header, segments)
    else:
        scatter(state, header)
    _fill_chains(state, ring, chains)
    return 0


@njit(cache=True, nogil=True)
def _fill_chains(state: NDArray[np.int64], ring: int, chains: int) -> None:
    if state[ring + at.FILLED] == 0:
        state[at.DIRTY + state[at.DIRTY_COUNT]] = ring
        state[at.DIRTY_COUNT] += 1
    for k in range(chains):
        fill(state, ring, state[at.CHAINS + 2 * k], state[at.CHAINS + 2 * k + 1])
    state[ring + at.FRAMES] += 1
    state[ring + at.BYTES] += state[at.SOURCE_BYTES]


@njit(cache=True, nogil=True)
def _body_vectors(state: NDArray[np.int64], place: int) -> int:
    """Write where the body behind the Ethernet header is, as struct iovec; return their number."""
    skip = state[at.SOURCE_SKIP] + limits.ETHERNET_BYTES
    count = 0
    for k in range(state[at.SOURCE_COUNT]):
        size = state[at.SOURCE + 2 * k + 1] - skip
        if size > 0:
            store64(place + 16 * count, state[at.SOURCE + 2 * k] + skip)
            store64(place + 16 * count + 8, size)
            count += 1
            skip = 0
        else:
            skip = -size
    return count


@njit(cache=True, nogil=True)
def _queue_copy(
    state: NDArray[np.int64], board: NDArray[np.int64], target: int, header: int, segments: int
) -> None:
    """Queue the frame in hand for the kernel to copy when the batch is finished, or before."""
    if not state[at.SOURCE_STABLE]:
        stage_body(state)
    if (
        state[target + at.LOCAL_COUNT] + 2 + state[at.SOURCE_COUNT] > limits.VECTORS_MAX
        or state[target + at.REMOTE_COUNT] + segments > limits.VECTORS_MAX
    ):
        _flush_copies(state, board, target)
    headers = state[at.STAGE_ADDRESS] + state[at.STAGE_USED]
    state[at.STAGE_USED] += _BOTH
    copy(headers, state[at.HEADERS_ADDRESS], header)
    copy(headers + header, state[at.HEADERS_ADDRESS] + limits.HEADER_BYTES, limits.ETHERNET_BYTES)
    local = state[target + at.VECTORS_ADDRESS] + 16 * state[target + at.LOCAL_COUNT]
    store64(local, headers)
    store64(local + 8, header + limits.ETHERNET_BYTES)
    state[target + at.LOCAL_COUNT] += 1 + _body_vectors(state, local + 16)
    remote = state[target + at.VECTORS_ADDRESS] + 16 * limits.VECTORS_MAX
    remote += 16 * state[target + at.REMOTE_COUNT]
    for k in range(segments):
        store64(remote + 16 * k, state[at.TARGET + 2 * k])
        store64(remote + 16 * k + 8, state[at.TARGET + 2 * k + 1])
    state[target + at.REMOTE_COUNT] += segments
    state[target + at.COPY_BYTES] += header + state[at.SOURCE_BYTES]
    board[state[target + at.ROW] + at.COUNT_COPIED] += 1


@njit(cache=True, nogil=True)
def _flush_copies(state: NDArray[np.int64], board: NDArray[np.int64], target: int) -> None:
    """Have the kernel copy what is queued for a port; break the port off where it does not."""
    if state[target + at.LOCAL_COUNT] == 0:
        return
    local = state[target + at.VECTORS_ADDRESS]
    copied = c_process_vm_writev(
        np.int32(state[target + at.PID]),
        local,
        state[target + at.LOCAL_COUNT],
        local + 16 * limits.VECTORS_MAX,
        state[target + at.REMOTE_COUNT],
        0,
    )
    if copied != state[target + at.COPY_BYTES]:
        break_off(state, board, target, -codes.FAULT_GRANT)
    state[target + at.LOCAL_COUNT] = 0
    state[target + at.REMOTE_COUNT] = 0
    state[target + at.COPY_BYTES] = 0


@njit(cache=True, nogil=True)
def _to_tap(state: NDArray[np.int64], board: NDArray[np.int64], target: int) -> int:
    pair = _flow(state) % state[target + at.PAIRS] if state[target + at.PAIRS] > 1 else 0
    vectors = state[at.VECTOR_ADDRESS]
    store64(vectors, state[at.HEADERS_ADDRESS])
    store64(vectors + 8, _BOTH)
    count = 1 + _body_vectors(state, vectors + 16)
    length = limits.HEADER_BYTES + state[at.SOURCE_BYTES]
    tap = np.int32(state[target + at.TAPS + pair])
    if c_writev(tap, vectors, np.int32(count)) != length:
        return codes.DROPPED - codes.DROP_REFUSED
    row = state[target + at.ROW] + at.COUNT_QUEUES + 4 * pair
    board[row + 2] += 1
    board[row + 3] += state[at.SOURCE_BYTES]
    return 0


@njit(cache=True, nogil=True)
def finish(state: NDArray[np.int64], board: NDArray[np.int64], sender: int) -> None:
    """End a batch of frames from `sender`: show receivers what they got, and end its grants."""
    for k in range(state[at.DIRTY_COUNT]):
        ring = state[at.DIRTY + k]
        target = state[ring + at.OWNER]
        _flush_copies(state, board, target)
        if state[target + at.STATE] == codes.RUNNING:
            publish(state, ring)
            row = state[target + at.ROW] + at.COUNT_QUEUES + 4 * state[ring + at.PAIR]
            board[row + 2] += state[ring + at.FRAMES]
            board[row + 3] += state[ring + at.BYTES]
        else:
            refused = state[sender + at.ROW] + at.COUNT_DROPS + codes.DROP_REFUSED
            board[refused] += state[ring + at.FRAMES]
            state[ring + at.FILLED] = 0
        state[ring + at.FRAMES] = 0
        state[ring + at.BYTES] = 0
    state[at.DIRTY_COUNT] = 0
    state[at.STAGE_USED] = 0
    end_batch_grants(state)
