"""The superblock: what a disk says of itself and of the store that it belongs to.

A disk holds it twice, in 4 KiB each; a new one goes over the older, so that one that was torn by
a crash leaves the other. The newest that is whole counts. All numbers are little-endian::

    0    magic "RIOSTORE"            64   slots          u64
    8    version        u32          72   seed           u64
    12   block bytes    u32          80   replication    f64
    16   store UUID     16 bytes     88   bandwidth      u64, bytes/s, 0 where unknown
    32   disk UUID      16 bytes     96   seek time      u64, ns, of a paced disk
    48   epoch          u64          104  paced          u8, then 7 zeros
    56   created        u64, ns      112  name           u16 length and up to 200 bytes of UTF-8
    4064 BLAKE3 of the 4064 bytes before it
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from blake3 import blake3

from riostat.core.errors import StoreFormatError

__all__ = [
    "BLOCK_BYTES_MAX",
    "BLOCK_BYTES_MIN",
    "SUPERBLOCK_BYTES",
    "SUPERBLOCK_OFFSETS",
    "Superblock",
    "decode_superblock",
    "encode_superblock",
    "newest_superblock",
]

SUPERBLOCK_BYTES = 4096
SUPERBLOCK_OFFSETS = (0, 1 << 19)
BLOCK_BYTES_MIN = 64 << 10
BLOCK_BYTES_MAX = 8 << 20

_MAGIC = b"RIOSTORE"
_VERSION = 1
_FIELDS = struct.Struct("<8sII16s16sQQQQdQQB7xH")
_CHECKED = SUPERBLOCK_BYTES - 32
_NAME_BYTES = 200
_SLOTS_MAX = 1 << 32


@dataclass(frozen=True, slots=True)
class Superblock:
    """What stands on a disk; `slots` is how many blocks it has room for."""

    store: UUID
    disk: UUID
    name: str
    epoch: int
    created_ns: int
    block_bytes: int
    slots: int
    seed: int
    replication: float
    bandwidth_bps: int
    paced: bool
    seek_ns: int


def encode_superblock(superblock: Superblock) -> bytes:
    """Return the 4096 bytes of a superblock."""
    name = superblock.name.encode()
    assert len(name) <= _NAME_BYTES
    fields = _FIELDS.pack(
        _MAGIC,
        _VERSION,
        superblock.block_bytes,
        superblock.store.bytes,
        superblock.disk.bytes,
        superblock.epoch,
        superblock.created_ns,
        superblock.slots,
        superblock.seed,
        superblock.replication,
        superblock.bandwidth_bps,
        superblock.seek_ns,
        superblock.paced,
        len(name),
    )
    checked = (fields + name).ljust(_CHECKED, b"\0")
    return checked + blake3(checked).digest()


def decode_superblock(encoded: bytes | memoryview) -> Superblock:
    """Return the superblock that `encode_superblock` wrote, or raise StoreFormatError."""
    if len(encoded) != SUPERBLOCK_BYTES:
        raise _foreign(f"it has {len(encoded)} bytes")
    (
        magic, version, block_bytes, store, disk, epoch, created_ns, slots, seed, replication,
        bandwidth_bps, seek_ns, paced, name_bytes,
    ) = _FIELDS.unpack_from(encoded)  # fmt: skip
    if magic != _MAGIC:
        raise _foreign(f"it begins with {magic.hex()}")
    if blake3(encoded[:_CHECKED]).digest() != encoded[_CHECKED:]:
        raise _foreign("its checksum is wrong")
    if version != _VERSION:
        raise _foreign(f"it has version {version}, and this riostat knows {_VERSION}")
    if not (
        block_bytes % 4096 == 0
        and BLOCK_BYTES_MIN <= block_bytes <= BLOCK_BYTES_MAX
        and 0 < slots <= _SLOTS_MAX
        and 0 <= replication <= 1
        and paced in {0, 1}
        and not (paced and not bandwidth_bps)
        and name_bytes <= _NAME_BYTES
    ):
        raise _foreign("its numbers contradict one another")
    try:
        name = bytes(encoded[_FIELDS.size : _FIELDS.size + name_bytes]).decode()
    except UnicodeDecodeError as error:
        raise _foreign("its name is no UTF-8") from error
    return Superblock(
        store=UUID(bytes=store),
        disk=UUID(bytes=disk),
        name=name,
        epoch=epoch,
        created_ns=created_ns,
        block_bytes=block_bytes,
        slots=slots,
        seed=seed,
        replication=replication,
        bandwidth_bps=bandwidth_bps,
        paced=bool(paced),
        seek_ns=seek_ns,
    )


def newest_superblock(copies: Sequence[bytes]) -> tuple[Superblock, tuple[int, ...]]:
    """Return the newest whole superblock among `copies`, and which copies are to be written anew.

    Raises `StoreFormatError` where none is whole.
    """
    whole: dict[int, Superblock] = {}
    refusal: StoreFormatError | None = None
    for number, copy in enumerate(copies):
        try:
            whole[number] = decode_superblock(copy)
        except StoreFormatError as error:
            refusal = refusal or error
    if not whole:
        assert refusal is not None
        raise refusal
    newest = max(whole.values(), key=lambda superblock: superblock.epoch)
    stale = tuple(n for n in range(len(copies)) if whole.get(n) != newest)
    return newest, stale


def _foreign(why: str) -> StoreFormatError:
    return StoreFormatError(
        f"A superblock cannot be used: {why}; the disk is damaged or no disk of a store."
    )
