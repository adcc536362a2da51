"""Where the copies of an object's blocks lie: two places for each block, of which one may be empty.

Six bytes a place, little-endian: u16 number of the disk (0xFFFF: no copy), u32 slot.
"""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from riostat.core.errors import StoreFormatError

__all__ = ["COPIES", "Layout", "Place"]

COPIES = 2
"""Most copies that a block has."""

_NOWHERE = 0xFFFF
_PLACE = struct.Struct("<HI")
_EMPTY = _PLACE.pack(_NOWHERE, 0)


class Place(NamedTuple):
    """One slot of one disk."""

    disk: int
    slot: int


class Layout:
    """The places of blocks 0, 1, 2, ... in 12 bytes each."""

    __slots__ = ("encoded",)

    def __init__(self, encoded: bytes | bytearray = b"") -> None:
        if len(encoded) % (COPIES * _PLACE.size):
            raise StoreFormatError(
                f"A layout has {len(encoded)} bytes, which is no whole number of blocks; "
                "the metadata is damaged: `riostat store rebuild` makes it anew."
            )
        self.encoded = bytearray(encoded)

    def __len__(self) -> int:
        return len(self.encoded) // (COPIES * _PLACE.size)

    def append(self, places: Iterable[Place]) -> None:
        """Add the next block."""
        encoded = b"".join(_PLACE.pack(*place) for place in places)
        assert len(encoded) <= COPIES * _PLACE.size
        self.encoded += encoded + _EMPTY * (COPIES - len(encoded) // _PLACE.size)

    def places(self, index: int) -> tuple[Place, ...]:
        """Return where the copies of a block lie."""
        start = index * COPIES * _PLACE.size
        block = self.encoded[start : start + COPIES * _PLACE.size]
        return tuple(Place(*p) for p in _PLACE.iter_unpack(block) if p[0] != _NOWHERE)

    def put(self, index: int, places: Iterable[Place]) -> None:
        """Say anew where the copies of a block lie."""
        start = index * COPIES * _PLACE.size
        block = Layout()
        block.append(places)
        self.encoded[start : start + COPIES * _PLACE.size] = block.encoded

    def all_places(self) -> Iterator[Place]:
        """Yield the places of all blocks."""
        for disk, slot in _PLACE.iter_unpack(self.encoded):
            if disk != _NOWHERE:
                yield Place(disk, slot)
