"""The report: what share of the samples each domain, process or function has, and how surely.

Shares are of the event's weight in the samples that were taken, and add up to 1; idle time and
lost records stand outside. Their intervals are those of `riostat.core.intervals`, over 128 equal
parts of the profile's time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riostat.core.errors import ProfileError
from riostat.core.intervals import Estimates, block_bootstrap_shares
from riostat.profiler.grouping import Groups, bins_of, group_samples, sums, weigh
from riostat.profiler.profile import Profile

__all__ = ["IDLE", "UNITS", "Rate", "Report", "Row", "build_report", "estimate_shares", "rate_per"]

IDLE: Final = "[idle]"
"""What stands for each key in the row of idle time."""

UNITS: Final = ("second", "frame", "byte", "block")
"""Units of work that costs can be asked per."""

_BINS = 128
_CPU_CLOCK = "cpu-clock"


@dataclass(frozen=True, slots=True)
class Row:
    """One group of samples: its values of the keys, and its share with a 95 % interval.

    `weight` is what its samples count together, in the event's unit.
    """

    values: tuple[str, ...]
    samples: int
    weight: float
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Report:
    """The rows of a profile by `keys`, largest first.

    `rest` is what the `rest_rows` rows that are not among them have together, None where there are
    none or where shares overlap.
    """

    keys: tuple[str, ...]
    rows: tuple[Row, ...]
    rest: Row | None
    rest_rows: int


@dataclass(frozen=True, slots=True)
class Rate:
    """What a unit of work costs: weight * `scale`, which is counted in `name`, for each `unit`."""

    unit: str
    name: str
    scale: float


def build_report(
    profile: Profile,
    *,
    by: Sequence[str],
    children: bool = False,
    idle: bool = False,
    top: int | None = None,
) -> Report:
    """Return the `top` largest rows of a profile, or all.

    `by` are some of `riostat.profiler.profile.KEYS`. With `children` a symbol or module has the
    samples with it anywhere in their callchains, and shares overlap. With `idle` the time for which
    CPUs were idle is one more row, and shares are of idle and busy time together: `ProfileError`
    where nobody counted it.
    """
    groups = group_samples(profile, by, children=children)
    count = len(groups.labels)
    order = np.argsort(-groups.totals(profile.weights), kind="stable")
    shown = order if top is None else order[:top]
    hidden = order[len(shown) :]
    columns = np.full(count, len(shown))
    columns[shown] = np.arange(len(shown))
    labels = [groups.labels[code] for code in shown.tolist()]
    rows = _rows(profile, groups, columns, [*labels, ()])
    others = rows.pop()
    # Where shares overlap, those of several rows do not add up.
    rest = None if children or not len(hidden) else others
    if idle:
        rows, rest = _with_idle(profile, rows, rest, len(groups.keys))
    return Report(groups.keys, tuple(rows), rest, len(hidden))


def estimate_shares(
    profile: Profile, groups: Groups, columns: NDArray[np.int64], count: int
) -> Estimates:
    """Return the shares of `count` rows, where `columns` says to which of them each group goes."""
    totals = sums(bins_of(profile, _BINS), profile.weights, _BINS)
    squares = float(np.square(profile.weights).sum())
    # Kish's effective size: samples of unequal weight tell as much as so many of equal weight.
    samples = float(totals.sum()) ** 2 / squares if squares else 0.0
    weights = weigh(profile, groups, bins=_BINS, columns=columns, count=count)
    return block_bootstrap_shares(weights, totals, samples=samples)


def rate_per(profile: Profile, unit: str, work: float | None = None) -> Rate:
    """Return how rows' weights become costs per unit of work, one of `UNITS`.

    `work` is how many units were done in the profile's time; seconds need not be told. Raises
    ProfileError where nobody counts such units.
    """
    assert unit in UNITS, unit
    clock = profile.event.endswith("-clock")
    if unit != "second":
        if work is None:
            raise ProfileError(
                f"The run has no channel that counts {unit}s, so it has no costs per {unit}; ask "
                "for --per second."
            )
        # A second of CPU time is too much for one frame.
        return Rate(unit, "CPU ns" if clock else profile.event, 1 / work)
    per_second = 1 / profile.seconds if profile.seconds else 0.0
    if clock:
        return Rate(unit, "CPU seconds", per_second * 1e-9)
    return Rate(unit, profile.event, per_second)


def _rows(
    profile: Profile, groups: Groups, columns: NDArray[np.int64], labels: list[tuple[str, ...]]
) -> list[Row]:
    count = len(labels)
    estimates = estimate_shares(profile, groups, columns, count)
    samples = sums(columns, groups.totals(np.ones(len(profile.weights))), count).astype(np.int64)
    weights = sums(columns, groups.totals(profile.weights), count)
    numbers = (samples, weights, estimates.value, estimates.low, estimates.high)
    return [Row(*row) for row in zip(labels, *(n.tolist() for n in numbers), strict=True)]


def _with_idle(
    profile: Profile, rows: list[Row], rest: Row | None, keys: int
) -> tuple[list[Row], Row | None]:
    """Return rows and rest as shares of idle and busy time together, with a row for idle time."""
    if profile.event != _CPU_CLOCK or profile.idle_seconds is None:
        raise ProfileError(
            f"The profile of {profile.event} cannot be compared with idle time; leave out --idle "
            f"or record {_CPU_CLOCK}."
        )
    idle_ns = profile.idle_seconds * 1e9
    both_ns = idle_ns + float(profile.weights.sum())
    share = idle_ns / both_ns if both_ns else 0.0

    def scaled(row: Row) -> Row:
        busy = 1 - share
        return replace(row, share=row.share * busy, low=row.low * busy, high=row.high * busy)

    # The kernel counts idle time, so that there is nothing to be unsure of.
    row = Row((IDLE,) * keys, 0, idle_ns, share, share, share)
    rows = sorted([*map(scaled, rows), row], key=lambda row: -row.share)
    return rows, None if rest is None else scaled(rest)
