"""Removing versions: a tombstone goes over each manifest before any slot is used again.

A version that is to go stands in the table of removals from the moment that it is no longer the
present one. Its manifests are overwritten with tombstones and synced, and only then are its slots
free; a reader of the disks that has lost the metadata finds the whole version, or that it is
gone. Where a disk with a manifest is missing, the tombstones stay until it comes back.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from riostat.core.errors import DiskError
from riostat.store.buffers import aligned_buffer
from riostat.store.diskset import DiskSet
from riostat.store.layouts import Layout, Place
from riostat.store.metadata import Metadata
from riostat.store.sessions import dead_sessions, held_lock
from riostat.store.slotmap import mark_free, unpack_slots
from riostat.store.slots import SlotKind

__all__ = ["Removals"]

_AT_ONCE = 256


class _Removal(NamedTuple):
    version: str
    data: Layout
    manifest: Layout


class Removals:
    """Carries out what the table of removals says; one process at a time does."""

    def __init__(self, root: Path, metadata: Metadata, disks: DiskSet) -> None:
        self._metadata = metadata
        self._disks = disks
        self._path = root / "removals.lock"
        self._sessions = root / "sessions"
        self._lock = threading.Lock()

    def carry_out(self) -> None:
        """Return when everything that was to be removed before this call is."""
        with self.exclusively():
            while rows := self._rows():
                self._remove(rows)

    def reap(self) -> None:
        """Give back what sessions that died had reserved, and try again what waits for a disk."""
        with (
            self.exclusively(),
            dead_sessions(self._sessions, self._known_sessions()) as dead,
            self._metadata.transaction(durable=True) as connection,
        ):
            connection.execute("UPDATE removals SET waiting = 0")
            for session in dead:
                _take_back(connection, session)
        self.carry_out()

    def _known_sessions(self) -> list[str]:
        with self._metadata.reading() as reader:
            rows = reader.connection.execute(
                "SELECT session FROM reservations UNION SELECT session FROM uploads"
            ).fetchall()
        return [session for (session,) in rows]

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """Keep every slot that is in use from being freed, by any process."""
        with self._lock, held_lock(self._path):
            yield

    def _rows(self) -> list[_Removal]:
        with self._metadata.reading() as reader:
            rows = reader.connection.execute(
                "SELECT version, data, manifest FROM removals WHERE waiting = 0 LIMIT ?",
                (_AT_ONCE,),
            ).fetchall()
        return [_Removal(version, Layout(data), Layout(m)) for version, data, m in rows]

    def _remove(self, rows: Sequence[_Removal]) -> None:
        buried = self._bury([(row.version, p) for row in rows for p in row.manifest.all_places()])
        with self._metadata.transaction(durable=False) as connection:
            (unscanned,) = connection.execute(
                "SELECT count(*) FROM disks WHERE scanned = 0"
            ).fetchone()
            for row in rows:
                mark_free(connection, row.data.all_places())
                manifests = {*row.manifest.all_places()}
                if manifests <= buried and not unscanned:
                    mark_free(connection, manifests)
                    connection.execute("DELETE FROM removals WHERE version = ?", (row.version,))
                else:
                    connection.execute(
                        "UPDATE removals SET data = x'', waiting = 1 WHERE version = ?",
                        (row.version,),
                    )

    def _bury(self, graves: Sequence[tuple[str, Place]]) -> set[Place]:
        """Write tombstones and return where they are on the disks."""
        nothing = aligned_buffer(0)[:0]
        writes: list[tuple[Place, Future[None]]] = []
        for version, place in graves:
            if self._disks.is_present(place.disk):
                header = self._disks.new_header(place, SlotKind.TOMBSTONE, version, payload=nothing)
                writes.append((place, self._disks.submit_write(place, header, nothing)))
        written = {place for place, write in writes if _succeeded(write)}
        syncs = {disk: self._disks.submit_sync(disk) for disk in {p.disk for p in written}}
        synced = {disk for disk, sync in syncs.items() if _succeeded(sync)}
        return {place for place in written if place.disk in synced}


def _succeeded(future: Future[None]) -> bool:
    try:
        future.result()
    except DiskError:
        return False  # the disk is marked as failed, and the removal waits for it
    return True


def _take_back(connection: sqlite3.Connection, session: str) -> None:
    """Free what a session had reserved, and have the manifests that it had declared removed."""
    manifests: set[Place] = set()
    declared = connection.execute(
        "SELECT version, manifest FROM uploads WHERE session = ?", (session,)
    ).fetchall()
    for version, manifest in declared:
        connection.execute("INSERT INTO removals VALUES (?, x'', ?, 0)", (version, manifest))
        manifests.update(Layout(manifest).all_places())
    reserved = {
        Place(disk, slot)
        for disk, packed in connection.execute(
            "SELECT disk, slots FROM reservations WHERE session = ?", (session,)
        )
        for slot in unpack_slots(packed)
    }
    mark_free(connection, reserved - manifests)
    connection.execute("DELETE FROM uploads WHERE session = ?", (session,))
    connection.execute("DELETE FROM reservations WHERE session = ?", (session,))
