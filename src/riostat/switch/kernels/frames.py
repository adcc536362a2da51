"""The frame in hand: where its bytes are, what its headers say, and how it is copied.

A frame's source is a list of segments, of which the first SOURCE_SKIP bytes are the sender's
virtio-net header. The headers are taken out once, and the copies that receivers get begin with
what was taken out, so that what a frame was forwarded by is what arrives.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.kernels.memory import copy, load8, load16, store8, store16, store64

__all__ = ["gather", "hold", "look_at_headers", "scatter", "stage_body", "stage_checksummed"]

_NEEDS_CHECKSUM = 1
_BOTH = limits.HEADER_BYTES + limits.ETHERNET_BYTES


@njit(cache=True, nogil=True)
def gather(state: NDArray[np.int64], skip: int, length: int, target: int) -> None:
    """Copy `length` bytes of the source, from `skip` on, to one place."""
    k = at.SOURCE
    while length > 0:
        size = state[k + 1] - skip
        if size > 0:
            size = min(size, length)
            copy(target, state[k] + skip, size)
            target += size
            length -= size
            skip = 0
        else:
            skip = -size
        k += 2


@njit(cache=True, nogil=True)
def hold(state: NDArray[np.int64], place: int, length: int) -> None:
    """Make one piece of the worker's own memory the source; it holds until the batch ends."""
    state[at.SOURCE] = place
    state[at.SOURCE + 1] = length
    state[at.SOURCE_COUNT] = 1
    state[at.SOURCE_BYTES] = length
    state[at.SOURCE_STABLE] = 1


@njit(cache=True, nogil=True)
def look_at_headers(state: NDArray[np.int64], header: int) -> int:
    """Take the virtio-net header and the Ethernet header out of the source; return a drop or 0.

    `header` is how long the first is: 12 bytes, 10 for a legacy guest, 0 where there is none. They
    go to HEADERS_ADDRESS, 12 and 14 bytes, and SOURCE_BYTES becomes the length of the frame alone.
    """
    length = state[at.SOURCE_BYTES] - header
    if length < limits.ETHERNET_BYTES:
        return codes.DROPPED - codes.DROP_TOO_SHORT
    if length > limits.FRAME_BYTES_MAX:
        return codes.DROPPED - codes.DROP_TOO_LONG
    headers = state[at.HEADERS_ADDRESS]
    if header == limits.HEADER_BYTES and state[at.SOURCE + 1] >= _BOTH:
        copy(headers, state[at.SOURCE], _BOTH)
    else:
        store64(headers, 0)
        store64(headers + 8, 0)
        gather(state, 0, header, headers)
        gather(state, header, limits.ETHERNET_BYTES, headers + limits.HEADER_BYTES)
    state[at.SOURCE_SKIP] = header
    state[at.SOURCE_BYTES] = length
    return 0


@njit(cache=True, nogil=True)
def scatter(state: NDArray[np.int64], header: int) -> None:
    """Copy the headers and the body of the frame in hand to the target's segments.

    The segments together are long enough, and the first takes the whole virtio-net header.
    """
    headers = state[at.HEADERS_ADDRESS]
    place, room = state[at.TARGET], state[at.TARGET + 1]
    if header == limits.HEADER_BYTES and room >= _BOTH:
        copy(place, headers, _BOTH)
    else:
        copy(place, headers, header)
        _spread(state, header, headers + limits.HEADER_BYTES, limits.ETHERNET_BYTES)
    skip = state[at.SOURCE_SKIP] + limits.ETHERNET_BYTES
    left = state[at.SOURCE_BYTES] - limits.ETHERNET_BYTES
    begin = header + limits.ETHERNET_BYTES
    if room - begin >= left and state[at.SOURCE + 1] - skip >= left:
        copy(place + begin, state[at.SOURCE] + skip, left)
        return
    k = at.SOURCE
    while left > 0:
        size = state[k + 1] - skip
        if size > 0:
            size = min(size, left)
            _spread(state, begin, state[k] + skip, size)
            begin += size
            left -= size
            skip = 0
        else:
            skip = -size
        k += 2


@njit(cache=True, nogil=True)
def _spread(state: NDArray[np.int64], begin: int, source: int, length: int) -> None:
    """Copy `length` bytes to the target's segments, `begin` bytes behind their start."""
    k = at.TARGET
    while length > 0:
        room = state[k + 1] - begin
        if room > 0:
            size = min(room, length)
            copy(state[k] + begin, source, size)
            source += size
            length -= size
            begin = 0
        else:
            begin = -room
        k += 2


@njit(cache=True, nogil=True)
def stage_body(state: NDArray[np.int64]) -> None:
    """Make the source one piece of the worker's own memory, which holds until the batch ends.

    The stage has room for all frames of a batch, whose bytes are bounded, and once more for those
    that are checksummed.
    """
    length = state[at.SOURCE_SKIP] + state[at.SOURCE_BYTES]
    place = state[at.STAGE_ADDRESS] + state[at.STAGE_USED]
    gather(state, 0, length, place)
    state[at.STAGE_USED] += length
    state[at.SOURCE] = place
    state[at.SOURCE + 1] = length
    state[at.SOURCE_COUNT] = 1
    state[at.SOURCE_STABLE] = 1


@njit(cache=True, nogil=True)
def stage_checksummed(state: NDArray[np.int64]) -> bool:
    """Do for the frame in hand what VIRTIO_NET_HDR_F_NEEDS_CSUM asks; return whether it could be.

    The Internet checksum (RFC 1071) of what stands behind csum_start goes to csum_offset from there
    (VIRTIO 1.2, 5.1.6.2). The frame is staged, and its header asks for nothing more.
    """
    headers = state[at.HEADERS_ADDRESS]
    start = load16(headers + 6)
    place = start + load16(headers + 8)
    length = state[at.SOURCE_BYTES]
    if start < limits.ETHERNET_BYTES or place + 2 > length:
        return False
    stage_body(state)
    body = state[at.SOURCE] + state[at.SOURCE_SKIP]
    total = 0
    at_byte = start
    while at_byte + 1 < length:
        total += (load8(body + at_byte) << 8) + load8(body + at_byte + 1)
        at_byte += 2
    if at_byte < length:
        total += load8(body + at_byte) << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    total = ~total & 0xFFFF
    total = total if total != 0 else 0xFFFF  # zero would say that UDP has no checksum
    store8(body + place, total >> 8)
    store8(body + place + 1, total & 0xFF)
    store8(headers, load8(headers) & ~_NEEDS_CHECKSUM)
    store16(headers + 6, 0)
    store16(headers + 8, 0)
    return True
