"""What a worker's numbers stand for: kinds of ports, policies, states, drops and faults."""

from typing import Final

__all__ = [
    "BROKEN",
    "COPY",
    "DEVICE",
    "DROPPED",
    "DROP_FLOOD_LIMIT",
    "DROP_LINK_FULL",
    "DROP_NO_BUFFER",
    "DROP_NO_PORT",
    "DROP_OFFLOAD",
    "DROP_REFUSED",
    "DROP_SPOOFED",
    "DROP_TOO_LONG",
    "DROP_TOO_SCATTERED",
    "DROP_TOO_SHORT",
    "FAULT_ADDRESS",
    "FAULT_CHAIN_LOOP",
    "FAULT_DIRECTION",
    "FAULT_DUPLICATE",
    "FAULT_GRANT",
    "FAULT_HEAD_BOUNDS",
    "FAULT_INDEX_JUMP",
    "FAULT_INDIRECT",
    "FAULT_MEMORY_LOST",
    "FAULT_NEXT_BOUNDS",
    "FAULT_NONE",
    "FAULT_RING_EXTENT",
    "FAULT_SHORT_BUFFER",
    "FAULT_WORKER_LOST",
    "IDLE",
    "LINK",
    "MAP",
    "MAP_BATCH",
    "NO_PORT",
    "REUSE",
    "RUNNING",
    "TAP",
    "VHOST",
]

# Kinds of ports.
NO_PORT: Final = 0
VHOST: Final = 1
TAP: Final = 2
DEVICE: Final = 3
LINK: Final = 4

# Policies of grants.
COPY: Final = 0
MAP: Final = 1
MAP_BATCH: Final = 2
REUSE: Final = 3

# Whether a port or a ring is served.
IDLE: Final = 0
RUNNING: Final = 1
BROKEN: Final = 2

# Why a frame is dropped, as riostat.switch.ports.Drop.
DROP_NO_BUFFER: Final = 0
DROP_NO_PORT: Final = 1
DROP_TOO_SHORT: Final = 2
DROP_TOO_LONG: Final = 3
DROP_TOO_SCATTERED: Final = 4
DROP_OFFLOAD: Final = 5
DROP_FLOOD_LIMIT: Final = 6
DROP_SPOOFED: Final = 7
DROP_REFUSED: Final = 8
DROP_LINK_FULL: Final = 9

# Why a port is broken, as riostat.switch.ports.Fault.
FAULT_NONE: Final = 0
FAULT_RING_EXTENT: Final = 1
FAULT_INDEX_JUMP: Final = 2
FAULT_HEAD_BOUNDS: Final = 3
FAULT_NEXT_BOUNDS: Final = 4
FAULT_CHAIN_LOOP: Final = 5
FAULT_ADDRESS: Final = 6
FAULT_DIRECTION: Final = 7
FAULT_INDIRECT: Final = 8
FAULT_DUPLICATE: Final = 9
FAULT_SHORT_BUFFER: Final = 10
FAULT_GRANT: Final = 11
FAULT_MEMORY_LOST: Final = 12
FAULT_WORKER_LOST: Final = 13

# Kernels return a fault as its negative, and a drop as this less its number.
DROPPED: Final = -100
