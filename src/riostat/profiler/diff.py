"""The difference of two profiles: which shares changed by more than their error bars."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riostat.core.errors import ProfileError
from riostat.core.intervals import Estimates, difference
from riostat.profiler.grouping import Groups, group_samples, sums
from riostat.profiler.profile import Profile
from riostat.profiler.report import estimate_shares

__all__ = ["Change", "diff_profiles"]


@dataclass(frozen=True, slots=True)
class Change:
    """The share of one group in two profiles, and by how much it changed, with a 95 % interval.

    `before` and `after` are shares of 0..1, `change` is after - before.
    """

    values: tuple[str, ...]
    before_samples: int
    after_samples: int
    before: float
    after: float
    change: float
    low: float
    high: float

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out 0; of unchanged shares one in twenty seems to."""
        return self.low > 0 or self.high < 0


def diff_profiles(
    before: Profile, after: Profile, *, by: Sequence[str], children: bool = False
) -> list[Change]:
    """Return every group of either profile: significant changes first, then the largest first.

    Raises ProfileError when the profiles are of different events, whose shares do not compare.
    """
    if before.event != after.event:
        raise ProfileError(
            f"A profile of {before.event} and one of {after.event} cannot be compared; choose an "
            "event that was recorded in both with --event."
        )
    old = group_samples(before, by, children=children)
    new = group_samples(after, by, children=children)
    places = {label: place for place, label in enumerate(dict.fromkeys(old.labels + new.labels))}
    was, old_samples = _estimate(before, old, places)
    now, new_samples = _estimate(after, new, places)
    change = difference(was, now)
    columns = (
        old_samples,
        new_samples,
        was.value,
        now.value,
        change.value,
        change.low,
        change.high,
    )
    numbers = zip(*(column.tolist() for column in columns), strict=True)
    changes = [Change(label, *row) for label, row in zip(places, numbers, strict=True)]
    return sorted(changes, key=lambda row: (not row.significant, -abs(row.change)))


def _estimate(
    profile: Profile, groups: Groups, places: dict[tuple[str, ...], int]
) -> tuple[Estimates, NDArray[np.int64]]:
    """Return the shares of the rows of both profiles in one of them, and their samples."""
    columns = np.array([places[label] for label in groups.labels], np.int64)
    samples = sums(columns, groups.totals(np.ones(len(profile.weights))), len(places))
    return estimate_shares(profile, groups, columns, len(places)), samples.astype(np.int64)
