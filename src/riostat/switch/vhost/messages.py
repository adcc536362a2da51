"""vhost-user messages: their numbers, layouts and the two ways between bytes and values.

Source: QEMU, docs/interop/vhost-user.rst. Every number is in the byte order of the machine, which
here is little-endian. Nothing in this module reads or writes a socket.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import NamedTuple

from riostat.core.errors import GuestError
from riostat.switch.ports import REGIONS_MAX

__all__ = [
    "HEADER_BYTES",
    "PAYLOAD_BYTES_MAX",
    "VIRTIO_F_INDIRECT_DESC",
    "VIRTIO_F_VERSION_1",
    "VIRTIO_NET_F_CSUM",
    "VIRTIO_NET_F_GUEST_CSUM",
    "VIRTIO_NET_F_GUEST_TSO",
    "VIRTIO_NET_F_HOST_TSO",
    "VIRTIO_NET_F_MQ",
    "VIRTIO_NET_F_MRG_RXBUF",
    "Header",
    "MemoryRegion",
    "ProtocolFeature",
    "Request",
    "VringAddress",
    "VringFile",
    "VringState",
    "decode_header",
    "decode_memory_table",
    "decode_u64",
    "decode_vring_address",
    "decode_vring_file",
    "decode_vring_state",
    "encode_memory_table",
    "encode_reply",
    "encode_request",
    "encode_u64",
    "encode_vring_address",
    "encode_vring_file",
    "encode_vring_state",
]

VIRTIO_NET_F_CSUM = 1 << 0
VIRTIO_NET_F_GUEST_CSUM = 1 << 1
VIRTIO_NET_F_GUEST_TSO = 1 << 7 | 1 << 8  # IPv4 and IPv6
VIRTIO_NET_F_HOST_TSO = 1 << 11 | 1 << 12
VIRTIO_NET_F_MRG_RXBUF = 1 << 15
VIRTIO_NET_F_MQ = 1 << 22
VIRTIO_F_INDIRECT_DESC = 1 << 28
VIRTIO_F_VERSION_1 = 1 << 32

_HEADER = struct.Struct("<III")
_U64 = struct.Struct("<Q")
_VRING_STATE = struct.Struct("<II")
_VRING_ADDRESS = struct.Struct("<IIQQQQ")
_MEMORY_TABLE = struct.Struct("<II")
_REGION = struct.Struct("<QQQQ")

HEADER_BYTES = _HEADER.size
PAYLOAD_BYTES_MAX = _MEMORY_TABLE.size + REGIONS_MAX * _REGION.size

_VERSION = 1
_VERSION_MASK = 3
_REPLY = 4
_NEED_REPLY = 8
_INDEX_MASK = 0xFF
_NO_DESCRIPTOR = 1 << 8


class Request(IntEnum):
    """What a front end may ask for; requests of features that are never offered are left out."""

    GET_FEATURES = 1
    SET_FEATURES = 2
    SET_OWNER = 3
    RESET_OWNER = 4
    SET_MEM_TABLE = 5
    SET_VRING_NUM = 8
    SET_VRING_ADDR = 9
    SET_VRING_BASE = 10
    GET_VRING_BASE = 11
    SET_VRING_KICK = 12
    SET_VRING_CALL = 13
    SET_VRING_ERR = 14
    GET_PROTOCOL_FEATURES = 15
    SET_PROTOCOL_FEATURES = 16
    GET_QUEUE_NUM = 17
    SET_VRING_ENABLE = 18


class ProtocolFeature(IntFlag):
    """Extensions of the protocol; `NEGOTIATION` is the virtio feature bit that announces them."""

    MQ = 1 << 0
    REPLY_ACK = 1 << 3
    NEGOTIATION = 1 << 30


class Header(NamedTuple):
    """What stands before a payload of `size` bytes."""

    request: Request
    need_reply: bool
    size: int


class MemoryRegion(NamedTuple):
    """One region of SET_MEM_TABLE: `size` bytes that lie at `offset` in the descriptor's file."""

    guest_address: int
    size: int
    user_address: int
    offset: int


class VringState(NamedTuple):
    """A number that belongs to one ring."""

    ring: int
    number: int


class VringFile(NamedTuple):
    """The ring that an eventfd belongs to; without a descriptor the ring is to be polled."""

    ring: int
    has_descriptor: bool


@dataclass(frozen=True, slots=True)
class VringAddress:
    """Where the parts of a split ring lie in the front end's address space."""

    index: int
    flags: int
    descriptors: int
    used: int
    available: int


