"""Following one segment of the rolling run: what was appended to it since the last look.

Only samples of the last seconds are given on. Callchains are passed over: the live profile says
where time goes, and reports say how it got there.
"""

import bisect
import heapq
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import msgspec

from riostat.console.live.names import Place
from riostat.console.live.processes import LiveProcesses
from riostat.core.channels import decode_artefact, decode_event, decode_points
from riostat.core.domain import Domain
from riostat.core.errors import RunFormatError
from riostat.core.framefile import Frame, FrameFile
from riostat.core.frames import FrameKind
from riostat.profiler.reading import Description
from riostat.profiler.records import SAMPLE, SideRecord, decode_side_records, walk
from riostat.profiler.snapshot import parse_cgroups, parse_snapshot

__all__ = ["Hit", "SegmentTail"]

_CHUNK_HEAD_BYTES = 8
_HEADER = struct.Struct("<IHH")
_SAMPLE = struct.Struct("<8xQQIIQIIQQ")
_CGROUP = struct.Struct("<Q")
_SAMPLE_BYTES = 72
_MODE_MASK = 7
_KERNEL_MODE, _USER_MODE = 1, 2
_ARTEFACT_BYTES = 256 << 20
_IDLE = "cpu.idle."
_DRAIN_NS = 100_000_000  # more than it takes to drain all rings
_TIME = attrgetter("time_ns")

Timed = TypeVar("Timed")


@dataclass(frozen=True, slots=True)
class Hit:
    """One sample: whom it hit and where; `place` is None in code that no file holds."""

    time_ns: int
    weight: int
    pid: int
    process: str
    domain: Domain
    place: Place | None


@dataclass(frozen=True, slots=True)
class _Sample:
    time_ns: int
    weight: int
    pid: int
    address: int
    mode: int
    cgroup: int


@dataclass(slots=True)
class SegmentTail:
    """One segment, read as it grows. `idle` has the newest idle seconds of each CPU.

    `lost` counts records that found no room; `pause` is the sentence that says why recording
    paused.
    """

    path: Path
    run_id: str
    description: Description | None = None
    lost: int = 0
    pause: str | None = None
    idle: dict[str, tuple[int, float]] = field(default_factory=dict)
    _file: FrameFile = field(init=False)
    _processes: LiveProcesses | None = None
    _cgroups: dict[int, str] = field(default_factory=dict)
    _artefact: tuple[str, bytearray] | None = None
    _samples: list[_Sample] = field(default_factory=list)
    _records: list[SideRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._file = FrameFile(self.path, self.run_id)

    @property
    def drained_ns(self) -> int:
        """Up to when all that happened has been read: rings are drained before idle times are."""
        if self.ended:
            return self._file.last_ns
        return max((time_ns for time_ns, _ in self.idle.values()), default=0) - _DRAIN_NS

    @property
    def ended(self) -> bool:
        """Whether nothing more can be read."""
        return self._file.closed or self._file.damage is not None

    def read(self, since_ns: int) -> list[Hit]:
        """Return samples that were appended since the last call and taken after `since_ns`.

        Rings of different CPUs are drained one after another, and what happened to a process on
        one may belong before what it did on another: so nothing newer than `drained_ns` is given.
        """
        for frame in self._file.frames():
            try:
                self._take(frame, since_ns)
            except RunFormatError:
                continue  # one damaged frame costs its content, and reports say so
        if self._processes is None:
            return []  # samples wait for the snapshot that names them
        hits = list(self._named(self._processes))
        self._processes.forget(self.drained_ns)
        return hits

    def _take(self, frame: Frame, since_ns: int) -> None:
        if frame.kind is FrameKind.ARTEFACT:
            self._collect(frame)
            return
        self._finish_artefact()
        match frame.kind:
            case FrameKind.SAMPLES:
                self._take_chunk(frame, since_ns)
            case FrameKind.SERIES if frame.channel.startswith(_IDLE):
                for point in decode_points(frame.payload):
                    self.idle[frame.channel] = point
            case FrameKind.EVENT:
                event = decode_event(frame.payload)
                if event.name == "lost" and isinstance(records := event.fields.get("records"), int):
                    self.lost += records
                if event.name == "paused":
                    self.pause = str(event.fields.get("reason", ""))

    def _collect(self, frame: Frame) -> None:
        name, part, data = decode_artefact(frame.payload)
        if part == 0:
            self._finish_artefact()
            self._artefact = (name, bytearray())
        if self._artefact is not None and len(self._artefact[1]) + len(data) <= _ARTEFACT_BYTES:
            self._artefact[1].extend(data)

    def _finish_artefact(self) -> None:
        if self._artefact is None:
            return
        name, data = self._artefact
        self._artefact = None
        match name:
            case "recording":
                self.description = _description(bytes(data))
            case "cgroups":
                self._cgroups = parse_cgroups(data)
            case "processes":
                self._processes = LiveProcesses(parse_snapshot(data), self._cgroups)

    def _take_chunk(self, frame: Frame, since_ns: int) -> None:
        chunk = frame.payload[_CHUNK_HEAD_BYTES : len(frame.payload) & ~7]
        starts: list[int] = []
        halves = chunk.cast("H")
        walk(halves, 0, starts, stop=len(halves), end=len(halves))
        others = []
        for start in (2 * at for at in starts):
            kind, misc, size = _HEADER.unpack_from(chunk, start)
            if kind != SAMPLE:
                others.append(start)
                continue
            if size < _SAMPLE_BYTES:
                continue
            _id, address, pid, _tid, time_ns, _cpu, _, weight, callchain = _SAMPLE.unpack_from(
                chunk, start
            )
            end = _SAMPLE_BYTES - _CGROUP.size + 8 * callchain
            if since_ns < time_ns <= frame.time_ns and end + _CGROUP.size <= size:
                (cgroup,) = _CGROUP.unpack_from(chunk, start + end)
                mode = misc & _MODE_MASK
                self._samples.append(_Sample(time_ns, weight, pid, address, mode, cgroup))
        latest = [frame.time_ns] * len(others)
        records, _ = decode_side_records(chunk, others, earliest_ns=0, latest_ns=latest)
        self._records += records

    def _named(self, processes: LiveProcesses) -> Iterator[Hit]:
        """Yield the samples, each after all that had happened to its process before."""
        self._samples.sort(key=_TIME)
        self._records.sort(key=_TIME)
        samples = _taken(self._samples, self.drained_ns)
        records = _taken(self._records, self.drained_ns)
        for item in heapq.merge(records, samples, key=_TIME):
            if not isinstance(item, _Sample):
                processes.apply(item)
                continue
            domain, process = processes.named(item.pid, item.cgroup)
            place = _place(item, processes)
            yield Hit(item.time_ns, item.weight, item.pid, process, domain, place)


def _taken(items: list[Timed], until_ns: int) -> list[Timed]:
    """Take what happened up to a time off a list that is sorted by time."""
    end = bisect.bisect_right(items, until_ns, key=_TIME)
    taken = items[:end]
    del items[:end]
    return taken


def _place(sample: _Sample, processes: LiveProcesses) -> Place | None:
    if sample.mode == _KERNEL_MODE:
        return None, sample.address
    if sample.mode != _USER_MODE:
        return None
    mapping = processes.mapping(sample.pid, sample.address)
    if mapping is None:
        return None
    return mapping.file, sample.address - mapping.start + mapping.offset


def _description(data: bytes) -> Description | None:
    try:
        description = msgspec.json.decode(data, type=Description)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return description if description.events else None
