"""A guest of the bench: ``python -m riostat.switch.bench.guest SOCKET TEMPLATES CPU CACHE PARENT``.

It shares a pool with rings, receives frames and compares each with what it must be.
"""

import os
import socket
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.kernelcache import import_kernels
from riostat.switch.bench.conversation import Begin, Joined, Received, hear, say
from riostat.switch.bench.templates import map_templates
from riostat.switch.child import become_child
from riostat.switch.vhost.pool import Pool

__all__ = ["BenchGuest", "main"]

_RING_SIZE = 1024  # a ring of many buffers leaves those that the guest still reads alone
_BUFFER_BYTES = 4096  # a page each, so that a grant is of one page


class BenchGuest:
    """Receives and checks frames in a pool of its own."""

    def __init__(self, templates: int, kernels: Path) -> None:
        self._loops = import_kernels("riostat.switch.kernels.guests", kernels)
        self._templates = map_templates(templates)
        self.pool = Pool(queues=1, ring_size=_RING_SIZE, buffer_bytes=_BUFFER_BYTES)
        self.kick = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._free = np.zeros(_RING_SIZE, np.int32)
        self._progress = np.zeros(4, np.int64)
        self._queue = self._describe()
        self._loops.prepare(self._queue)

    def _describe(self) -> NDArray[np.int64]:
        queue = np.zeros(self._loops.QUEUE_FIELDS, np.int64)
        queue[self._loops.SIZE] = _RING_SIZE
        queue[self._loops.STRIDE] = _BUFFER_BYTES
        queue[self._loops.KICK] = -1  # it only receives
        queue[self._loops.FREE_ADDRESS] = self._free.ctypes.data
        first = self._loops.RX_DESCRIPTORS
        for ring in self.pool.rings:
            places = (ring.descriptors, ring.available, ring.used, ring.buffers)
            queue[first : first + 4] = [self.pool.address + place for place in places]
            queue[first + 4] = self.pool.guest_address + ring.buffers
            first = self._loops.TX_DESCRIPTORS
        return queue

    def joined(self) -> Joined:
        """Return what the switch must know of the pool."""
        base = self.pool.address
        rings = [
            (ring.size, base + ring.descriptors, base + ring.available, base + ring.used)
            for ring in self.pool.rings
        ]
        pool = self.pool
        return Joined(pool.guest_address, pool.address, pool.size, rings)

    def receive(self, begin: Begin) -> Received:
        """Receive and check as many frames as `begin` says."""
        self._progress[:] = (begin.first, 0, 0, 0)
        self._loops.verify(
            self._queue,
            self._templates,
            begin.frame_bytes,
            begin.step,
            self._progress,
            begin.frames,
        )
        frames, corrupt = self._progress[1:3].tolist()
        return Received(frames, corrupt, SYSTEM_CLOCK.monotonic_ns())


def main() -> None:
    """Join the bench that started this process, and receive until it has ended."""
    if not become_child(int(sys.argv[5]), "bench-guest"):
        return
    connection = socket.socket(fileno=int(sys.argv[1]))
    if (cpu := int(sys.argv[3])) >= 0:
        os.sched_setaffinity(0, {cpu})
    guest = BenchGuest(int(sys.argv[2]), Path(sys.argv[4]))
    guest.receive(Begin(64, 0, 0, 1))  # has the loop compiled, or loaded
    say(connection, guest.joined(), [guest.pool.descriptor, guest.kick])
    while (heard := hear(connection, Begin)) is not None:
        say(connection, guest.receive(heard[0]))


if __name__ == "__main__":
    main()
