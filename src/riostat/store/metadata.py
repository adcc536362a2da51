"""The metadata: one SQLite database that several processes use at once.

It has a write-ahead log. What is acknowledged is committed with ``synchronous=FULL``, which
returns when the log is on the disk. Reservations of slots are committed without that: a crash may
forget them, and then nothing that was acknowledged stands in those slots.
"""

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from riostat.core.errors import StoreBusyError, StoreError, StoreFormatError, StoreFullError
from riostat.store.durability import rename_durably

__all__ = ["DATABASE", "Metadata", "Reader", "check_database", "metadata_text", "text_metadata"]

DATABASE = "metadata.sqlite"

_BUSY_SECONDS = 60
_SCHEMA_VERSION = 1
_CHECKED_BYTES = 64 << 20
_SCHEMA = """
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE disks (number INTEGER PRIMARY KEY, scanned INTEGER NOT NULL);
CREATE TABLE slotmap (
    disk INTEGER NOT NULL, chunk INTEGER NOT NULL, free INTEGER NOT NULL, used BLOB NOT NULL,
    PRIMARY KEY (disk, chunk)
) WITHOUT ROWID;
CREATE TABLE objects (
    bucket TEXT NOT NULL, key TEXT NOT NULL, version TEXT NOT NULL UNIQUE,
    sequence INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    content_type TEXT NOT NULL, metadata TEXT NOT NULL, modified_ns INTEGER NOT NULL,
    inline INTEGER NOT NULL,
    PRIMARY KEY (bucket, key)
) WITHOUT ROWID;
CREATE TABLE layouts (version TEXT PRIMARY KEY, data BLOB NOT NULL, manifest BLOB NOT NULL);
CREATE TABLE reservations (
    session TEXT NOT NULL, version TEXT NOT NULL, disk INTEGER NOT NULL, slots BLOB NOT NULL
);
CREATE INDEX reservations_of_version ON reservations (version);
CREATE TABLE uploads (version TEXT PRIMARY KEY, session TEXT NOT NULL, manifest BLOB NOT NULL);
CREATE TABLE removals (
    version TEXT PRIMARY KEY, data BLOB NOT NULL, manifest BLOB NOT NULL, waiting INTEGER NOT NULL
);
"""


class Reader:
    """One thread's connection for reading, and what it read since somebody last wrote."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.kept: dict[tuple[str, str], object] = {}
        self._data_version = -1

    def refresh(self) -> None:
        """Forget what was kept if the database has changed."""
        (data_version,) = self.connection.execute("PRAGMA data_version").fetchone()
        if data_version != self._data_version:
            self.kept.clear()
            self._data_version = data_version


class Metadata:
    """Connections to the database: one that writes, and one for reading in every thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        with _told(path):
            self._writer = _connect(path)
            (version,) = self._writer.execute("PRAGMA user_version").fetchone()
        if version != _SCHEMA_VERSION:
            self._writer.close()
            raise StoreFormatError(
                f"The metadata {path} has version {version} and not {_SCHEMA_VERSION}; "
                "`riostat store rebuild` makes it anew from the disks."
            )

    @classmethod
    def create(cls, path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
        """Make a database and have `fill` write its rows; it is there whole or not at all."""
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)  # SQLite gives its log the rights of the database
        with _told(path), contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as new:
            new.execute("PRAGMA synchronous=FULL")
            new.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version={_SCHEMA_VERSION};")
            fill(new)
            new.execute("COMMIT")
        # A log that was left behind belongs to another database.
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        rename_durably(partial, path)

    @contextlib.contextmanager
    def transaction(self, *, durable: bool) -> Iterator[sqlite3.Connection]:
        """Give the connection that writes; commits at the end, or rolls back on an error.

        A durable one returns when it is on the disk, with all that were committed before it.
        """
        with self._lock, _told(self.path):
            self._writer.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:  # a full disk has ended it already
                    self._writer.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Reader]:
        """Give this thread's connection for reading."""
        reader: Reader | None = getattr(self._local, "reader", None)
        with _told(self.path):
            if reader is None:
                connection = _connect(self.path)
                with self._lock:
                    self._readers.append(connection)
                self._local.reader = reader = Reader(connection)
            reader.refresh()
            yield reader

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            for connection in self._readers:
                connection.close()
            self._readers.clear()
            self._writer.close()


def check_database(path: Path) -> None:
    """Raise `StoreFormatError` where it is damaged; of a large one only the head is read."""
    with _told(path), contextlib.closing(_connect(path)) as connection:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if path.stat().st_size <= _CHECKED_BYTES:
            (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if answer != "ok":
                raise StoreFormatError(f"The metadata {path} is damaged: {answer}.")


def metadata_text(metadata: Mapping[str, str]) -> str:
    """Return user metadata as the database keeps it."""
    return json.dumps(dict(metadata), ensure_ascii=False)


def text_metadata(text: str) -> dict[str, str]:
    """Return what `metadata_text` was given."""
    value: dict[str, str] = json.loads(text)
    return value


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in our words what SQLite refuses."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        match error.sqlite_errorcode & 0xFF:
            case sqlite3.SQLITE_FULL:
                raise StoreFullError(
                    f"The file system of {path} is full; make room, nothing was changed."
                ) from error
            case sqlite3.SQLITE_BUSY:
                raise StoreBusyError(
                    f"The metadata {path} was locked for {_BUSY_SECONDS} s; try again later."
                ) from error
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                raise StoreFormatError(
                    f"The metadata {path} is damaged ({error}); "
                    "`riostat store rebuild` makes it anew from the disks."
                ) from error
        raise StoreError(
            f"The metadata {path} cannot be used ({error}); see that its disk works."
        ) from error
