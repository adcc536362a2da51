"""Reading a recording: everything in a run that a profile of a span is made from.

A recording is one file, or segments of which each begins with a snapshot. What the span needs
begins with the last segment that had begun before it.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path

import msgspec
import numpy as np

from riostat.core.channels import Event, decode_artefact, decode_event
from riostat.core.errors import ProfileError, RunFormatError
from riostat.core.framefile import Frame
from riostat.core.frames import FrameKind
from riostat.core.run import Run
from riostat.core.span import Span
from riostat.core.text import printable
from riostat.core.writer import is_being_written
from riostat.profiler.perfmaps import perf_map_pid
from riostat.profiler.processes import Snapshot
from riostat.profiler.recording import ENCODING, PROFILE_CHANNEL
from riostat.profiler.records import CgroupRecord, Lost, SideRecord, Throttle
from riostat.profiler.samples import SampleDecoder, Samples
from riostat.profiler.snapshot import parse_cgroups, parse_snapshot

__all__ = ["Description", "EventDescription", "Reading", "read_profile"]

# Rings are drained once a second: a frame holds samples from before it was written. A machine
# without a free CPU drains late.
_DRAIN_LATE_NS = 10_000_000_000
_ARTEFACT_BYTES = 256 << 20
_PERF_MAP_BYTES = 64 << 20
_SENTENCES_MAX = 20
_EVENTS_MAX = 1024
_FOREVER_NS = (1 << 63) - 1
_IDLE_CHANNEL = "cpu.idle."
_EVENT_CHANNEL = "recording"
_BEGINNINGS = frozenset({"started", "resumed"})
_ENDINGS = frozenset({"stopped", "paused"})
_LOST_MAX = 1 << 40
_POINT = np.dtype([("time_ns", "<u8"), ("value", "<f8")])
_KINDS = frozenset({FrameKind.SAMPLES, FrameKind.SERIES, FrameKind.EVENT, FrameKind.ARTEFACT})


@dataclass(frozen=True, slots=True)
class EventDescription:
    """An event that was sampled, and the ids that mark its samples, as decimal text."""

    name: str
    ids: dict[str, int]
    frequency_hz: int | None = None
    period: int | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What a recording says of itself in its artefact ``recording``."""

    encoding: str
    events: Sequence[EventDescription]
    cpus: Sequence[int]
    fallback: str | None = None
    restriction: str | None = None
    user_only: bool = False
    boot_id: str = ""
    kernel_release: str = ""
    kernel_build_id: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was recorded in a span that began at `started_ns` (CLOCK_MONOTONIC).

    `event_numbers` are those in the samples' columns, by name; `perf_maps` what processes say of
    the code that they compiled, by their numbers. `lost` records found no room in a
    ring and `throttled` times the kernel held an event back; `idle_seconds` is the sum over CPUs,
    None where it was not recorded; `damaged` records were left out, `damage` says what else was.
    """

    description: Description
    event_numbers: Mapping[str, int]
    samples: Samples
    records: Sequence[SideRecord]
    snapshots: Sequence[Snapshot]
    cgroups: Mapping[int, str]
    perf_maps: dict[int, bytes]
    started_ns: int
    seconds: float
    lost: int
    throttled: int
    idle_seconds: float | None
    damaged: int
    damage: tuple[str, ...]


def read_profile(run: Run, span: Span | None, *, kernels: Path) -> Reading:
    """Read what a profile of a run's span is made from.

    `kernels` is where numba keeps its machine code. Raises `RunError` where the run cannot be read,
    and `ProfileError` where it holds no profile.
    """
    reader = _Reader(run, span, kernels)
    for frame in run.frames(kinds=_KINDS):
        reader.take(frame)
    return reader.finish()


@dataclass(slots=True)
class _Segment:
    """One file of a recording: its artefacts, put together from their parts."""

    began_ns: int
    snapshot_ns: int = 0
    afresh: bool = False
    size: int = 0
    artefacts: dict[str, list[memoryview]] = field(default_factory=dict)

    def take(self, name: str, part: int, data: memoryview, time_ns: int) -> None:
        parts = self.artefacts.setdefault(name, [])
        self.size += len(data)
        if part != len(parts) or self.size > _ARTEFACT_BYTES:
            raise RunFormatError(f"A part of the artefact {name} is missing; the run is damaged.")
        parts.append(data)
        self.snapshot_ns = time_ns

    def artefact(self, name: str) -> bytes:
        return b"".join(self.artefacts.get(name, ()))

    def snapshot(self) -> Snapshot:
        time_ns = self.began_ns if self.afresh else self.snapshot_ns
        return Snapshot(time_ns, parse_snapshot(self.artefact("processes")), afresh=self.afresh)


@dataclass(slots=True)
class _PerfMap:
    """The parts of a process's newest perf map, from whichever writer of the run."""

    parts: list[memoryview] = field(default_factory=list)
    size: int = 0

    def take(self, part: int, data: memoryview) -> None:
        if part == 0:
            self.parts, self.size = [], 0
        self.size += len(data)
        if part == len(self.parts) and self.size <= _PERF_MAP_BYTES:
            self.parts.append(data)


