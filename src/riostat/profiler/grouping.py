"""Samples grouped by what they hit: the rows of every table, timeline and difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from riostat.core.errors import SettingError
from riostat.core.text import printable
from riostat.profiler.distinct import distinct, slices
from riostat.profiler.profile import KEYS, KINDRED_KEYS, Profile

__all__ = ["Groups", "bins_of", "extent_s", "group_samples", "parse_keys", "sums", "weigh"]

_FRAME_KEYS = ("module", "symbol")

_Codes: TypeAlias = NDArray[np.int64]
_Labels: TypeAlias = list[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Groups:
    """Which samples belong to which groups; `labels` has the values of `keys` for each group.

    Samples that belong to the same groups are of one sort: `sorts` i64[n] says which, and sort k
    belongs to the groups ``members[offsets[k]:offsets[k + 1]]``.
    """

    keys: tuple[str, ...]
    labels: _Labels
    sorts: _Codes
    offsets: _Codes
    members: _Codes

    def totals(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum over the samples of each group of `values` (f64[n])."""
        of_sorts = sums(self.sorts, values, len(self.offsets) - 1)
        spread = np.repeat(of_sorts, np.diff(self.offsets))
        return sums(self.members, spread, len(self.labels))

    def pairs(self, samples: slice) -> tuple[_Codes, _Codes]:
        """Return all pairs of one of these samples and a group of it, as places and codes."""
        sorts = self.sorts[samples]
        if len(self.members) == len(self.offsets) - 1:  # each sort belongs to one group
            return np.arange(samples.start, samples.start + len(sorts)), self.members[sorts]
        places, found = _spread(self.offsets[sorts], np.diff(self.offsets)[sorts])
        return places + samples.start, self.members[found]


def parse_keys(text: str) -> tuple[str, ...]:
    """Return the keys that a person listed with commas, or raise SettingError."""
    keys = tuple(dict.fromkeys(text.split(",")))
    for key in keys:
        if key not in KEYS:
            raise SettingError(
                f"Samples cannot be grouped by {printable(key)!r}; list some of {', '.join(KEYS)}."
            )
    return keys


def group_samples(profile: Profile, keys: Sequence[str], *, children: bool = False) -> Groups:
    """Return the groups of a profile's samples by `keys`, those of `KEYS`.

    With `children` a sample belongs to the module and the symbol of every frame of its callchain,
    and to each pair of them once, however often it recurs; without, to those that it hit.
    """
    framed = [key for key in keys if key in _FRAME_KEYS] if children else []
    order = [key for key in keys if key not in framed]
    codes, labels = _divided(profile, order)
    if not framed:
        alone = np.arange(len(labels) + 1)
        return Groups(tuple(keys), labels, codes, alone, alone[:-1])
    chains = profile.chains
    width = len(chains.offsets) - 1
    found, sorts = distinct(codes * width + chains.codes)
    outer, chain_codes = np.divmod(found, max(width, 1))
    owners, frames = _spread(chains.offsets[chain_codes], np.diff(chains.offsets)[chain_codes])
    members = outer[owners]
    for key in framed:
        members, labels = _divide(members, labels, *_frame_codes(profile, key, frames))
    pairs, _ = distinct(owners * len(labels) + members)
    owners, members = np.divmod(pairs, max(len(labels), 1))
    places = [(*order, *framed).index(key) for key in keys]
    labels = [tuple(label[place] for place in places) for label in labels]
    offsets = np.searchsorted(owners, np.arange(len(found) + 1))
    return Groups(tuple(keys), labels, sorts, offsets, members)


def bins_of(profile: Profile, bins: int) -> NDArray[np.int64]:
    """Return which of equal parts of the profile's time each sample lies in, i64[n]."""
    places = profile.samples.time_ns.astype(np.float64)
    places -= profile.started_ns
    places *= bins / max(extent_s(profile) * 1e9, 1.0)
    return np.clip(places, 0, bins - 1, out=places).astype(np.int64)


def extent_s(profile: Profile) -> float:
    """Return how long a profile is from its start to its end, pauses of the recording included.

    `profile.seconds` leaves them out.
    """
    times_ns = profile.samples.time_ns
    last_s = (int(times_ns[-1]) - profile.started_ns) / 1e9 if len(times_ns) else 0.0
    return max(profile.seconds, last_s)


def weigh(
    profile: Profile, groups: Groups, *, bins: int, columns: NDArray[np.int64], count: int
) -> NDArray[np.float64]:
    """Return the weight of each row in each part of the profile's time, f64[bins, count].

    `columns` (i64[groups]) says which of `count` rows each group goes to.
    """
    weights = np.zeros(bins * count)
    starts = bins_of(profile, bins) * count
    for samples in slices(len(starts)):
        places, members = groups.pairs(samples)
        cells = starts[places] + columns[members]
        weights += sums(cells, profile.weights[places], bins * count)
    return weights.reshape(bins, count)


def sums(codes: NDArray[np.int64], values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the sum of the values of each code below `count`, f64[count]."""
    return np.bincount(codes, values, count).astype(np.float64, copy=False)


def _divided(profile: Profile, keys: Sequence[str]) -> tuple[_Codes, _Labels]:
    """Return the group of each sample by some keys, and the labels of the groups.

    Kinds of samples are divided, which are few, until a key divides them in themselves.
    """
    codes: _Codes = np.zeros(1, np.int64)  # of all alike
    labels: _Labels = [()]
    kindred = len(list(takewhile(KINDRED_KEYS.__contains__, keys)))
    for key in keys[:kindred]:
        codes, labels = _divide(codes, labels, *profile.codes_of_kinds(key))
    if kindred:
        codes = codes[profile.kinds]
    for key in keys[kindred:]:
        codes, labels = _divide(codes, labels, *profile.codes(key))
    return np.broadcast_to(codes, len(profile.weights)), labels


def _divide(
    codes: _Codes, labels: _Labels, further: NDArray[np.integer], names: Sequence[str]
) -> tuple[_Codes, _Labels]:
    """Divide groups by one more key, of which `further` are the codes and `names` the values."""
    width = max(len(names), 1)
    found, divided = distinct(codes * width + further)
    outer, inner = np.divmod(found, width)
    divisions = zip(outer.tolist(), inner.tolist(), strict=True)
    return divided, [(*labels[first], names[second]) for first, second in divisions]


def _frame_codes(
    profile: Profile, key: str, frames: _Codes
) -> tuple[NDArray[np.int32], Sequence[str]]:
    chains = profile.chains
    if key == "module":
        return chains.modules[frames], chains.module_names
    return chains.symbols[frames], chains.symbol_names


def _spread(starts: _Codes, lengths: _Codes) -> tuple[_Codes, _Codes]:
    """Return whose each element of some runs is, and its place: `lengths` of them from `starts`."""
    ends = np.cumsum(lengths)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    return owners, np.arange(len(owners)) + np.repeat(starts - ends + lengths, lengths)
