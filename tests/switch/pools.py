"""A guest as tests need one: a sealed pool with the rings of one queue pair, in this process.

What it shares is real memory behind a real descriptor; it speaks no vhost-user, so that a test
can lie in a ring word by word.
"""

import fcntl
import mmap
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riostat.core.kernelcache import import_kernels
from riostat.switch.board import Board
from riostat.switch.engine import Engine
from riostat.switch.guestmemory import address_of
from riostat.switch.orders import Attach, Enable, RegionOrder
from riostat.switch.plane import Plane
from riostat.switch.ports import Policy, PortDescription, PortKind, Region, Ring

__all__ = ["VERSION_1", "PoolGuest", "attach_to_engine", "attach_to_plane", "frame", "new_plane"]

VERSION_1 = 1 << 32
_GUEST_ADDRESS = 0x4000_0000
_RING_BYTES = 1 << 16
_PARTS = (0, 1 << 14, 1 << 15)  # descriptors, available, used, inside a ring's bytes


class PoolGuest:
    """One queue pair of `size` descriptors, and as many buffers of `stride` bytes each way."""

    def __init__(self, cache: Path, *, size: int = 64, stride: int = 2048) -> None:
        self.kernels: Any = import_kernels("riostat.switch.kernels.guests", cache)
        self.size = size
        buffers = size * stride
        self.length = 2 * _RING_BYTES + 2 * buffers
        flags = os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC
        self.descriptor = os.memfd_create("pool", flags)
        os.ftruncate(self.descriptor, self.length)
        fcntl.fcntl(self.descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        self.memory = mmap.mmap(self.descriptor, self.length)
        self.bytes: NDArray[np.uint8] = np.frombuffer(self.memory, np.uint8)
        self.address = address_of(self.memory)
        self.kick = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self.call = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._one = np.ones(1, np.int64)
        self._free = np.zeros(size, np.int32)
        self._received = np.zeros((size, stride), np.uint8)
        self._lengths = np.zeros(size, np.int64)
        self.queue = self._describe(stride, buffers)
        self.kernels.prepare(self.queue)

    def _describe(self, stride: int, buffers: int) -> NDArray[np.int64]:
        k = self.kernels
        queue = np.zeros(k.QUEUE_FIELDS, np.int64)
        queue[k.SIZE], queue[k.STRIDE], queue[k.KICK] = self.size, stride, self.kick
        for first, ring in ((k.RX_DESCRIPTORS, 0), (k.TX_DESCRIPTORS, _RING_BYTES)):
            queue[first : first + 3] = [self.address + ring + part for part in _PARTS]
        for first, offset in (
            (k.RX_BUFFERS, 2 * _RING_BYTES),
            (k.TX_BUFFERS, 2 * _RING_BYTES + buffers),
        ):
            queue[first] = self.address + offset
            queue[first + 1] = _GUEST_ADDRESS + offset
        queue[k.FREE_ADDRESS] = self._free.ctypes.data
        queue[k.ONE_ADDRESS] = self._one.ctypes.data
        return queue

    @property
    def region(self) -> Region:
        """The pool as a front end names it."""
        return Region(
            guest_address=_GUEST_ADDRESS,
            user_address=self.address,
            length=self.length,
            offset=0,
            descriptor=self.descriptor,
            shrinkable=False,
        )

    def ring(self, index: int, base: int = 0) -> Ring:
        """The receive ring (0) or the transmit ring (1) of the pair."""
        descriptors, available, used = (
            self.address + index * _RING_BYTES + part for part in _PARTS
        )
        return Ring(
            index=index,
            size=self.size,
            descriptors=descriptors,
            available=available,
            used=used,
            base=base,
            kick=self.kick,
            call=self.call,
        )

    def words(self, index: int, part: int, kind: str) -> NDArray[Any]:
        """One of a ring's parts (0 descriptors, 1 available, 2 used) as words to lie in."""
        begin = index * _RING_BYTES + _PARTS[part]
        return self.bytes[begin : begin + (1 << 14)].view(kind)

    def send(self, frames: Sequence[bytes]) -> int:
        """Transmit frames; return how many there was room for."""
        array = np.zeros((max(len(frames), 1), max(map(len, frames), default=1)), np.uint8)
        lengths = np.array([len(each) for each in frames] or [0], np.int64)
        for k, each in enumerate(frames):
            array[k, : len(each)] = np.frombuffer(each, np.uint8)
        return int(self.kernels.send(self.queue, array, lengths, len(frames)))

    def receive(self) -> list[bytes]:
        """Take what has arrived."""
        count = self.kernels.receive(self.queue, self._received, self._lengths)
        return [self._received[k, : self._lengths[k]].tobytes() for k in range(count)]

    def expect(self, count: int, seconds: float = 20) -> list[bytes]:
        """Take `count` frames, waiting for those that have not arrived."""
        frames: list[bytes] = []
        end = time.monotonic() + seconds
        while len(frames) < count:
            assert time.monotonic() < end, f"{len(frames)} of {count} frames arrived"
            frames += self.receive()
        return frames

    def close(self) -> None:
        """Give everything back."""
        for descriptor in (self.descriptor, self.kick, self.call):
            os.close(descriptor)


def frame(to: int, sender: int, body: bytes = b"", *, length: int = 60) -> bytes:
    """An Ethernet frame between the guests of two small numbers."""
    head = bytes([2, 0, 0, 0, 0, to, 2, 0, 0, 0, 0, sender, 0x88, 0xB5])
    return (head + body).ljust(length, b"\0")


def new_plane(cache: Path) -> Plane:
    """A worker's data plane in this process, which serves when it is told to."""
    board = Board.create()
    return Plane(board, os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC), cache)


def attach_to_plane(
    plane: Plane,
    slot: int,
    guest: PoolGuest,
    *,
    policy: Policy = Policy.REUSE,
    features: int = VERSION_1,
) -> None:
    """Attach a guest to a plane and enable both of its rings."""
    region = guest.region
    regions = [RegionOrder(region.guest_address, region.user_address, region.length, 0)]
    order = Attach(slot, PortKind.VHOST, policy, features, os.getpid(), -1, regions, 0)
    plane.carry_out(order, [os.dup(guest.descriptor)])
    for index in (0, 1):
        ring = guest.ring(index)
        addresses = (ring.descriptors, ring.available, ring.used)
        enable = Enable(slot, index, ring.size, *addresses, 0, has_kick=True, has_call=True)
        plane.carry_out(enable, [os.dup(guest.kick), os.dup(guest.call)])


def attach_to_engine(
    engine: Engine,
    name: str,
    guest: PoolGuest,
    *,
    policy: Policy = Policy.REUSE,
    features: int = VERSION_1,
    worker: int | None = None,
) -> None:
    """Attach a guest to an engine and enable both of its rings."""
    description = PortDescription(
        kind=PortKind.VHOST,
        policy=policy,
        features=features,
        guest_pid=os.getpid(),
        regions=[guest.region],
    )
    engine.attach(name, description, worker=worker)
    for index in (0, 1):
        engine.enable(name, guest.ring(index))
