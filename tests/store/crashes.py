"""Recording what a store writes, and the states that a crash may leave of it.

Writes and syncs of the disks are recorded in their order. Of SQLite the real files are copied at
each of them: its main file (no checkpoint happens meanwhile) and its log, of which what came
after the last durable commit may be missing or torn like any write that was not synced.
"""

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from riostat.store.disks import SLOTS_FILE, DirectoryDisk
from riostat.store.metadata import DATABASE
from riostat.store.store import Store
from riostat.store.superblock import Superblock

SECTOR = 512
PAGE = 4096


@dataclass
class Write:
    disk: Path
    offset: int
    data: bytes
    completed: bool = False
    durable_from: int | None = None  # index of the event from which on it survives a crash


@dataclass
class Moment:
    """What had happened when a write was issued, a sync was over, or an operation was answered."""

    writes: int
    database: bytes
    log: bytes
    log_durable: int
    answered: int


@dataclass
class Journal:
    """Everything that one run of a store wrote, and what its caller had been told when."""

    root: Path
    disks: Mapping[Path, bytes]
    writes: list[Write] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    answered: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    log_durable: int = 0
    commit_pending: bool = False

    def open_disk(self, path: Path) -> DirectoryDisk:
        disk = RecordingDisk.open(path)
        disk.journal = self
        return disk

    def watch(self, store: Store) -> None:
        """Follow the commits of the store's metadata."""
        writer = store._metadata._writer
        writer.execute("PRAGMA wal_autocheckpoint=0")
        writer.set_trace_callback(self.statement)

    def statement(self, text: str) -> None:
        with self.lock:
            self._settle()
            if text.startswith("PRAGMA synchronous"):
                self._full = text.endswith("FULL")
            if text == "COMMIT" and self._full:
                self.commit_pending = True

    _full = False

    def _settle(self) -> None:
        """A durable commit that had begun before has returned by now."""
        if self.commit_pending:
            self.log_durable = len(self._read("-wal"))
            self.commit_pending = False

    def _read(self, suffix: str) -> bytes:
        path = self.root / f"{DATABASE}{suffix}"
        return path.read_bytes() if path.exists() else b""

    def moment(self) -> None:
        self.moments.append(
            Moment(
                writes=len(self.writes),
                database=self._read(""),
                log=self._read("-wal"),
                log_durable=self.log_durable,
                answered=self.answered,
            )
        )

    def answer(self) -> None:
        """The operation has returned to its caller."""
        with self.lock:
            self._settle()
            self.answered += 1
            self.moment()


class RecordingDisk(DirectoryDisk):
    """A directory disk that writes down what it writes, before it does."""

    journal: Journal

    def __init__(self, path: Path, descriptor: int, superblock: Superblock) -> None:
        super().__init__(path, descriptor, superblock)

    def write(self, buffers: Sequence[memoryview], offset: int) -> None:
        journal = self.journal
        write = Write(self.path, offset, b"".join(buffers))
        with journal.lock:
            journal._settle()
            journal.writes.append(write)
            journal.moment()
        super().write(buffers, offset)
        write.completed = True

    def sync(self) -> None:
        journal = self.journal
        with journal.lock:
            covered = [w for w in journal.writes if w.disk == self.path and w.completed]
        super().sync()
        with journal.lock:
            journal._settle()
            for write in covered:
                if write.durable_from is None:
                    write.durable_from = len(journal.moments)
            journal.moment()


def disk_images(
    journal: Journal, at: int, chance: random.Random
) -> dict[Path, list[tuple[int, bytes]]]:
    """Return, by disk and in order, the offsets and bytes that a crash at a moment leaves."""
    images: dict[Path, list[tuple[int, bytes]]] = {path: [] for path in journal.disks}
    mood = chance.choice(["none", "all", "some", "torn"])
    for write in journal.writes[: journal.moments[at].writes]:
        pieces = images[write.disk]
        if write.durable_from is not None and write.durable_from <= at:
            keep: Callable[[], bool] = lambda: True  # noqa: E731 - four of a kind
        elif mood == "none":
            continue
        elif mood == "all":
            keep = lambda: True  # noqa: E731 - four of a kind
        elif mood == "some":
            kept = chance.random() < 0.5
            keep = lambda kept=kept: kept  # type: ignore[misc]  # noqa: E731 - four of a kind
        else:
            keep = lambda: chance.random() < 0.5  # noqa: E731 - four of a kind
        unit = chance.choice([SECTOR, PAGE])
        for start in range(0, len(write.data), unit):
            if keep():
                pieces.append((write.offset + start, write.data[start : start + unit]))
    return images


def database_files(journal: Journal, at: int, chance: random.Random) -> tuple[bytes, bytes]:
    """Return the database and its log as a crash at a moment may leave them."""
    moment = journal.moments[at]
    tail = bytearray(moment.log[moment.log_durable :])
    match chance.choice(["none", "all", "some", "torn"]):
        case "none":
            tail.clear()
        case "some":
            del tail[chance.randrange(len(tail) + 1) :]
        case "torn":
            for start in range(0, len(tail), SECTOR):
                if chance.random() < 0.3:
                    tail[start : start + SECTOR] = bytes(len(tail[start : start + SECTOR]))
    return moment.database, moment.log[: moment.log_durable] + bytes(tail)


def lay_out(journal: Journal, at: int, chance: random.Random, *, database: bool) -> None:
    """Put the store into a state that a crash at a moment may leave; by choice without metadata."""
    images = disk_images(journal, at, chance)
    for path, start in journal.disks.items():
        file = path / SLOTS_FILE
        with file.open("r+b") as image:
            image.truncate(0)
            image.write(start[: 1 << 20])
            image.truncate(len(start))
            for offset, data in images[path]:
                image.seek(offset)
                image.write(data)
    for name in journal.root.glob(f"{DATABASE}*"):
        name.unlink()
    if database:
        main, log = database_files(journal, at, chance)
        (journal.root / DATABASE).write_bytes(main)
        (journal.root / f"{DATABASE}-wal").write_bytes(log)
