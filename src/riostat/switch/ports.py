"""Ports: what the control plane says of one, and what the data plane counts of it.

A direction is named as the switch sees it: what a port sends into the switch is received (rx),
what the switch hands to a port is transmitted (tx). For every port and for the switch as a whole
holds: frames in + copies made for flooding = frames out + dropped frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

__all__ = [
    "DROP_WORDS",
    "ENGINE_FEATURES",
    "FAULT_WORDS",
    "PAIRS_MAX",
    "PORTS_MAX",
    "REGIONS_MAX",
    "RING_SIZE_MAX",
    "Drop",
    "Fault",
    "GrantCounters",
    "Policy",
    "PortCounters",
    "PortDescription",
    "PortKind",
    "PortState",
    "QueueCounters",
    "Region",
    "Ring",
    "WorkerStatus",
]

PORTS_MAX: Final = 32
"""Ports of one switch."""

PAIRS_MAX: Final = 8
"""Queue pairs of one port."""

REGIONS_MAX: Final = 8
"""Memory regions of one guest, as vhost-user has it."""

RING_SIZE_MAX: Final = 32768
"""Descriptors of one ring (VIRTIO 1.2, 2.7)."""


ENGINE_FEATURES: Final = sum(
    1 << bit
    for bit in (
        0,  # CSUM: a guest may leave checksums to us
        1,  # GUEST_CSUM: it may get frames without
        7,  # GUEST_TSO4
        8,  # GUEST_TSO6
        11,  # HOST_TSO4
        12,  # HOST_TSO6
        15,  # MRG_RXBUF
        22,  # MQ
        28,  # RING_INDIRECT_DESC
        32,  # VERSION_1
    )
)
"""The virtio feature bits that the data plane serves (VIRTIO 1.2, 5.1.3 and 6)."""


class PortKind(StrEnum):
    """How a port's frames come and go."""

    VHOST = "vhost"
    TAP = "tap"
    DEVICE = "device"


class Policy(StrEnum):
    """How the switch gets at the pages of a guest's buffers.

    `COPY` never maps them: the kernel copies, in batches. `MAP` maps and unmaps each page for each
    frame, `MAP_BATCH` each page for each batch, with one unmap of all; `REUSE` keeps a page
    mapped from its first use until the guest revokes it.
    """

    COPY = "copy"
    MAP = "map"
    MAP_BATCH = "map-batch"
    REUSE = "reuse"


class PortState(StrEnum):
    """Whether frames of a port move."""

    ATTACHED = "attached"
    RUNNING = "running"
    BROKEN = "broken"


class Drop(IntEnum):
    """Why a frame was dropped; each has a counter of its own at the port that sent the frame."""

    NO_BUFFER = 0
    NO_PORT = 1
    TOO_SHORT = 2
    TOO_LONG = 3
    TOO_SCATTERED = 4
    OFFLOAD = 5
    FLOOD_LIMIT = 6
    SPOOFED = 7
    REFUSED = 8
    LINK_FULL = 9


DROP_WORDS: Final[Mapping[Drop, str]] = {
    Drop.NO_BUFFER: "the receiver had posted no buffer, or one too short",
    Drop.NO_PORT: "no other port could take it",
    Drop.TOO_SHORT: "shorter than an Ethernet header",
    Drop.TOO_LONG: "longer than the switch takes",
    Drop.TOO_SCATTERED: "in more pieces than the switch takes",
    Drop.OFFLOAD: "needs an offload that the receiver did not negotiate",
    Drop.FLOOD_LIMIT: "flooded beyond the limit",
    Drop.SPOOFED: "sent from an address that is not its port's",
    Drop.REFUSED: "refused by the receiver's kernel",
    Drop.LINK_FULL: "the worker of the receiver was behind",
}


class Fault(IntEnum):
    """Why a port is broken: what its guest did, or what happened to its memory."""

    NONE = 0
    RING_EXTENT = 1
    INDEX_JUMP = 2
    HEAD_BOUNDS = 3
    NEXT_BOUNDS = 4
    CHAIN_LOOP = 5
    ADDRESS = 6
    DIRECTION = 7
    INDIRECT = 8
    DUPLICATE = 9
    SHORT_BUFFER = 10
    GRANT = 11
    MEMORY_LOST = 12
    WORKER_LOST = 13


