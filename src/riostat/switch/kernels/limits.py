"""How much a worker takes at most, and the sizes of headers that the standards fix."""

from typing import Final

__all__ = [
    "ARENA_BYTES",
    "BATCH",
    "BATCH_BYTES",
    "BOUNCE_BYTES",
    "CHAINS_MAX",
    "DEVICE_BUFFERS",
    "ETHERNET_BYTES",
    "FRAME_BYTES_MAX",
    "HEADER_BYTES",
    "INDIRECT_MAX",
    "LINK_BYTES",
    "LINK_FILE_BYTES",
    "MAC_MASK",
    "MAPPINGS_MAX",
    "PAIRS_MAX",
    "PORTS_MAX",
    "REGIONS_MAX",
    "RINGS_MAX",
    "SEGMENTS_MAX",
    "STAGE_BYTES",
    "TEMPLATE_BYTES",
    "VECTORS_MAX",
]

# Bounds.
PORTS_MAX: Final = 32
PAIRS_MAX: Final = 8
RINGS_MAX: Final = 16
REGIONS_MAX: Final = 8
BATCH: Final = 32
BATCH_BYTES: Final = 1 << 18
BOUNCE_BYTES: Final = 1 << 19
LINK_BYTES: Final = 1 << 20
LINK_FILE_BYTES: Final = 4096 + LINK_BYTES
TEMPLATE_BYTES: Final = 2048
DEVICE_BUFFERS: Final = 256
SEGMENTS_MAX: Final = 256
CHAINS_MAX: Final = 64
FRAME_BYTES_MAX: Final = 65550
VECTORS_MAX: Final = 1024
INDIRECT_MAX: Final = 1024
MAPPINGS_MAX: Final = 512
STAGE_BYTES: Final = 1 << 20
ARENA_BYTES: Final = 1 << 23

# Sizes that the standards fix: virtio-net and Ethernet headers.
HEADER_BYTES: Final = 12
ETHERNET_BYTES: Final = 14
MAC_MASK: Final = (1 << 48) - 1
