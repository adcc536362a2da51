"""The series of a switch and a store in a run: what ports carried and disks did, over time.

Channels hold counters that only grow, and begin at zero again when their process is started anew;
what is shown is how fast they grew in each bin.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from riostat.console.parts.delays import DelayPicture, delay_picture
from riostat.console.schema import Mark, Series, SeriesGroup, SeriesLine, line_slots
from riostat.core.channels import decode_histogram, decode_points
from riostat.core.errors import RunFormatError
from riostat.core.framefile import FrameFile
from riostat.core.frames import FrameKind
from riostat.core.histogram import LogHistogram
from riostat.core.run import Run
from riostat.core.text import printable
from riostat.profiler.recording import ROLLING_WRITER

__all__ = ["Counters", "delays_of", "marks_of", "read_counters", "series_view"]

_DELAY = "store.delay"
_GAP_NS = 10_000_000_000
_MARKS = 200
_DIGITS = 6

_Times = NDArray[np.uint64]
_Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A group of lines: the channels that end so, in a unit that `factor` leads to."""

    name: str
    prefix: str
    ending: str
    title: str
    unit: str
    factor: float
    least: float


_KINDS = (
    _Kind("switch.rx", "switch.", ".rx.bytes", "From the ports", "b/s", 8.0, 1e6),
    _Kind("switch.tx", "switch.", ".tx.bytes", "To the ports", "b/s", 8.0, 1e6),
    _Kind("switch.dropped", "switch.", ".dropped.frames", "Dropped", "pps", 1.0, 10.0),
    _Kind("store.bytes", "store.", ".bytes", "Disks", "B/s", 1.0, 1e6),
    _Kind("store.busy", "store.", ".busy", "Disks, busy", "share", 1e-9, 1.0),
)
_OPTIONAL = frozenset({"switch.dropped"})


@dataclass(slots=True)
class Counters:
    """The counters of a run by channel, and the delays of blocks by time."""

    points: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    delays: list[tuple[int, LogHistogram]] = field(default_factory=list)


def read_counters(run: Run) -> Counters:
    """Return what the switch and the store wrote into a run; the recorder's files are left out."""
    found = Counters()
    for path in run.files():
        if path.name.startswith(f"{ROLLING_WRITER}-"):
            continue
        for frame in FrameFile(path, run.id, verify=False).frames():
            if frame.kind is FrameKind.SERIES and frame.channel.startswith(("switch.", "store.")):
                found.points.setdefault(frame.channel, []).extend(decode_points(frame.payload))
            elif frame.kind is FrameKind.HISTOGRAM and frame.channel == _DELAY:
                found.delays.extend(_delays(bytes(frame.payload)))
    return found


def _delays(payload: bytes) -> Iterator[tuple[int, LogHistogram]]:
    try:
        time_ns, encoded = decode_histogram(payload)
        yield time_ns, LogHistogram.decode(encoded)
    except RunFormatError:
        return  # `riostat runs show` says what is damaged


def series_view(run: Run, counters: Counters, *, start_s: float, end_s: float, bins: int) -> Series:
    """Return the lines of all groups between two moments, in seconds from the start of the run."""
    edges_ns = run.started_ns + np.linspace(start_s, max(end_s, start_s), bins + 1) * 1e9
    groups = [_group(kind, counters, edges_ns) for kind in _KINDS]
    return Series(
        run=run.path.name,
        start_s=round(start_s, _DIGITS),
        bin_s=(end_s - start_s) / bins,
        bins=bins,
        groups=[group for group in groups if group is not None],
        marks=marks_of(run, start_s, end_s),
        delays=delays_of(run, counters, start_s=start_s, end_s=end_s),
    )


def _group(kind: _Kind, counters: Counters, edges_ns: _Values) -> SeriesGroup | None:
    channels = {
        printable(channel[len(kind.prefix) : -len(kind.ending)]): points
        for channel, points in counters.points.items()
        if channel.startswith(kind.prefix)
        and channel.endswith(kind.ending)
        and len(channel) > len(kind.prefix) + len(kind.ending)
    }
    lines = []
    for name, slot in line_slots(channels).items():
        values = _rates(channels[name], edges_ns) * kind.factor
        shown = [None if np.isnan(v) else round(float(v), _DIGITS) for v in values]
        lines.append(SeriesLine(name=name, slot=slot, values=shown))
    most = max((v for line in lines for v in line.values if v is not None), default=None)
    if most is None or (kind.name in _OPTIONAL and most <= 0):
        return None
    top = 1.0 if kind.unit == "share" else max(most, kind.least)
    return SeriesGroup(name=kind.name, title=kind.title, unit=kind.unit, top=top, lines=lines)


def _rates(points: Sequence[tuple[int, float]], edges_ns: _Values) -> _Values:
    """Return how fast a counter grew in each bin, a second; NaN where nothing is known of it."""
    ordered = sorted(set(points))
    times = np.array([time_ns for time_ns, _ in ordered], np.float64)
    grown = np.diff(np.array([value for _, value in ordered], np.float64), prepend=ordered[0][1])
    rising = np.cumsum(np.maximum(grown, 0.0))
    rates = np.diff(np.interp(edges_ns, times, rising)) / (np.diff(edges_ns) / 1e9)
    middles = (edges_ns[:-1] + edges_ns[1:]) / 2
    behind = np.searchsorted(times, middles)
    inside = (behind > 0) & (behind < len(times))
    gaps = np.diff(times, prepend=times[0])[np.minimum(behind, len(times) - 1)]
    return np.where(inside & (gaps <= _GAP_NS), rates, np.nan)


def marks_of(run: Run, start_s: float, end_s: float) -> list[Mark]:
    """Return the events of a span of a run."""
    marks = []
    for event in run.events():
        time_s = (event.time_ns - run.started_ns) / 1e9
        if start_s <= time_s <= end_s:
            fields = ", ".join(f"{name} {value}" for name, value in event.fields.items())
            text = f"{event.name}: {fields}" if fields else event.name
            marks.append(Mark(round(time_s, _DIGITS), event.name, printable(text)[:300]))
    return marks[:_MARKS]


def delays_of(run: Run, counters: Counters, *, start_s: float, end_s: float) -> DelayPicture | None:
    """Return the delays of blocks in a span, and the bound that the store said it has."""
    total = LogHistogram()
    for time_ns, histogram in counters.delays:
        if start_s <= (time_ns - run.started_ns) / 1e9 <= end_s:
            try:
                total.merge(histogram)
            except RunFormatError:
                break  # more than can be counted: the file is not ours
    if not total.count:
        return None
    bounds = [event.fields.get("bound_ns") for event in run.events() if event.name == "serving"]
    bound = next((b for b in reversed(bounds) if isinstance(b, int)), 0)
    return delay_picture(total.coarse(), bound)
