"""What belongs to a port of a worker outside the arrays, and how its row is filled."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from riostat.switch.guestmemory import GuestMemory, MappedRing, address_of
from riostat.switch.kernels import codes, limits
from riostat.switch.kernels import layout as at
from riostat.switch.orders import Attach, Enable, RegionOrder
from riostat.switch.ports import Policy, PortKind, Region

if TYPE_CHECKING:
    import mmap

__all__ = [
    "KINDS",
    "POLICIES",
    "PlanePort",
    "describe",
    "describe_device",
    "map_ring",
    "regions_of",
]

KINDS: Final = {PortKind.VHOST: codes.VHOST, PortKind.TAP: codes.TAP, PortKind.DEVICE: codes.DEVICE}
POLICIES: Final = {
    Policy.COPY: codes.COPY,
    Policy.MAP: codes.MAP,
    Policy.MAP_BATCH: codes.MAP_BATCH,
    Policy.REUSE: codes.REUSE,
}
_CHECKSUM, _SEGMENTATION, _MERGEABLE, _INDIRECT, _VERSION_1 = 1, 7, 15, 28, 32


class PlanePort:
    """What belongs to a port outside the arrays."""

    def __init__(self) -> None:
        self.memory: GuestMemory | None = None
        self.rings: dict[int, MappedRing] = {}
        self.enabled: dict[int, Enable] = {}
        self.kicks: dict[int, int] = {}
        self.calls: dict[int, int] = {}
        self.descriptors: list[int] = []
        self.mappings: list[mmap.mmap] = []
        self.arrays: list[NDArray[np.uint8]] = []

    def close(self) -> None:
        """Give up its memory and descriptors; its rings are stopped before."""
        assert not self.rings
        if self.memory is not None:
            self.memory.close()
        for mapping in self.mappings:
            mapping.close()
        for descriptor in self.descriptors:
            os.close(descriptor)


def describe(row: NDArray[np.int64], order: Attach) -> None:
    """Say in a port's row what was negotiated."""
    features = order.features
    modern = features >> _VERSION_1 & 1 or features >> _MERGEABLE & 1
    row[at.POLICY] = POLICIES[Policy(order.policy)]
    row[at.HEADER] = limits.HEADER_BYTES if modern else 10
    row[at.MERGEABLE] = features >> _MERGEABLE & 1
    row[at.INDIRECT_ALLOWED] = features >> _INDIRECT & 1
    row[at.CHECKSUM_ALLOWED] = features >> _CHECKSUM & 1
    row[at.SEGMENTATION_ALLOWED] = features >> _SEGMENTATION & 1
    row[at.PID] = order.guest_pid
    row[at.MAC] = order.mac
    row[at.PAIRS] = order.taps


def describe_device(port: PlanePort, row: NDArray[np.int64], length: int) -> None:
    """Say in a device's row where its templates are, and give it buffers."""
    buffers = np.zeros(limits.DEVICE_BUFFERS * limits.TEMPLATE_BYTES, np.uint8)
    port.arrays.append(buffers)
    row[at.BUFFERS_ADDRESS] = buffers.ctypes.data
    row[at.TEMPLATES_ADDRESS] = address_of(port.mappings[0])
    row[at.TEMPLATES] = length // limits.TEMPLATE_BYTES


def regions_of(orders: Sequence[RegionOrder], descriptors: Sequence[int]) -> list[Region]:
    """Return regions with the descriptors that came with an order, before others."""
    return [
        Region(
            guest_address=order.guest_address,
            user_address=order.user_address,
            length=order.length,
            offset=order.offset,
            descriptor=descriptor,
            shrinkable=False,
        )
        for order, descriptor in zip(orders, descriptors, strict=False)
    ]


def map_ring(memory: GuestMemory, order: Enable) -> MappedRing:
    """Map the ring that an order names."""
    return memory.map_ring(
        size=order.size,
        descriptors=order.descriptors,
        available=order.available,
        used=order.used,
    )