class _Reader:
    """Takes the frames of a run in the order of their times."""

    def __init__(self, run: Run, span: Span | None, kernels: Path) -> None:
        self._run = run
        bounds = run.started_ns, _FOREVER_NS
        if span is not None:
            bounds = span.bounds_ns(started_ns=run.started_ns, ended_ns=_FOREVER_NS)
        self._from_ns, self._to_ns = bounds
        self._decoder = SampleDecoder(
            earliest_ns=run.started_ns, from_ns=self._from_ns, to_ns=self._to_ns, kernels=kernels
        )
        self._description: Description | None = None
        self._event_numbers: dict[str, int] = {}
        self._segments: dict[str, _Segment] = {}
        self._perf_maps: dict[int, _PerfMap] = {}
        self._idle: dict[str, list[memoryview]] = {}
        self._events: list[Event] = []
        self._first_ns, self._last_ns = _FOREVER_NS, 0
        self._damage: list[str] = []

    def take(self, frame: Frame) -> None:
        """Take a frame if anything in it may belong to the span."""
        if frame.time_ns >= self._to_ns + _DRAIN_LATE_NS:
            return
        self._first_ns = min(self._first_ns, frame.time_ns)
        self._last_ns = max(self._last_ns, frame.time_ns)
        try:
            if frame.kind is FrameKind.ARTEFACT:
                self._take_artefact(frame)
            elif frame.kind is FrameKind.EVENT:
                self._take_event(frame)
            elif frame.kind is FrameKind.SERIES and frame.channel.startswith(_IDLE_CHANNEL):
                self._idle.setdefault(frame.channel, []).append(frame.payload)
            elif frame.kind is FrameKind.SAMPLES and frame.channel == PROFILE_CHANNEL:
                self._decoder.add(frame.payload, latest_ns=frame.time_ns)
        except RunFormatError as error:
            self._note(str(error))

    def _note(self, sentence: str) -> None:
        if sentence not in self._damage and len(self._damage) < _SENTENCES_MAX:
            self._damage.append(sentence)

    def _take_artefact(self, frame: Frame) -> None:
        name, part, data = decode_artefact(frame.payload)
        if name == "recording" and part == 0:
            self._describe(data)
            if frame.time_ns <= self._from_ns:
                self._decoder.restart()
                self._segments.clear()
            self._segments[frame.file] = _Segment(frame.time_ns)
        elif (pid := perf_map_pid(name)) is not None:
            self._perf_maps.setdefault(pid, _PerfMap()).take(part, data)
        elif frame.file in self._segments:
            self._segments[frame.file].take(name, part, data, frame.time_ns)

    def _describe(self, data: memoryview) -> None:
        try:
            description = msgspec.json.decode(data, type=Description)
            numbers = {
                int(identifier): self._event_numbers.setdefault(
                    event.name, len(self._event_numbers)
                )
                for event in description.events
                for identifier in event.ids
            }
            _check(description, numbers)
        except (ValueError, RecursionError) as error:
            raise RunFormatError(
                f"What the run says of its recording cannot be used ({printable(str(error))})."
            ) from error
        self._decoder.know(numbers)
        self._description = self._description or description

    def _take_event(self, frame: Frame) -> None:
        event = decode_event(frame.payload)
        if frame.channel == _EVENT_CHANNEL:
            self._events.append(event)
            if event.name in _BEGINNINGS and frame.file in self._segments:
                self._segments[frame.file].afresh = True

    def finish(self) -> Reading:
        """Return what was taken; raises `ProfileError` where there was no recording."""
        if self._description is None:
            why = f" ({self._damage[0]})" if self._damage else ""
            raise ProfileError(
                f"The run {self._run.id} holds no profile that can be read{why}; record one with "
                "`riostat profile record`."
            )
        samples, records = self._decoder.finish()
        began_ns, ended_ns = self._bounds()
        gaps_ns = sum(
            max(0, min(end, ended_ns) - max(begin, began_ns)) for begin, end in _gaps(self._events)
        )
        within = [record for record in records if self._from_ns <= record.time_ns < self._to_ns]
        return Reading(
            description=self._description,
            event_numbers=self._event_numbers,
            samples=samples,
            records=records,
            snapshots=self._snapshots(),
            cgroups=self._cgroups(records),
            perf_maps={pid: b"".join(taken.parts) for pid, taken in self._perf_maps.items()},
            started_ns=began_ns,
            seconds=max(0, ended_ns - began_ns - gaps_ns) / 1e9,
            lost=self._lost(within),
            throttled=sum(isinstance(record, Throttle) for record in within),
            idle_seconds=_idle_seconds(self._idle.values(), began_ns, ended_ns),
            damaged=self._decoder.damaged,
            damage=(*self._damage, *self._run_damage()),
        )

    def _run_damage(self) -> tuple[str, ...]:
        """Return what could not be read of the files; one still written to is not whole yet."""
        if not self._run.damage or any(map(is_being_written, self._run.files())):
            return ()
        return self._run.damage

    def _bounds(self) -> tuple[int, int]:
        """Return when the span began and ended, as far as it was recorded."""
        first, last = self._first_ns, self._last_ns
        if self._events and self._events[0].name == "started":
            first = self._events[0].time_ns
        if self._events and self._events[-1].name == "stopped":
            last = self._events[-1].time_ns
        return max(self._from_ns, first), min(self._to_ns, last)

    def _lost(self, records: Sequence[SideRecord]) -> int:
        """Return how many records were lost, told by records in rings and by the recorder's events.

        Both tell of the same ones, but the ring's come late and the recorder's once a second.
        """
        in_rings = sum(record.count for record in records if isinstance(record, Lost))
        counts = [
            event.fields.get("records")
            for event in self._events
            if event.name == "lost" and self._from_ns <= event.time_ns < self._to_ns
        ]
        return max(in_rings, sum(n for n in counts if isinstance(n, int) and 0 <= n < _LOST_MAX))

    def _snapshots(self) -> list[Snapshot]:
        snapshots = []
        for segment in self._segments.values():
            try:
                snapshots.append(segment.snapshot())
            except RunFormatError as error:
                self._note(str(error))
        return sorted(snapshots, key=attrgetter("time_ns"))

    def _cgroups(self, records: Sequence[SideRecord]) -> dict[int, str]:
        """Return the path of each cgroup that there was."""
        cgroups: dict[int, str] = {}
        for segment in self._segments.values():
            try:
                cgroups.update(parse_cgroups(segment.artefact("cgroups")))
            except RunFormatError as error:
                self._note(str(error))
        made = (record for record in records if isinstance(record, CgroupRecord))
        cgroups.update((record.id, os.fsdecode(record.path)) for record in made)
        return cgroups


