"""The JSON of the API: what the analysis answers, and what the pages draw.

Shares are fractions; `low` and `high` are the ends of a 95 % interval. Times are seconds from the
start of the run. `slots` gives every domain the number of its colour: 0 is the host, 1 to 6 are
the next heaviest of the whole run, and the rest is ``other``.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

import msgspec

from riostat.console.parts.delays import DelayPicture

__all__ = [
    "Diff",
    "DiffSide",
    "DomainCell",
    "DomainRow",
    "Domains",
    "Failure",
    "Head",
    "Mark",
    "Node",
    "Report",
    "Row",
    "RunPage",
    "Series",
    "SeriesGroup",
    "SeriesLine",
    "SeriesPage",
    "Slots",
    "Timeline",
    "TimelineSeries",
    "line_slots",
    "slots_of",
]

Row: TypeAlias = dict[str, str | int | float | bool | None]
Slots: TypeAlias = dict[str, int | str]

_SLOTS = 6


class Failure(msgspec.Struct, frozen=True):
    """Why a request failed, in one sentence."""

    error: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the asked-for keys with `samples`, `share`, `low` and `high`, largest first."""

    event: str
    samples: int
    lost: int
    seconds: float
    notes: list[str]
    rows: list[Row]
    rows_left_out: int


class DomainCell(msgspec.Struct, frozen=True):
    """The share of one domain in one event."""

    samples: int
    share: float
    low: float
    high: float


class DomainRow(msgspec.Struct, frozen=True):
    """One domain; a cell for each event, None where the event hit it never."""

    domain: str
    kind: str
    cells: list[DomainCell | None]


class Domains(msgspec.Struct, frozen=True):
    """Domains by events, the heaviest domain first."""

    events: list[str]
    rows: list[DomainRow]


class TimelineSeries(msgspec.Struct, frozen=True):
    """One domain over time, as shares of the machine's CPU time in each bin."""

    name: str
    kind: str
    shares: list[float]


class Mark(msgspec.Struct, frozen=True):
    """Something that happened at one moment."""

    time_s: float
    name: str
    text: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Who had the CPUs in each of `bins` bins of `bin_s` seconds.

    For a clock shares are of all CPU time, and `idle` is what is left of it; for another event they
    are of the busiest bin's rate, and `idle` is None. `unit` says which. `lost` counts records.
    """

    run: str
    event: str
    start_s: float
    bin_s: float
    bins: int
    cpus: int
    unit: str
    series: list[TimelineSeries]
    idle: list[float] | None
    lost: list[int]
    marks: list[Mark]


class SeriesLine(msgspec.Struct, frozen=True):
    """One port or disk over time; a value is None where nothing is known of that bin."""

    name: str
    slot: int | str
    values: list[float | None]


class SeriesGroup(msgspec.Struct, frozen=True):
    """Lines of one kind; `unit` is ``b/s``, ``B/s``, ``pps`` or ``share``, `top` their peak."""

    name: str
    title: str
    unit: str
    top: float
    lines: list[SeriesLine]


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """What ports and disks did in each of `bins` bins of `bin_s` seconds.

    `delays` has the store's blocks in that span, None where none was read.
    """

    run: str
    start_s: float
    bin_s: float
    bins: int
    groups: list[SeriesGroup]
    marks: list[Mark]
    delays: DelayPicture | None


class Node(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tree of costs, the heaviest child first; what the children lack is the node's own.

    `samples` is how many samples the share stands for, which is how many there are where all
    weigh the same.
    """

    name: str
    kind: str
    samples: int
    share: float
    domain_kind: str = ""
    children: list["Node"] = []


class DiffSide(msgspec.Struct, frozen=True):
    """One of the two spans that a diff compares."""

    reference: str
    samples: int
    seconds: float


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of the asked-for keys with `before`, `after`, `change`, `low`, `high`, `significant`."""

    event: str
    events: list[str]
    by: list[str]
    before: DiffSide
    after: DiffSide
    rows: list[Row]
    rows_left_out: int
    slots: Slots


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above a report: how much was measured, and what went wrong."""

    samples: int
    lost: int
    seconds: float
    frequency_hz: float | None
    cpus: int
    idle_share: float | None
    notes: list[str]


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page of a run shows of one span; pictures as `pictures` lays them out."""

    event: str
    events: list[str]
    start_s: float
    end_s: float
    head: Head
    domains: Domains
    report: Report
    timeline: Timeline
    timeline_picture: dict[str, Any]
    series: list[dict[str, Any]]
    delays: DelayPicture | None
    treemap: dict[str, Any]
    flame: dict[str, Any]
    slots: Slots


class SeriesPage(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of a run without a profile shows of its series."""

    series: list[dict[str, Any]]
    marks: list[Mark]
    delays: DelayPicture | None


def slots_of(domains: Iterable[tuple[str, str]]) -> Slots:
    """Return the colours of domains, given as (name, kind) with the heaviest first."""
    slots: Slots = {}
    number = 0
    for name, kind in domains:
        if name in slots:
            continue
        if kind == "host":
            slots[name] = 0
            continue
        number += 1
        slots[name] = number if number <= _SLOTS else "other"
    return slots


def line_slots(names: Iterable[str]) -> Slots:
    """Return the colours of ports or disks: by name, so that they are the same on every page."""
    return {name: place if place <= _SLOTS else "other" for place, name in enumerate(sorted(names))}
