"""What the bench and its guests say to each other, each a packet of JSON on a socket."""

import socket
from collections.abc import Sequence
from typing import TypeVar

import msgspec

__all__ = ["Begin", "Joined", "Received", "hear", "say"]

_PACKET_BYTES = 1 << 14
Message = TypeVar("Message")


class Joined(msgspec.Struct, frozen=True):
    """A guest's memory, whose descriptor comes with it: rings as (size, three addresses).

    The kick's descriptor follows the memory's.
    """

    guest_address: int
    address: int
    length: int
    rings: list[tuple[int, int, int, int]]


class Begin(msgspec.Struct, frozen=True):
    """Receive so many frames, the k-th of which is number ``first + k * step``."""

    frame_bytes: int
    frames: int
    first: int
    step: int


class Received(msgspec.Struct, frozen=True):
    """How many frames came and were not what they had to be, and when the last was checked."""

    frames: int
    corrupt: int
    ended_ns: int


def say(
    connection: socket.socket, message: msgspec.Struct, descriptors: Sequence[int] = ()
) -> None:
    """Send a message with descriptors."""
    socket.send_fds(connection, [msgspec.json.encode(message)], list(descriptors))


def hear(connection: socket.socket, kind: type[Message]) -> tuple[Message, list[int]] | None:
    """Return the next message with its descriptors, None where the other side has ended."""
    try:
        packet, descriptors, _, _ = socket.recv_fds(connection, _PACKET_BYTES, 4)
    except ConnectionResetError:
        packet = b""  # it ended with something unread
    if not packet:
        return None
    return msgspec.json.decode(packet, type=kind), descriptors
