"""A slot: where one block lies on a disk, behind a header of 4 KiB that says which block it is.

Slots have a fixed size and a fixed place: slot n begins at `SLOTS_OFFSET` + n * (4096 + block
bytes). The header, little-endian::

    0    magic "RIOSLOT1"            64   index          u64, of the block in its object
    8    kind           u32          72   generation     u64, one more at each rewriting in place
    12   length         u32          80   BLAKE3 of the `length` bytes of the block
    16   store UUID     16 bytes     4064 BLAKE3 of the 4064 bytes before it
    32   disk UUID      16 bytes
    48   version        16 bytes

A block is believed when its header is whole, names this store, this disk, the version and index
that were asked for, and the digest of the bytes is the header's.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from blake3 import blake3

from riostat.core.errors import StoreFormatError

__all__ = [
    "SLOTS_OFFSET",
    "SLOT_HEADER_BYTES",
    "SlotHeader",
    "SlotKind",
    "decode_slot_header",
    "encode_slot_header",
    "payload_digest",
    "slot_offset",
]

SLOT_HEADER_BYTES = 4096
SLOTS_OFFSET = 1 << 20

_MAGIC = b"RIOSLOT1"
_FIELDS = struct.Struct("<8sII16s16s16sQQ32s")
_CHECKED = SLOT_HEADER_BYTES - 32


class SlotKind(IntEnum):
    """What a slot holds; a tombstone stands where the manifest of a deleted version stood."""

    DATA = 1
    MANIFEST = 2
    TOMBSTONE = 3


@dataclass(frozen=True, slots=True)
class SlotHeader:
    """What a slot says of itself; `version` is 32 hexadecimal digits."""

    kind: SlotKind
    store: UUID
    disk: UUID
    version: str
    index: int
    generation: int
    length: int
    digest: bytes


def slot_offset(slot: int, block_bytes: int) -> int:
    """Return where a slot begins, in bytes."""
    return SLOTS_OFFSET + slot * (SLOT_HEADER_BYTES + block_bytes)


def payload_digest(payload: bytes | memoryview) -> bytes:
    """Return the BLAKE3 of a block."""
    return blake3(payload).digest()


def encode_slot_header(header: SlotHeader) -> bytes:
    """Return the 4096 bytes of a header."""
    fields = _FIELDS.pack(
        _MAGIC,
        header.kind,
        header.length,
        header.store.bytes,
        header.disk.bytes,
        bytes.fromhex(header.version),
        header.index,
        header.generation,
        header.digest,
    )
    checked = fields.ljust(_CHECKED, b"\0")
    return checked + blake3(checked).digest()


def decode_slot_header(encoded: bytes | memoryview, *, block_bytes: int) -> SlotHeader | None:
    """Return the header of a slot, None for a slot that was never written.

    Raises `StoreFormatError` for anything that `encode_slot_header` did not write.
    """
    if len(encoded) != SLOT_HEADER_BYTES:
        raise _foreign(f"it has {len(encoded)} bytes")
    magic, kind, length, store, disk, version, index, generation, digest = _FIELDS.unpack_from(
        encoded
    )
    if magic != _MAGIC:
        if not any(encoded):
            return None
        raise _foreign(f"it begins with {magic.hex()}")
    if blake3(encoded[:_CHECKED]).digest() != encoded[_CHECKED:]:
        raise _foreign("its checksum is wrong")
    if (
        kind not in SlotKind.__members__.values()
        or length > block_bytes
        or (index and kind != SlotKind.DATA)
    ):
        raise _foreign("its numbers contradict one another")
    return SlotHeader(
        kind=SlotKind(kind),
        store=UUID(bytes=store),
        disk=UUID(bytes=disk),
        version=version.hex(),
        index=index,
        generation=generation,
        length=length,
        digest=digest,
    )


def _foreign(why: str) -> StoreFormatError:
    return StoreFormatError(
        f"A slot's header cannot be used: {why}; `riostat store scrub` repairs what has a copy."
    )