def _check(description: Description, numbers: Mapping[int, int]) -> None:
    if description.encoding != ENCODING:
        raise ValueError(f"its encoding is {description.encoding}, this riostat reads {ENCODING}")
    if not description.events or max(numbers.values(), default=0) >= _EVENTS_MAX:
        raise ValueError("it has no events, or too many")
    if not all(0 <= identifier < 1 << 64 for identifier in numbers):
        raise ValueError("an id is out of range")


def _gaps(events: Sequence[Event]) -> Iterator[tuple[int, int]]:
    """Yield the times between which nothing was recorded."""
    ended_ns = None
    for event in events:
        if event.name in _ENDINGS:
            ended_ns = event.time_ns
        elif event.name in _BEGINNINGS and ended_ns is not None:
            yield ended_ns, event.time_ns
            ended_ns = None


def _idle_seconds(
    channels: Iterable[Sequence[memoryview]], from_ns: int, to_ns: int
) -> float | None:
    """Return how long CPUs were idle in a span, together; the points of each count up."""
    total = None
    for payloads in channels:
        whole = b"".join(
            payload[: len(payload) // _POINT.itemsize * _POINT.itemsize] for payload in payloads
        )
        points = np.frombuffer(whole, _POINT)
        points = points[np.argsort(points["time_ns"], kind="stable")]
        if not len(points):
            continue
        times_s = points["time_ns"].astype(np.float64) / 1e9
        # A CPU is not idle for longer than the time that passes, whatever a file says; a recorder
        # that was started anew counts from zero.
        with np.errstate(invalid="ignore", over="ignore"):
            steps = np.nan_to_num(np.diff(points["value"]))
        steps = np.clip(steps, 0, np.diff(times_s))
        counted = np.concatenate([[0.0], np.cumsum(steps)])
        begin, end = np.interp([from_ns / 1e9, to_ns / 1e9], times_s, counted)
        total = (total or 0.0) + float(end - begin)
    return total
