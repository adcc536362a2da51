"""Reading a run: one recorded experiment, a directory with a manifest and a file per writer.

A run that is still being recorded, or whose recording was cut short, reads up to its last whole
frames, and `damage` says what is missing. Reading writes nothing.
"""

import array
import heapq
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Self

from riostat.core.channels import (
    ChannelDeclaration,
    ChannelKind,
    Event,
    decode_artefact,
    decode_event,
    decode_points,
)
from riostat.core.errors import RunFormatError, RunNotFoundError
from riostat.core.framefile import Frame, FrameFile
from riostat.core.frames import FrameKind
from riostat.core.manifest import Manifest, read_manifest
from riostat.core.writer import FILE_SUFFIX, is_being_written

__all__ = ["ChannelSummary", "Run", "RunState"]

_ARTEFACT_BYTES = 1 << 30
_FILES = 10_000
_POINT_BYTES = 16


@dataclass(frozen=True, slots=True)
class ChannelSummary:
    """One channel of a run; `count` is points, events or histograms, and frames of the others."""

    name: str
    kind: ChannelKind
    unit: str
    encoding: str
    count: int


@dataclass(frozen=True, slots=True)
class RunState:
    """What can be said of a run without reading its payloads.

    `complete` says that every writer ended its file properly, `recording` that one is still at
    work; `seconds` runs from the start to the last frame.
    """

    channels: tuple[ChannelSummary, ...]
    seconds: float
    ended_ns: int
    bytes: int
    complete: bool
    recording: bool
    damage: tuple[str, ...]


class Run:
    """One run, opened for reading. What is refused inside a file is collected in `damage`."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest
        self._damage: dict[str, str] = {}

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the run in a directory; raises `RunError` where there is no usable manifest."""
        return cls(path, read_manifest(path))

    @property
    def id(self) -> str:
        """The name that the run was given when it was recorded."""
        return self.manifest.id

    @property
    def started_ns(self) -> int:
        """CLOCK_MONOTONIC at the start of the run."""
        return self.manifest.started_ns

    @property
    def damage(self) -> tuple[str, ...]:
        """What could not be read so far, one sentence for each file."""
        return tuple(self._damage.values())

    def files(self) -> list[Path]:
        """Return the run's files by name, which for a rotated recording is by time."""
        try:
            paths = sorted(p for p in self.path.iterdir() if p.name.endswith(FILE_SUFFIX))
        except OSError as error:
            raise RunNotFoundError(
                f"The run in {self.path} cannot be read ({error.strerror}); was it removed?"
            ) from error
        if len(paths) > _FILES:
            raise RunFormatError(
                f"The run {self.id} has {len(paths)} files, at most {_FILES} are read; "
                "it was not recorded by riostat."
            )
        return paths

    def frames(
        self,
        *,
        kinds: Collection[FrameKind] | None = None,
        channel: str | None = None,
        from_ns: int = 0,
        to_ns: int = 1 << 64,
    ) -> Iterator[Frame]:
        """Yield the frames with from_ns <= time < to_ns of all files, in the order of their times.

        The time of a frame is when it was written; what it holds may be older.
        """
        writers = [
            self._writer_frames(list(paths)) for _, paths in groupby(self.files(), _writer_name)
        ]
        for frame in heapq.merge(*writers, key=attrgetter("time_ns")):
            if (
                (kinds is None or frame.kind in kinds)
                and (channel is None or frame.channel == channel)
                and from_ns <= frame.time_ns < to_ns
            ):
                yield frame

    def events(self) -> list[Event]:
        """Return the events of all channels in the order of their times."""
        events = []
        for frame in self.frames(kinds={FrameKind.EVENT}):
            try:
                events.append(decode_event(frame.payload))
            except RunFormatError as error:
                self._damage[frame.file] = f"{frame.file}: {error}"
        return sorted(events, key=attrgetter("time_ns"))

    def series(self, channel: str) -> "tuple[array.array[int], array.array[float]]":
        """Return a series: times (u64, CLOCK_MONOTONIC in ns) and values (f64, in its unit).

        Both have the buffer protocol, so that `numpy.asarray` takes them without a copy.
        """
        times, values = array.array("Q"), array.array("d")
        for frame in self.frames(kinds={FrameKind.SERIES}, channel=channel):
            for time_ns, value in decode_points(frame.payload):
                times.append(time_ns)
                values.append(value)
        return times, values

    def artefact(self, name: str) -> bytes:
        """Return the bytes of the newest artefact of that name, b"" where there is none."""
        newest: dict[str, list[memoryview]] = {}
        size = 0
        for frame in self.frames(kinds={FrameKind.ARTEFACT}):
            try:
                found, part, data = decode_artefact(frame.payload)
            except RunFormatError as error:
                self._damage[frame.file] = f"{frame.file}: {error}"
                continue
            if found != name:
                continue
            parts = newest.setdefault(frame.file, [])
            if part == 0:
                parts.clear()
                size = 0
            size += len(data)
            if part == len(parts) and size <= _ARTEFACT_BYTES:
                parts.append(data)
        for file in sorted(newest, reverse=True):
            if newest[file]:
                return b"".join(newest[file])
        return b""

    def state(self) -> RunState:
        """Return what the files say of themselves, without looking at their payloads."""
        counts: Counter[str] = Counter()
        declared: dict[str, ChannelDeclaration] = {}
        ended_ns, size, complete, damage = self.started_ns, 0, True, []
        paths = self.files()
        for path in paths:
            file = FrameFile(path, self.id, verify=False)
            for frame in file.frames():
                counts[frame.channel] += _values_in(frame)
            for declaration in file.channels.values():
                declared.setdefault(declaration.name, declaration)
            ended_ns = max(ended_ns, file.last_ns)
            size += path.stat().st_size if path.exists() else 0
            complete = complete and file.closed
            damage.extend(_damage_of(file))
        recording = any(map(is_being_written, paths))
        channels = tuple(
            ChannelSummary(d.name, d.kind, d.unit, d.encoding, counts[d.name])
            for d in declared.values()
        )
        return RunState(
            channels=channels,
            seconds=(ended_ns - self.started_ns) / 1e9,
            ended_ns=ended_ns,
            bytes=size,
            complete=complete and bool(paths) and not recording,
            recording=recording,
            damage=() if recording else tuple(damage),
        )

    def _writer_frames(self, paths: list[Path]) -> Iterator[Frame]:
        for path in paths:
            file = FrameFile(path, self.id)
            yield from file.frames()
            for sentence in _damage_of(file):
                self._damage[file.name] = sentence


def _writer_name(path: Path) -> str:
    return path.name.removesuffix(FILE_SUFFIX).split(".")[0]


def _values_in(frame: Frame) -> int:
    return len(frame.payload) // _POINT_BYTES if frame.kind is FrameKind.SERIES else 1


def _damage_of(file: FrameFile) -> list[str]:
    if file.damage is not None:
        return [f"{file.damage}; what lies behind it is not read."]
    if file.closed or not file.unread_bytes:
        return []
    return [f"{file.name} ends with {file.unread_bytes} bytes that are no whole frame."]
