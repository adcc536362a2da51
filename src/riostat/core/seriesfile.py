"""Series of a process that runs for long: counters of a running switch or store, once a second.

Channels are declared when they first come, again in each segment where the file is rotated. A full
disk loses points and not the process: when there is room again an event says how many were lost.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from riostat.core.channels import ChannelKind, FieldValue
from riostat.core.clock import Clock
from riostat.core.closing import Closing
from riostat.core.errors import RunError, RunFullError
from riostat.core.segments import Retention, Segments
from riostat.core.writer import RunWriter

__all__ = ["SeriesFile"]


class SeriesFile(Closing):
    """What one process writes into a run: series, histograms, events and artefacts.

    With a `retention` the newest part is kept, in segments. `lost` counts what found no room since
    the last time that there was some. Raises `RunError` at the start where nothing can be written.
    """

    def __init__(self, run: Path, writer: str, retention: Retention | None, clock: Clock) -> None:
        self.lost = 0
        self._run = run
        self._name = writer
        self._retention = retention
        self._clock = clock
        self._segments = None if retention is None else Segments(run, writer, retention, clock)
        self._channels: dict[str, int] = {}
        self._opened_ns = 0
        self._file: RunWriter | None = None
        self._file = self._open()

    def write(self, time_ns: int, values: Iterable[tuple[str, str, float]]) -> None:
        """Append one point each to series, given as (channel, unit, value)."""
        self._turn()
        for channel, unit, value in values:
            self._point(channel, unit, (time_ns, value))

    def histogram(self, channel: str, unit: str, time_ns: int, encoded: bytes) -> None:
        """Append what was counted since the last histogram of this channel."""
        self._turn()
        kind = ChannelKind.HISTOGRAM
        self._append(channel, kind, unit, lambda f, n: f.histogram(n, time_ns, encoded))

    def event(
        self, channel: str, time_ns: int, name: str, fields: Mapping[str, FieldValue]
    ) -> None:
        """Append something that happened at one moment."""
        self._turn()
        kind = ChannelKind.EVENT
        self._append(channel, kind, "", lambda f, n: f.event(n, time_ns, name, fields))

    def artefact(self, channel: str, name: str, data: bytes) -> None:
        """Append a named piece of bytes."""
        self._turn()
        self._append(channel, ChannelKind.ARTEFACT, "", lambda f, n: f.artefact(n, name, data))

    def close(self) -> None:
        """Close the file; one without room for its end stays incomplete."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except RunFullError:
                self.lost += 1

    def _open(self) -> RunWriter:
        self._opened_ns = self._clock.monotonic_ns()
        self._channels = {}
        if self._segments is not None:
            return self._segments.open()
        return RunWriter.create(
            self._run, writer=self._name, run_id=self._run.name, clock=self._clock
        )

    def _point(self, channel: str, unit: str, point: tuple[int, float]) -> None:
        self._append(channel, ChannelKind.SERIES, unit, lambda f, n: f.series(n, [point]))

    def _append(
        self, channel: str, kind: ChannelKind, unit: str, act: Callable[[RunWriter, int], None]
    ) -> None:
        try:
            if self._file is None:
                self._file = self._open()
            self._act(self._file, channel, kind, unit, act)
        except RunError:
            self.lost += 1
            return
        if self.lost:
            lost, self.lost = self.lost, 0
            self.event(self._name, self._clock.monotonic_ns(), "resumed", {"lost_points": lost})

    def _act(
        self,
        file: RunWriter,
        channel: str,
        kind: ChannelKind,
        unit: str,
        act: Callable[[RunWriter, int], None],
    ) -> None:
        number = self._channels.get(channel)
        if number is None:
            number = self._channels[channel] = file.channel(channel, kind, unit=unit)
        act(file, number)

    def _turn(self) -> None:
        """Begin the next segment where it is time for one, and forget what is too old."""
        if self._segments is None or self._retention is None or self._file is None:
            return
        file = self._file
        self._segments.forget(file.bytes_written)
        age_ns = self._clock.monotonic_ns() - self._opened_ns
        if (
            age_ns < self._retention.segment_ns
            and file.bytes_written < self._retention.segment_bytes
        ):
            return
        self._file = None  # opened anew by what comes next
        try:
            self._segments.close(file)
        except RunFullError:
            self.lost += 1