FAULT_WORDS: Final[Mapping[Fault, str]] = {
    Fault.NONE: "",
    Fault.RING_EXTENT: "a ring is misaligned, of a bad size or not wholly inside one memory region",
    Fault.INDEX_JUMP: "the available index jumped by more than the ring's size",
    Fault.HEAD_BOUNDS: "the available ring names a descriptor that is not there",
    Fault.NEXT_BOUNDS: "a descriptor goes on at one that is not there",
    Fault.CHAIN_LOOP: "a descriptor chain is longer than its ring",
    Fault.ADDRESS: "a descriptor's buffer is not wholly inside the guest's memory",
    Fault.DIRECTION: "a descriptor is writable where it must be readable, or the other way round",
    Fault.INDIRECT: "a descriptor is indirect where none was negotiated, or badly",
    Fault.DUPLICATE: "a descriptor was made available again before it was used",
    Fault.SHORT_BUFFER: "a buffer is too short for the virtio-net header",
    Fault.GRANT: "the kernel refused to map or copy a page of the guest's memory",
    Fault.MEMORY_LOST: "the guest's memory was truncated under the switch",
    Fault.WORKER_LOST: "the worker that served the port ended",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One memory region of a guest, as in VHOST_USER_SET_MEM_TABLE.

    `guest_address` is what descriptors hold, `user_address` what the front end uses itself (rings
    are given in these), `offset` where the region begins in the file `descriptor`, all in bytes.
    `shrinkable` says that the file lacks F_SEAL_SHRINK.
    """

    guest_address: int
    user_address: int
    length: int
    offset: int
    descriptor: int
    shrinkable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One split virtqueue that is to be served (VIRTIO 1.2, 2.7).

    The guest receives on even indexes and transmits on odd ones. `descriptors`, `available` and
    `used` are addresses in the front end's own space, `base` the next entry of the available ring
    to look at. `kick` and `call` are eventfds or -1; without a kick the ring is polled for ever.
    """

    index: int
    size: int
    descriptors: int
    available: int
    used: int
    base: int
    kick: int = -1
    call: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class PortDescription:
    """A port that is to be attached.

    `features` are the virtio feature bits that were negotiated. `guest_pid` is whose memory the
    policy `copy` reads and writes. `tap_descriptors` are the queues of a TAP device, non-blocking,
    with 12-byte virtio-net headers. `mac` is the only source address that the port may use, None
    for any.
    """

    kind: PortKind
    policy: Policy = Policy.REUSE
    features: int = 0
    guest_pid: int = 0
    regions: Sequence[Region] = ()
    tap_descriptors: Sequence[int] = ()
    mac: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounters:
    """What one queue pair of a port carried, from the switch's side; bytes without headers."""

    rx_frames: int = 0
    rx_bytes: int = 0
    tx_frames: int = 0
    tx_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantCounters:
    """What a policy did: grants that are `live` now, and how often it mapped, reused, revoked.

    A grant is a page under `map` and `map-batch`, a granule of a region under `reuse`, a frame
    under `copy`, where `mapped` counts nothing and `copied` frames.
    """

    live: int = 0
    mapped: int = 0
    reused: int = 0
    revoked: int = 0
    copied: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PortCounters:
    """One port as it stands; `worker` is the number of the worker that serves it.

    `flooded` counts the copies beyond the first that were made of frames from this port.
    """

    name: str
    kind: PortKind
    policy: Policy
    state: PortState
    fault: Fault = Fault.NONE
    worker: int = 0
    own_worker: bool = False
    queues: Sequence[QueueCounters] = ()
    drops: Mapping[Drop, int] = field(default_factory=dict)
    flooded: int = 0
    grants: GrantCounters = field(default_factory=GrantCounters)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStatus:
    """One worker process; `cpu` is -1 where it may run on any.

    `busy_ns` is how long it was at work in rounds that moved frames.
    """

    index: int
    cpu: int
    pid: int
    alive: bool
    busy_ns: int
