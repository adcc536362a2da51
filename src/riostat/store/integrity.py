"""Verifying what the disks hold, and repairing a copy that is wrong from the one that is right."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from riostat.core.errors import StoreError
from riostat.store.buffers import aligned_buffer
from riostat.store.catalogue import Catalogue, Layouts
from riostat.store.diskset import DiskSet, Expected
from riostat.store.layouts import COPIES, Place
from riostat.store.manifests import Manifest, encode_manifest
from riostat.store.objects import ObjectVersion
from riostat.store.removal import Removals
from riostat.store.reservations import Reservations
from riostat.store.slots import SlotKind

__all__ = ["Integrity", "RepairQueue", "ScrubReport"]

_WINDOW = 16
_REPAIRS_WAITING = 1024


@dataclass(slots=True)
class ScrubReport:
    """What a scrub found.

    `blocks` copies were read, data and manifests; `corrupt` of them were wrong, of which
    `repaired` were written anew. `lost` blocks have no copy that reads right, `unreachable` ones
    may have one on a disk that is missing. `copied` blocks had fewer copies than they are to
    have, as after metadata was made anew from damaged slots, and were given another.
    """

    blocks: int = 0
    corrupt: int = 0
    repaired: int = 0
    lost: int = 0
    unreachable: int = 0
    copied: int = 0


@dataclass(frozen=True, slots=True)
class _Block:
    """One block, or the manifest, of a version: where its copies lie and what they must be."""

    version: ObjectVersion
    places: tuple[Place, ...]
    expected: Expected


class Integrity:
    """Verifies and repairs the blocks of an open store."""

    def __init__(
        self,
        disks: DiskSet,
        catalogue: Catalogue,
        removals: Removals,
        reservations: Reservations,
    ) -> None:
        self._disks = disks
        self._catalogue = catalogue
        self._removals = removals
        self._reservations = reservations

    def scrub(self, progress: Callable[[int], None]) -> ScrubReport:
        """Read every copy of every block and repair what is wrong.

        `progress` gets the bytes read since its last call. Reads take the slack of the disks.
        """
        report = ScrubReport()
        flying: deque[tuple[_Block, list[Future[memoryview]]]] = deque()
        for block in self._blocks():
            reads = [
                self._disks.submit_read(place, block.expected, self._disks.slack_ns())
                for place in block.places
                if self._disks.is_present(place.disk)
            ]
            flying.append((block, reads))
            if len(flying) >= _WINDOW:
                self._judge(report, *flying.popleft(), progress)
        while flying:
            self._judge(report, *flying.popleft(), progress)
        return report

    def repair(self, version: ObjectVersion, index: int) -> ScrubReport:
        """Verify the copies of one data block and repair those that are wrong."""
        report = ScrubReport()
        layouts = self._catalogue.layouts(version.version)
        if layouts is not None:
            block = _manifest(version, layouts) if version.inline >= 0 else None
            self._mend(report, block or _data(version, layouts, index))
        return report

    def _blocks(self) -> Iterator[_Block]:
        for version in self._catalogue.versions():
            layouts = self._catalogue.layouts(version.version)
            if layouts is None:
                continue  # removed since it was listed
            if len(layouts.manifest):
                yield _manifest(version, layouts)
            for index in range(len(layouts.data)):
                yield _data(version, layouts, index)

    def _judge(
        self,
        report: ScrubReport,
        block: _Block,
        reads: list[Future[memoryview]],
        progress: Callable[[int], None],
    ) -> None:
        wrong = [read for read in reads if isinstance(read.exception(), StoreError)]
        progress(len(reads) * block.expected.length)
        if wrong or not reads:
            self._mend(report, block)
        else:
            report.blocks += len(reads)

        if 0 < len(block.places) < self._copies_due(block):
            self._copy(report, block)

    def _copies_due(self, block: _Block) -> int:
        if block.expected.kind is SlotKind.MANIFEST:
            return min(len(list(self._disks)), COPIES)
        return self._reservations.copies(block.version.version, block.expected.block)

    def _copy(self, report: ScrubReport, block: _Block) -> None:
        """Write the copy that a block lacks."""
        is_data = block.expected.kind is SlotKind.DATA
        with self._removals.exclusively():
            try:
                good = self._read(block.places[0], block.expected)
            except StoreError:
                return  # lost, or on a disk that is missing
            place = self._reservations.add_place(
                block.version.version, block.expected.block if is_data else None
            )
            if place is not None:
                report.copied += self._write(place, block, good)

    def _mend(self, report: ScrubReport, block: _Block) -> None:
        """Look at the copies again, with every slot held in place, and repair."""
        with self._removals.exclusively():
            layouts = self._catalogue.layouts(block.version.version)
            if layouts is None:
                return
            good: memoryview | None = None
            wrong = []
            present = [p for p in block.places if self._disks.is_present(p.disk)]
            for place in present:
                try:
                    good = self._read(place, block.expected)
                except StoreError:
                    wrong.append(place)
            report.blocks += len(present)
            report.corrupt += len(wrong)
            if good is None and block.expected.kind is SlotKind.MANIFEST:
                good = _manifest_again(block.version)
            if good is not None:
                report.repaired += sum(self._write(place, block, good) for place in wrong)
            elif len(present) < len(block.places):
                report.unreachable += 1
            else:
                report.lost += 1

    def _read(self, place: Place, expected: Expected) -> memoryview:
        return self._disks.submit_read(place, expected, self._disks.slack_ns()).result()

    def _write(self, place: Place, block: _Block, payload: memoryview) -> bool:
        """Write a copy anew and tell whether it reads right afterwards."""
        expected = block.expected
        buffer = aligned_buffer(expected.length)
        buffer[: expected.length] = payload
        header = self._disks.new_header(
            place,
            expected.kind,
            expected.version,
            index=expected.block,
            generation=self._generation(place) + 1,
            payload=payload,
        )
        try:
            self._disks.submit_write(place, header, buffer).result()
            self._disks.submit_sync(place.disk).result()
            self._read(place, expected)
        except StoreError:
            return False  # the disk says why in its state
        return True

    def _generation(self, place: Place) -> int:
        try:
            header = self._disks.submit_header(place).result()
        except StoreError:
            return 0
        return 0 if header is None else min(header.generation, 1 << 32)


class RepairQueue:
    """Repairs, one after the other and in a thread of its own, what reading finds wrong."""

    def __init__(self, integrity: Integrity) -> None:
        self.repaired = 0
        self.lost = 0
        self._integrity = integrity
        self._waiting: queue.Queue[tuple[ObjectVersion, int] | None] = queue.Queue(_REPAIRS_WAITING)
        self._known: set[tuple[str, int]] = set()
        self._thread = threading.Thread(target=self._work, name="riostore-repair", daemon=True)
        self._thread.start()

    def add(self, version: ObjectVersion, index: int) -> None:
        """Have a block repaired soon; when too many wait, the next scrub finds it."""
        if (version.version, index) in self._known:
            return
        try:
            self._waiting.put_nowait((version, index))
        except queue.Full:
            return
        self._known.add((version.version, index))

    def close(self) -> None:
        """Repair what waits, then end the thread."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (block := self._waiting.get()) is not None:
            version, index = block
            try:
                report = self._integrity.repair(version, index)
            except StoreError:
                continue  # found again when it is read next
            finally:
                self._known.discard((version.version, index))
            self.repaired += report.repaired
            self.lost += report.lost


def _manifest(version: ObjectVersion, layouts: Layouts) -> _Block:
    head = len(_encoded_manifest(version))
    length = head + (version.size if version.inline >= 0 else 0)
    expected = Expected(SlotKind.MANIFEST, version.version, 0, length)
    return _Block(version, layouts.manifest.places(0), expected)


def _data(version: ObjectVersion, layouts: Layouts, index: int) -> _Block:
    length = version.block_length(index)
    expected = Expected(SlotKind.DATA, version.version, index, length)
    return _Block(version, layouts.data.places(index), expected)


def _manifest_again(version: ObjectVersion) -> memoryview | None:
    """Return a manifest from the metadata, None where content has gone with it."""
    return memoryview(_encoded_manifest(version)) if version.inline < 0 else None


def _encoded_manifest(version: ObjectVersion) -> bytes:
    return encode_manifest(
        Manifest(
            bucket=version.bucket,
            key=version.key,
            version=version.version,
            sequence=version.sequence,
            size=version.size,
            etag=version.etag,
            content_type=version.content_type,
            metadata=dict(version.metadata),
            modified_ns=version.modified_ns,
            inline=version.inline >= 0,
        )
    )
