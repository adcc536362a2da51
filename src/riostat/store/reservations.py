"""Slots set aside for an upload, so that no other process takes them."""

from collections import Counter
from collections.abc import Iterable

from riostat.core.clock import Clock
from riostat.core.errors import StoreFullError
from riostat.store.diskset import DiskSet
from riostat.store.layouts import Layout, Place
from riostat.store.metadata import Metadata
from riostat.store.placement import Placement, disk_weight
from riostat.store.slotmap import free_slots, mark_free, pack_slots, take, unpack_slots

__all__ = ["Reservations"]


class Reservations:
    """Draws the disks of blocks and reserves a slot on each, in the name of one session."""

    def __init__(
        self, metadata: Metadata, disks: DiskSet, *, session: str, replication: float, seed: int
    ) -> None:
        self._metadata = metadata
        self._disks = disks
        self._session = session
        self._replication = replication
        self._seed = seed

    def reserve(
        self, version: str, first: int, count: int, *, replicated: bool = False
    ) -> list[tuple[Place, ...]]:
        """Return places for the blocks `first`, `first` + 1, ... of a version, up to `count`.

        Disks are drawn by their weights as they are now, and those that fill up meanwhile are
        left out. There are fewer places where there is no more room; raises `StoreFullError`, and
        reserves nothing, where too few disks have room for the first block.
        """
        drawn: list[tuple[int, ...]] = []
        slots: dict[int, list[int]] = {}
        with self._metadata.transaction(durable=False) as connection:
            free = free_slots(connection)
            placement = self._placement(free, self._replication)
            for index in range(first, first + count):
                disks = placement.draw(version, index, replicated=replicated)
                if not disks:
                    break
                drawn.append(disks)
                for disk in disks:
                    free[disk] -= 1
                if not all(free[disk] for disk in disks):
                    placement = self._placement(free, self._replication)
            if not drawn:
                raise self._full()
            for disk, number in Counter(disk for disks in drawn for disk in disks).items():
                slots[disk] = take(connection, disk, number)[::-1]
                connection.execute(
                    "INSERT INTO reservations VALUES (?, ?, ?, ?)",
                    (self._session, version, disk, pack_slots(slots[disk])),
                )
        return [tuple(Place(disk, slots[disk].pop()) for disk in disks) for disks in drawn]

    def declare(self, version: str, manifest: Layout, clock: Clock) -> int:
        """Note, durably, where the manifest of a version is about to be written.

        Returns the sequence of the version, which no later one stays below: after a crash the
        manifest is removed, or the version committed, but it never comes back on its own.
        """
        with self._metadata.transaction(durable=True) as connection:
            (last,) = connection.execute(
                "SELECT value FROM counters WHERE name = 'sequence'"
            ).fetchone()
            sequence: int = max(last + 1, clock.realtime_ns())
            connection.execute("UPDATE counters SET value = ? WHERE name = 'sequence'", (sequence,))
            connection.execute(
                "INSERT INTO uploads VALUES (?, ?, ?)", (version, self._session, manifest.encoded)
            )
        return sequence

    def give_back(self, version: str, places: Iterable[Place]) -> None:
        """Give back a part of what a version has reserved."""
        unwanted = {*places}
        with self._metadata.transaction(durable=False) as connection:
            rows = connection.execute(
                "SELECT rowid, disk, slots FROM reservations WHERE version = ?", (version,)
            ).fetchall()
            for row, disk, packed in rows:
                kept = [slot for slot in unpack_slots(packed) if Place(disk, slot) not in unwanted]
                connection.execute(
                    "UPDATE reservations SET slots = ? WHERE rowid = ?", (pack_slots(kept), row)
                )
            mark_free(connection, unwanted)

    def release(self, version: str) -> None:
        """Give back what a version has reserved; a manifest that was declared is removed first."""
        with self._metadata.transaction(durable=True) as connection:
            rows = connection.execute(
                "SELECT disk, slots FROM reservations WHERE version = ?", (version,)
            ).fetchall()
            reserved = {Place(disk, slot) for disk, packed in rows for slot in unpack_slots(packed)}
            declared = connection.execute(
                "SELECT manifest FROM uploads WHERE version = ?", (version,)
            ).fetchone()
            if declared is not None:
                reserved.difference_update(Layout(declared[0]).all_places())
                connection.execute(
                    "INSERT INTO removals VALUES (?, x'', ?, 0)", (version, declared[0])
                )
            mark_free(connection, reserved)
            connection.execute("DELETE FROM uploads WHERE version = ?", (version,))
            connection.execute("DELETE FROM reservations WHERE version = ?", (version,))

    def copies(self, version: str, index: int) -> int:
        """Return how many copies a data block is to have."""
        return self._placement({}, self._replication).copies(version, index)

    def add_place(self, version: str, block: int | None) -> Place | None:
        """Give a block of a committed version, or its manifest, one more place on another disk.

        The place is known before anything is written there: whoever finds nothing there repairs
        it, and whoever removes the version removes what may be there. Returns None where the
        version is gone or no other disk has room.
        """
        column = "manifest" if block is None else "data"
        with self._metadata.transaction(durable=True) as connection:
            row = connection.execute(
                f"SELECT {column} FROM layouts WHERE version = ?",  # noqa: S608 - one of two constants
                (version,),
            ).fetchone()
            if row is None:
                return None
            layout = Layout(row[0])
            places = layout.places(block or 0)
            free = free_slots(connection)
            for place in places:
                free.pop(place.disk, None)
            drawn = self._placement(free, 0).draw(version, block or 0)
            if not drawn:
                return None
            place = Place(drawn[0], *take(connection, drawn[0], 1))
            layout.put(block or 0, [*places, place])
            connection.execute(
                f"UPDATE layouts SET {column} = ? WHERE version = ?",  # noqa: S608 - one of two constants
                (layout.encoded, version),
            )
        return place

    def _placement(self, free: dict[int, int], replication: float) -> Placement:
        ready = self._disks.ready
        known = [m.record.bandwidth_bps for m in ready.values() if m.record.bandwidth_bps]
        typical = sum(known) // len(known) if known else 1
        weights = {
            number: disk_weight(
                bandwidth_bps=member.record.bandwidth_bps or typical,
                free_slots=free.get(number, 0),
            )
            for number, member in ready.items()
        }
        return Placement(weights, replication=replication, seed=self._seed)

    def _full(self) -> StoreFullError:
        present = len(self._disks.ready)
        return StoreFullError(
            f"Too few of the {present} disks that can be written have a free slot for a block "
            "with its copies; delete objects, bring missing disks back, or add room."
        )
