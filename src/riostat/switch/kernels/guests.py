"""The guest's side of a queue pair: post buffers, send, receive, and check what was received.

``queue[QUEUE_FIELDS]`` i64 describes one pair in memory that the guest shares: SIZE descriptors a
ring, and for each of them a buffer of STRIDE bytes, which begins with the 12-byte virtio-net
header. Addresses are the guest's own, but for RX_GUEST and TX_GUEST: what the first buffers are
called in descriptors. FREE_ADDRESS holds i32[SIZE] for the guest alone. KICK is an eventfd or -1.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels.memory import (
    c_memcmp,
    c_sched_yield,
    c_write,
    copy,
    fence,
    load16,
    load16_acquire,
    load32,
    load64,
    load64_acquire,
    pause,
    store16,
    store16_release,
    store32,
    store64,
)

__all__ = ["listen", "prepare", "receive", "send", "verify"]

SIZE: Final = 0
STRIDE: Final = 1
KICK: Final = 2
RX_DESCRIPTORS: Final = 3
RX_AVAILABLE: Final = 4
RX_USED: Final = 5
RX_BUFFERS: Final = 6
RX_GUEST: Final = 7
RX_SEEN: Final = 8
RX_POSTED: Final = 9
TX_DESCRIPTORS: Final = 10
TX_AVAILABLE: Final = 11
TX_USED: Final = 12
TX_BUFFERS: Final = 13
TX_GUEST: Final = 14
TX_SEEN: Final = 15
TX_POSTED: Final = 16
FREE_ADDRESS: Final = 17
FREE: Final = 18
ONE_ADDRESS: Final = 19
QUEUE_FIELDS: Final = 20

HEADER_BYTES: Final = 12
_STAMP = 14  # where a device in software stamps a frame: behind the Ethernet header
_BODY = 22
_WRITE = 2 << 32
_PAUSES = 64


@njit(cache=True, nogil=True)
def prepare(queue: NDArray[np.int64]) -> None:
    """Fill the rings: all receive buffers are posted, all transmit buffers are free."""
    size, stride = queue[SIZE], queue[STRIDE]
    for k in range(size):
        entry = queue[RX_DESCRIPTORS] + 16 * k
        store64(entry, queue[RX_GUEST] + k * stride)
        store64(entry + 8, stride | _WRITE)
        store16(queue[RX_AVAILABLE] + 4 + 2 * k, k)
        store64(queue[TX_DESCRIPTORS] + 16 * k, queue[TX_GUEST] + k * stride)
        store32(queue[FREE_ADDRESS] + 4 * k, k)
    queue[FREE] = size
    queue[RX_POSTED] = size
    queue[RX_SEEN] = queue[TX_SEEN] = queue[TX_POSTED] = 0
    store16(queue[RX_AVAILABLE], 1)  # VIRTQ_AVAIL_F_NO_INTERRUPT
    store16(queue[TX_AVAILABLE], 1)
    store16(queue[RX_USED] + 2, 0)
    store16(queue[TX_USED] + 2, 0)
    store16_release(queue[TX_AVAILABLE] + 2, 0)
    store16_release(queue[RX_AVAILABLE] + 2, size)


@njit(cache=True, nogil=True)
def send(
    queue: NDArray[np.int64], frames: NDArray[np.uint8], lengths: NDArray[np.int64], count: int
) -> int:
    """Transmit the first `count` of ``frames[n, m]`` u8, ``lengths[k]`` bytes of each.

    Returns how many there were free buffers for.
    """
    _reclaim(queue)
    mask = queue[SIZE] - 1
    source = np.int64(frames.ctypes.data)
    sent = 0
    while sent < count and queue[FREE] > 0:
        queue[FREE] -= 1
        k = load32(queue[FREE_ADDRESS] + 4 * queue[FREE])
        buffer = queue[TX_BUFFERS] + k * queue[STRIDE]
        length = min(lengths[sent], queue[STRIDE] - HEADER_BYTES)
        store64(buffer, 0)
        store32(buffer + 8, 0)
        copy(buffer + HEADER_BYTES, source + sent * frames.shape[1], length)
        store64(queue[TX_DESCRIPTORS] + 16 * k + 8, length + HEADER_BYTES)
        store16(queue[TX_AVAILABLE] + 4 + 2 * ((queue[TX_POSTED] + sent) & mask), k)
        sent += 1
    if sent > 0:
        queue[TX_POSTED] += sent
        store16_release(queue[TX_AVAILABLE] + 2, queue[TX_POSTED])
        _kick(queue, queue[TX_USED])
    return sent


@njit(cache=True, nogil=True)
def _reclaim(queue: NDArray[np.int64]) -> None:
    """Take back the transmit buffers that the switch has used."""
    used = load16_acquire(queue[TX_USED] + 2)
    while queue[TX_SEEN] & 0xFFFF != used:
        place = queue[TX_SEEN] & (queue[SIZE] - 1)
        k = load32(queue[TX_USED] + 4 + 8 * place)
        queue[TX_SEEN] += 1
        if k < queue[SIZE] and queue[FREE] < queue[SIZE]:
            store32(queue[FREE_ADDRESS] + 4 * queue[FREE], k)
            queue[FREE] += 1


@njit(cache=True, nogil=True)
def _kick(queue: NDArray[np.int64], used: int) -> None:
    fence()  # the index must be out before the flags are looked at, or both sides may sleep
    if queue[KICK] >= 0 and not load16(used) & 1:  # VIRTQ_USED_F_NO_NOTIFY
        c_write(np.int32(queue[KICK]), queue[ONE_ADDRESS], 8)


@njit(cache=True, nogil=True)
def receive(queue: NDArray[np.int64], frames: NDArray[np.uint8], lengths: NDArray[np.int64]) -> int:
    """Take received frames into ``frames[n, m]`` u8 and ``lengths[n]``; return their number.

    A frame longer than m bytes is cut off there. Its buffer is posted again.
    """
    target = np.int64(frames.ctypes.data)
    used = load16_acquire(queue[RX_USED] + 2)
    count = 0
    while count < len(frames) and queue[RX_SEEN] & 0xFFFF != used:
        element = queue[RX_USED] + 4 + 8 * (queue[RX_SEEN] & (queue[SIZE] - 1))
        k = load32(element)
        length = load32(element + 4) - HEADER_BYTES
        queue[RX_SEEN] += 1
        if k >= queue[SIZE] or not 0 <= length <= queue[STRIDE] - HEADER_BYTES:
            continue  # no frame of ours: the switch is at fault, and its buffer is given up
        lengths[count] = min(length, frames.shape[1])
        buffer = queue[RX_BUFFERS] + k * queue[STRIDE] + HEADER_BYTES
        copy(target + count * frames.shape[1], buffer, lengths[count])
        _post(queue, k)
        count += 1
    if count > 0:
        store16_release(queue[RX_AVAILABLE] + 2, queue[RX_POSTED])
    return count


@njit(cache=True, nogil=True)
def _post(queue: NDArray[np.int64], k: int) -> None:
    place = queue[RX_POSTED] & (queue[SIZE] - 1)
    store16(queue[RX_AVAILABLE] + 4 + 2 * place, k)
    queue[RX_POSTED] += 1


@njit(cache=True, nogil=True)
def listen(queue: NDArray[np.int64], wanted: int) -> bool:
    """Ask to be called when frames arrive, or not to be; tell whether some are there already."""
    store16(queue[RX_AVAILABLE], 1 - wanted)
    fence()  # what was asked for must be out before the ring is looked at once more
    return bool(load16_acquire(queue[RX_USED] + 2) != queue[RX_SEEN] & 0xFFFF)


@njit(cache=True, nogil=True)
def verify(
    queue: NDArray[np.int64],
    templates: NDArray[np.uint8],
    frame_bytes: int,
    step: int,
    progress: NDArray[np.int64],
    until: int,
) -> None:
    """Receive the frames of a device in software and check every byte of each.

    ``templates[t, m]`` u8 are what its frames are copies of, t a power of two times `step`. The
    k-th frame that this guest gets is number ``progress[0] + k * step``, copied from the template
    number modulo t and stamped. ``progress[1]`` counts frames, ``progress[2]`` those that are not
    what they must be; it ends when it has `until` frames, or ``progress[3]`` is set from outside.
    """
    source = np.int64(templates.ctypes.data)
    turns = len(templates) // step - 1
    stop = np.int64(progress.ctypes.data) + 24
    idle = 0
    while progress[1] < until and load64_acquire(stop) == 0:
        used = load16_acquire(queue[RX_USED] + 2)
        if queue[RX_SEEN] & 0xFFFF == used:
            idle += 1
            if idle < _PAUSES:
                pause()
            else:
                c_sched_yield()
            continue
        idle = 0
        while queue[RX_SEEN] & 0xFFFF != used:
            element = queue[RX_USED] + 4 + 8 * (queue[RX_SEEN] & (queue[SIZE] - 1))
            k = load32(element) & (queue[SIZE] - 1)
            length = load32(element + 4) - HEADER_BYTES
            number = progress[0] + progress[1] * step
            which = progress[0] + (progress[1] & turns) * step
            template = source + which * templates.shape[1]
            frame = queue[RX_BUFFERS] + k * queue[STRIDE] + HEADER_BYTES
            if (
                length != frame_bytes
                or load64(frame + _STAMP) != number
                or c_memcmp(frame, template, _STAMP) != 0
                or c_memcmp(frame + _BODY, template + _BODY, frame_bytes - _BODY) != 0
            ):
                progress[2] += 1
            queue[RX_SEEN] += 1
            progress[1] += 1
            _post(queue, k)
        store16_release(queue[RX_AVAILABLE] + 2, queue[RX_POSTED])
