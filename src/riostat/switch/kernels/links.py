"""Links: frames that go from one worker to another, through memory that the two share.

A link has one writer and one reader. Behind a page with the writer's and the reader's cursors, in
bytes that only grow, stands a ring of LINK_BYTES. A record is its length in 8 bytes, then the two
headers and the body of a frame, up to the next multiple of 8; it never wraps: a length of -1 says
that the next record begins at the ring's start.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.kernels.frames import gather, hold
from riostat.switch.kernels.memory import (
    copy,
    fence,
    load64,
    load64_acquire,
    store64,
    store64_release,
)
from riostat.switch.kernels.rings import ring_bell

__all__ = ["LINK_ASLEEP", "LINK_READ", "LINK_RING", "put", "take", "waiting"]

LINK_READ: Final = 64
LINK_ASLEEP: Final = 128
"""Where a reader says that it waits for its bell."""

LINK_RING: Final = 4096
"""Where the ring begins; a link has LINK_BYTES more."""


@njit(cache=True, nogil=True)
def put(state: NDArray[np.int64], port: int) -> int:
    """Write the frame in hand to a link; return 0, or the drop where it is full."""
    link = state[port + at.OUT_ADDRESS]
    length = limits.HEADER_BYTES + state[at.SOURCE_BYTES]
    size = 8 + ((length + 7) & -8)
    written = load64(link)
    place = written & (limits.LINK_BYTES - 1)
    skipped = limits.LINK_BYTES - place if place + size > limits.LINK_BYTES else 0
    if written + skipped + size - load64_acquire(link + LINK_READ) > limits.LINK_BYTES:
        return codes.DROPPED - codes.DROP_LINK_FULL
    if skipped:
        store64(link + LINK_RING + place, -1)
        place = 0
    record = link + LINK_RING + place
    store64(record, length)
    copy(record + 8, state[at.HEADERS_ADDRESS], limits.HEADER_BYTES + limits.ETHERNET_BYTES)
    left = state[at.SOURCE_BYTES] - limits.ETHERNET_BYTES
    body = record + 8 + limits.HEADER_BYTES + limits.ETHERNET_BYTES
    gather(state, state[at.SOURCE_SKIP] + limits.ETHERNET_BYTES, left, body)
    store64_release(link, written + skipped + size)
    fence()  # the cursor must be out before the reader's sleep is looked at
    if load64(link + LINK_ASLEEP) != 0:
        ring_bell(state, state[port + at.OUT_BELL])
    return 0


@njit(cache=True, nogil=True)
def waiting(link: int) -> bool:
    """Tell whether a link has something to read."""
    return bool(load64_acquire(link) != load64(link + LINK_READ))


@njit(cache=True, nogil=True)
def take(state: NDArray[np.int64], port: int, read: int) -> int:
    """Make the record at the cursor `read` the source; return the cursor behind it, or `read`."""
    link = state[port + at.IN_ADDRESS]
    if load64_acquire(link) == read:
        return read
    place = read & (limits.LINK_BYTES - 1)
    length = load64(link + LINK_RING + place)
    if length == -1:
        read += limits.LINK_BYTES - place
        place = 0
        length = load64(link + LINK_RING)
    hold(state, link + LINK_RING + place + 8, length)
    return int(read + 8 + ((length + 7) & -8))
