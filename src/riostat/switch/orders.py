"""Orders: what the engine tells a worker over a socket, with descriptors, and what it answers.

Each is one packet. The two are one program, so what arrives is decoded, not doubted.
"""

import socket
from collections.abc import Sequence
from typing import TypeAlias

import msgspec

__all__ = [
    "Answer",
    "Attach",
    "Detach",
    "Disable",
    "Enable",
    "Link",
    "MeasureCopy",
    "Order",
    "Ready",
    "RegionOrder",
    "SetCall",
    "SetMemory",
    "SetPolicy",
    "Teach",
    "TellFunctions",
    "Transmit",
    "receive",
    "send",
]

_PACKET_BYTES = 1 << 16
_DESCRIPTORS = 64


class RegionOrder(msgspec.Struct, frozen=True, array_like=True):
    """A region of a guest's memory; its descriptor travels beside it, in the same order."""

    guest_address: int
    user_address: int
    length: int
    offset: int


class Attach(msgspec.Struct, frozen=True, tag=True):
    """Make a port in a slot; descriptors: those of its regions, then those of its TAP queues."""

    slot: int
    kind: str
    policy: str
    features: int
    guest_pid: int
    mac: int
    regions: list[RegionOrder]
    taps: int


class Enable(msgspec.Struct, frozen=True, tag=True):
    """Serve a ring; descriptors: the kick, where `has_kick`, and the call, where `has_call`."""

    slot: int
    index: int
    size: int
    descriptors: int
    available: int
    used: int
    next: int
    has_kick: bool
    has_call: bool


class SetCall(msgspec.Struct, frozen=True, tag=True):
    """Call the guest of a ring by another descriptor, or by none."""

    slot: int
    index: int
    has_call: bool


class Disable(msgspec.Struct, frozen=True, tag=True):
    """Serve a ring no longer; answered with its next available index."""

    slot: int
    index: int


class SetMemory(msgspec.Struct, frozen=True, tag=True):
    """Revoke all grants and rings of a port and take other regions."""

    slot: int
    regions: list[RegionOrder]


class SetPolicy(msgspec.Struct, frozen=True, tag=True):
    """Revoke all grants of a port and go on with another policy."""

    slot: int
    policy: str


class Detach(msgspec.Struct, frozen=True, tag=True):
    """Unmap and forget a port."""

    slot: int


class Link(msgspec.Struct, frozen=True, tag=True):
    """Join another worker; descriptors: memory out, memory in, the other's bell."""

    slot: int


class Teach(msgspec.Struct, frozen=True, tag=True):
    """Know an address, little-endian, as one of a port's."""

    slot: int
    mac: int


class Transmit(msgspec.Struct, frozen=True, tag=True):
    """Let a device receive frames from its templates.

    With `queues`, the slots of ports, the k-th queue delivers to the k-th of them.
    """

    slot: int
    frames: int
    frame_bytes: int
    queues: list[int]


class MeasureCopy(msgspec.Struct, frozen=True, tag=True):
    """Copy frames of a device's templates to memory, and answer with the nanoseconds it took.

    The descriptor is of the memory, `places` pages of it.
    """

    slot: int
    frames: int
    frame_bytes: int
    places: int


class TellFunctions(msgspec.Struct, frozen=True, tag=True):
    """Write where the compiled functions lie, as a perf map, to the descriptor of a file."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """Asks whether the worker's kernels are loaded."""


class Answer(msgspec.Struct, frozen=True):
    """What an order came to: a value, or the sentence why it cannot be done."""

    value: int = 0
    refusal: str = ""


Order: TypeAlias = (
    Attach
    | Detach
    | Disable
    | Enable
    | Link
    | MeasureCopy
    | Ready
    | SetCall
    | SetMemory
    | SetPolicy
    | Teach
    | TellFunctions
    | Transmit
)

_encoder = msgspec.msgpack.Encoder()
_order_decoder: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)


def send(connection: socket.socket, order: Order, descriptors: Sequence[int] = ()) -> None:
    """Send an order with its descriptors, which stay the sender's own too."""
    socket.send_fds(connection, [_encoder.encode(order)], list(descriptors))


def receive(connection: socket.socket) -> tuple[Order, list[int]] | None:
    """Return the next order with its descriptors, None where the engine has gone."""
    packet, descriptors, _, _ = socket.recv_fds(connection, _PACKET_BYTES, _DESCRIPTORS)
    if not packet:
        return None
    return _order_decoder.decode(packet), descriptors