def decode_header(data: bytes) -> Header:
    """Return the header of a request of `HEADER_BYTES`, or raise `GuestError`."""
    number, flags, size = _HEADER.unpack(data)
    if flags & _VERSION_MASK != _VERSION or flags & ~(_VERSION_MASK | _NEED_REPLY):
        raise GuestError(
            f"A request has the flags {flags:#x}; vhost-user requests have version {_VERSION} "
            "and may ask for a reply."
        )
    if number not in Request.__members__.values():
        raise GuestError(
            f"The request {number} was not offered; use those of the features that are."
        )
    if size > PAYLOAD_BYTES_MAX:
        raise GuestError(
            f"{Request(number).name} announces {size} bytes of payload; at most "
            f"{PAYLOAD_BYTES_MAX} are read."
        )
    return Header(Request(number), bool(flags & _NEED_REPLY), size)


def _unpack(layout: struct.Struct, payload: bytes) -> tuple[int, ...]:
    if len(payload) != layout.size:
        raise GuestError(
            f"A payload has {len(payload)} bytes where {layout.size} belong; send it whole."
        )
    return layout.unpack(payload)


def decode_u64(payload: bytes) -> int:
    """Return the one number of a payload, or raise `GuestError`."""
    return _unpack(_U64, payload)[0]


def decode_vring_state(payload: bytes) -> VringState:
    """Return a ring's index and number, or raise `GuestError`."""
    return VringState(*_unpack(_VRING_STATE, payload))


def decode_vring_file(payload: bytes) -> VringFile:
    """Return which ring a descriptor is for, or raise `GuestError`."""
    value = decode_u64(payload)
    if value & ~(_INDEX_MASK | _NO_DESCRIPTOR):
        raise GuestError(
            f"A ring is called {value:#x} where its eventfd is set; only bits 0 to 8 have a "
            "meaning."
        )
    return VringFile(value & _INDEX_MASK, not value & _NO_DESCRIPTOR)


def decode_vring_address(payload: bytes) -> VringAddress:
    """Return where a ring's parts lie, or raise `GuestError`; the log's address is left out."""
    index, flags, descriptors, used, available, _log = _unpack(_VRING_ADDRESS, payload)
    return VringAddress(index, flags, descriptors, used, available)


def decode_memory_table(payload: bytes) -> tuple[MemoryRegion, ...]:
    """Return the regions of SET_MEM_TABLE, or raise `GuestError`."""
    if len(payload) < _MEMORY_TABLE.size:
        raise GuestError(
            f"A memory table has {len(payload)} bytes, less than its own head; send it whole."
        )
    count, _padding = _MEMORY_TABLE.unpack_from(payload)
    if not 1 <= count <= REGIONS_MAX:
        raise GuestError(f"A memory table has {count} regions; give 1 to {REGIONS_MAX}.")
    if len(payload) != _MEMORY_TABLE.size + count * _REGION.size:
        raise GuestError(
            f"A memory table of {count} regions has {len(payload)} bytes; send it whole, and no "
            "more."
        )
    return tuple(map(MemoryRegion._make, _REGION.iter_unpack(payload[_MEMORY_TABLE.size :])))


def encode_request(request: Request, payload: bytes = b"", *, need_reply: bool = False) -> bytes:
    """Return a request of a front end."""
    flags = _VERSION | (_NEED_REPLY if need_reply else 0)
    return _HEADER.pack(request, flags, len(payload)) + payload


def encode_reply(request: Request, payload: bytes) -> bytes:
    """Return the answer of a back end to a request."""
    return _HEADER.pack(request, _VERSION | _REPLY, len(payload)) + payload


def encode_u64(value: int) -> bytes:
    """Return a payload of one number."""
    return _U64.pack(value)


def encode_vring_state(index: int, number: int) -> bytes:
    """Return a ring's index and number."""
    return _VRING_STATE.pack(index, number)


def encode_vring_file(index: int, *, has_descriptor: bool) -> bytes:
    """Return which ring the descriptor that goes along is for."""
    return _U64.pack(index | (0 if has_descriptor else _NO_DESCRIPTOR))


def encode_vring_address(address: VringAddress) -> bytes:
    """Return where a ring's parts lie; nothing is logged."""
    return _VRING_ADDRESS.pack(
        address.index, address.flags, address.descriptors, address.used, address.available, 0
    )


def encode_memory_table(regions: Sequence[MemoryRegion]) -> bytes:
    """Return the payload of SET_MEM_TABLE."""
    return _MEMORY_TABLE.pack(len(regions), 0) + b"".join(_REGION.pack(*r) for r in regions)
