"""Which slots are in use: a bit for each, 32768 of them in a row of the database.

The functions work inside a transaction of `riostat.store.metadata`.
"""

import sqlite3
import struct
from collections import defaultdict
from collections.abc import Iterable

from riostat.store.layouts import Place

__all__ = ["add_disk", "free_slots", "mark_free", "mark_used", "pack_slots", "take", "unpack_slots"]

_CHUNK = 1 << 15
_FULL = 0xFF


def add_disk(connection: sqlite3.Connection, disk: int, slots: int) -> None:
    """Make the map of a disk on which no slot is used."""
    for chunk in range(-(-slots // _CHUNK)):
        count = min(_CHUNK, slots - chunk * _CHUNK)
        used = bytearray(-(-count // 8))
        if count % 8:
            used[-1] = _FULL << count % 8 & _FULL  # what lies behind the end is never free
        connection.execute("INSERT INTO slotmap VALUES (?, ?, ?, ?)", (disk, chunk, count, used))


def free_slots(connection: sqlite3.Connection) -> dict[int, int]:
    """Return how many slots are free on each disk."""
    return dict(connection.execute("SELECT disk, sum(free) FROM slotmap GROUP BY disk"))


def take(connection: sqlite3.Connection, disk: int, wanted: int) -> list[int]:
    """Mark the lowest free slots as used and return them; fewer than `wanted` where it is full."""
    taken: list[int] = []
    chunks = connection.execute(
        "SELECT chunk FROM slotmap WHERE disk = ? AND free > 0 ORDER BY chunk", (disk,)
    ).fetchall()
    for (chunk,) in chunks:
        if len(taken) == wanted:
            break
        used = _bits(connection, disk, chunk)
        found = _take_bits(used, wanted - len(taken))
        taken += [chunk * _CHUNK + bit for bit in found]
        _store(connection, disk, chunk, used, -len(found))
    return taken


def mark_used(connection: sqlite3.Connection, places: Iterable[Place]) -> None:
    """Mark slots as used."""
    _mark(connection, places, used=True)


def mark_free(connection: sqlite3.Connection, places: Iterable[Place]) -> None:
    """Mark slots as free; one that is free already stays so."""
    _mark(connection, places, used=False)


def pack_slots(slots: Iterable[int]) -> bytes:
    """Return slots as u32, little-endian."""
    listed = list(slots)
    return struct.pack(f"<{len(listed)}I", *listed)


def unpack_slots(packed: bytes) -> list[int]:
    """Return what `pack_slots` was given."""
    return list(struct.unpack(f"<{len(packed) // 4}I", packed))


def _bits(connection: sqlite3.Connection, disk: int, chunk: int) -> bytearray:
    (used,) = connection.execute(
        "SELECT used FROM slotmap WHERE disk = ? AND chunk = ?", (disk, chunk)
    ).fetchone()
    return bytearray(used)


def _take_bits(used: bytearray, wanted: int) -> list[int]:
    found: list[int] = []
    for position, byte in enumerate(used):
        if byte == _FULL:
            continue
        for bit in range(8):
            if not byte >> bit & 1 and len(found) < wanted:
                used[position] |= 1 << bit
                found.append(position * 8 + bit)
        if len(found) == wanted:
            break
    return found


def _mark(connection: sqlite3.Connection, places: Iterable[Place], *, used: bool) -> None:
    by_chunk: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for disk, slot in places:
        by_chunk[disk, slot // _CHUNK].append(slot % _CHUNK)
    for (disk, chunk), bits in by_chunk.items():
        bitmap = _bits(connection, disk, chunk)
        changed = 0
        for bit in bits:
            mask = 1 << bit % 8
            if bool(bitmap[bit // 8] & mask) is not used:
                bitmap[bit // 8] ^= mask
                changed += 1
        _store(connection, disk, chunk, bitmap, -changed if used else changed)


def _store(
    connection: sqlite3.Connection, disk: int, chunk: int, used: bytearray, freed: int
) -> None:
    connection.execute(
        "UPDATE slotmap SET used = ?, free = free + ? WHERE disk = ? AND chunk = ?",
        (used, freed, disk, chunk),
    )
