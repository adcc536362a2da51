"""The timeline: how busy each domain and the busiest processes were, from moment to moment."""

from dataclasses import dataclass

import numpy as np

from riostat.profiler.grouping import extent_s, group_samples, weigh
from riostat.profiler.profile import Profile

__all__ = ["Series", "Timeline", "build_timeline"]


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a timeline: a domain, or a process (then `process` is its name)."""

    domain: str
    process: str | None
    values: list[float]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Values of domains and processes in equal parts of a profile's time.

    `times_s` are the middles of the parts, in seconds from the profile's start. Values are CPUs
    kept busy for a clock event, and event counts a second for another; `unit` says which. The
    series of domains add up to everything; those of processes are the largest of their parts.
    """

    unit: str
    times_s: list[float]
    domains: list[Series]
    processes: list[Series]


def build_timeline(profile: Profile, *, bins: int, processes: int) -> Timeline:
    """Return the timeline of a profile in `bins` parts, with that many of its processes at most."""
    seconds = extent_s(profile) / bins
    clock = profile.event.endswith("-clock")
    scale = (1e-9 if clock else 1.0) / seconds if seconds else 0.0
    times = (np.arange(bins) + 0.5) * seconds
    return Timeline(
        "CPUs" if clock else f"{profile.event} a second",
        times.tolist(),
        _series(profile, ("domain",), bins, None, scale),
        _series(profile, ("domain", "process"), bins, processes, scale),
    )


def _series(
    profile: Profile, keys: tuple[str, ...], bins: int, limit: int | None, scale: float
) -> list[Series]:
    groups = group_samples(profile, keys)
    count = len(groups.labels)
    shown = np.argsort(-groups.totals(profile.weights), kind="stable")[:limit]
    columns = np.full(count, len(shown))
    columns[shown] = np.arange(len(shown))
    weights = weigh(profile, groups, bins=bins, columns=columns, count=len(shown) + 1) * scale
    labels = ((*groups.labels[code], None)[:2] for code in shown.tolist())
    return [
        Series(domain, process, weights[:, place].tolist())
        for place, (domain, process) in enumerate(labels)
    ]
