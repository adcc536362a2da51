"""A network device in software: it plays the DMA of a NIC, for measuring what a switch costs.

Frames are copied from templates, each stamped with its number behind the Ethernet header, and held
back, as by a pause frame (IEEE 802.3, annex 31B), while their receiver has no buffer. With one
queue for all guests they go to buffers of the driver domain, which looks at the address and copies
once more; with a queue for each guest, straight to the buffers that the guest has posted.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.kernels.forwarding import deliver, drop, finish, forward
from riostat.switch.kernels.frames import hold, look_at_headers
from riostat.switch.kernels.memory import copy, store64

__all__ = ["copy_templates", "from_device"]

_HELD = codes.DROPPED - codes.DROP_NO_BUFFER


@njit(cache=True, nogil=True)
def from_device(
    state: NDArray[np.int64], board: NDArray[np.int64], table: NDArray[np.int64], port: int
) -> int:
    """Let the device receive a batch for each queue; return how many frames were moved."""
    if state[port + at.FRAMES_LEFT] == 0:
        return 0
    moved = 0
    queues = state[port + at.DEVICE_QUEUES]
    if queues == 0:
        moved = _shared_batch(state, board, table, port)
        finish(state, board, port)
    for queue in range(queues):
        count = _queue_batch(state, board, port, queue, queues)
        if count > 0:
            finish(state, board, port)
        moved += count
    row = state[port + at.ROW] + at.COUNT_QUEUES
    board[row] += moved
    board[row + 1] += moved * state[port + at.FRAME_LENGTH]
    state[port + at.FRAMES_LEFT] -= moved
    return moved


@njit(cache=True, nogil=True)
def _template(state: NDArray[np.int64], port: int, which: int, number: int) -> int:
    """Return where a template is, stamped with the number of a frame."""
    place = state[port + at.TEMPLATES_ADDRESS] + which * limits.TEMPLATE_BYTES
    store64(place + limits.ETHERNET_BYTES, number)
    return int(place)


@njit(cache=True, nogil=True)
def _take(state: NDArray[np.int64], place: int, length: int) -> int:
    hold(state, place, length)
    return look_at_headers(state, 0)


@njit(cache=True, nogil=True)
def _shared_batch(
    state: NDArray[np.int64], board: NDArray[np.int64], table: NDArray[np.int64], port: int
) -> int:
    length = state[port + at.FRAME_LENGTH]
    limit = min(state[port + at.FRAMES_LEFT], limits.BATCH)
    count = 0
    while count < limit:
        number = state[port + at.SEQUENCE]
        buffer = state[port + at.BUFFERS_ADDRESS]
        buffer += (number & (limits.DEVICE_BUFFERS - 1)) * limits.TEMPLATE_BYTES
        if not state[port + at.DEVICE_HELD]:
            which = number % state[port + at.TEMPLATES]
            copy(buffer, _template(state, port, which, number), length)
        result = _take(state, buffer, length)
        if result == 0:
            result = forward(state, board, table, port)
        state[port + at.DEVICE_HELD] = int(result == _HELD)
        if result == _HELD:
            break
        if result < 0:
            drop(state, board, port, result)
        state[port + at.SEQUENCE] += 1
        count += 1
    return count


@njit(cache=True, nogil=True)
def _queue_batch(
    state: NDArray[np.int64], board: NDArray[np.int64], port: int, queue: int, queues: int
) -> int:
    length = state[port + at.FRAME_LENGTH]
    target = state[port + at.QUEUE_PORTS + queue]
    sequence = state[port + at.QUEUE_SEQUENCES + queue]
    limit = min(state[port + at.QUEUE_FRAMES] - sequence, limits.BATCH)
    turns = state[port + at.TEMPLATES] // queues - 1  # a power of two less one, as a mask
    count = 0
    while count < limit:
        number = queue + queues * (sequence + count)
        which = queue + queues * ((sequence + count) & turns)
        result = _take(state, _template(state, port, which, number), length)
        if result == 0:
            if state[target + at.STATE] == codes.RUNNING:
                result = deliver(state, board, target)
            else:
                result = codes.DROPPED - codes.DROP_NO_PORT
        if result == _HELD:
            break
        if result < 0:
            drop(state, board, port, result)
        count += 1
    state[port + at.QUEUE_SEQUENCES + queue] = sequence + count
    return count


@njit(cache=True, nogil=True)
def copy_templates(
    source: int, templates: int, target: int, places: int, length: int, count: int
) -> None:
    """Copy `count` frames from templates to places of 4096 bytes: memcpy, to compare with."""
    which = 0
    for k in range(count):
        place = target + (k & (places - 1)) * 4096 + limits.HEADER_BYTES
        copy(place, source + which * limits.TEMPLATE_BYTES, length)
        which = which + 1 if which + 1 < templates else 0
