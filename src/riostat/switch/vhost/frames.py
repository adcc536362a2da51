"""Whole frames through the rings of a guest: send and receive in batches, compiled.

A `FrameQueue` drives one pair of rings of a `Guest`. It loads numpy and the compiled loops, which
the guest itself does not.
"""

import os
import select
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riostat.core.kernelcache import import_kernels
from riostat.switch.vhost.frontend import Guest
from riostat.switch.vhost.pool import HEADER_BYTES

__all__ = ["FrameQueue"]

_BATCH: Final = 256
_KERNELS: Final = "riostat.switch.kernels.guests"


class FrameQueue:
    """The pair `pair` of a guest's rings, whose buffers it posts at once.

    `kernels` is the cache of compiled loops. To be made once for each pair: a guest that rejoins
    its switch goes on with it. One thread at a time.
    """

    def __init__(self, guest: Guest, pair: int, *, kernels: Path) -> None:
        self._guest = guest
        self._loops = import_kernels(_KERNELS, kernels)
        receiving, sending = guest.pool.rings[2 * pair : 2 * pair + 2]
        self._call = guest.calls[receiving.index]
        self._free = np.zeros(sending.size, np.int32)
        self._one = np.ones(1, np.int64)
        self._frames = np.zeros((_BATCH, sending.buffer_bytes - HEADER_BYTES), np.uint8)
        self._lengths = np.zeros(_BATCH, np.int64)
        self._queue = self._describe(pair)
        self._loops.prepare(self._queue)

    @property
    def frame_bytes_max(self) -> int:
        """The longest frame that fits into a buffer."""
        return self._frames.shape[1]

    def send(self, frames: Sequence[bytes]) -> int:
        """Send frames, of `frame_bytes_max` bytes at most; return how many there was room for."""
        sent = 0
        for start in range(0, len(frames), _BATCH):
            batch = frames[start : start + _BATCH]
            for at, frame in enumerate(batch):
                self._frames[at, : len(frame)] = np.frombuffer(frame, np.uint8)
                self._lengths[at] = len(frame)
            taken = self._loops.send(self._queue, self._frames, self._lengths, len(batch))
            sent += taken
            if taken < len(batch):
                break
        return sent

    def receive(self) -> list[bytes]:
        """Return the frames that have arrived, up to a batch of them."""
        count = self._loops.receive(self._queue, self._frames, self._lengths)
        return [self._frames[at, : self._lengths[at]].tobytes() for at in range(count)]

    def wait(self, seconds: float) -> bool:
        """Sleep until frames have arrived, at most so long; return whether some have."""
        if not self._loops.listen(self._queue, 1):
            waiting = select.poll()
            waiting.register(self._call, select.POLLIN)
            if waiting.poll(1000 * seconds):
                os.eventfd_read(self._call)
        return bool(self._loops.listen(self._queue, 0))

    def _describe(self, pair: int) -> NDArray[np.int64]:
        at, pool = self._loops, self._guest.pool
        receiving, sending = pool.rings[2 * pair : 2 * pair + 2]
        queue = np.zeros(at.QUEUE_FIELDS, np.int64)
        queue[at.SIZE] = receiving.size
        queue[at.STRIDE] = receiving.buffer_bytes
        queue[at.KICK] = self._guest.kicks[sending.index]
        queue[at.FREE_ADDRESS] = self._free.ctypes.data
        queue[at.ONE_ADDRESS] = self._one.ctypes.data
        for ring, first in ((receiving, at.RX_DESCRIPTORS), (sending, at.TX_DESCRIPTORS)):
            parts = (ring.descriptors, ring.available, ring.used, ring.buffers)
            queue[first : first + 4] = [pool.address + part for part in parts]
            queue[first + 4] = pool.guest_address + ring.buffers
        return queue
