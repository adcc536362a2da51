"""Groups of samples: each sample is in the groups that it belongs to, and nothing is lost."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import SettingError
from riostat.profiler.grouping import Groups, bins_of, group_samples, parse_keys, weigh
from riostat.profiler.profile import KEYS, Profile
from tests.profiler.profiles import Hit, function, hits, make_profile

_KEYS = st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True)


def _values(profile: Profile, key: str) -> list[str]:
    codes, names = profile.codes(key)
    return [names[code] for code in codes.tolist()]


def _pairs(groups: Groups, count: int) -> Counter[tuple[int, tuple[str, ...]]]:
    """How often each sample is in each group."""
    samples, codes = groups.pairs(slice(0, count))
    labels = [groups.labels[code] for code in codes.tolist()]
    return Counter(zip(samples.tolist(), labels, strict=True))


@given(hits(), _KEYS)
def test_every_sample_is_in_the_group_of_its_values(samples: list[Hit], keys: list[str]) -> None:
    profile = make_profile(samples)
    groups = group_samples(profile, keys)
    values = zip(*(_values(profile, key) for key in keys), strict=True)
    assert _pairs(groups, len(samples)) == Counter(enumerate(values))
    assert len(set(groups.labels)) == len(groups.labels)


@given(hits())
def test_with_children_a_sample_is_in_the_group_of_each_of_its_functions_once(
    samples: list[Hit],
) -> None:
    groups = group_samples(make_profile(samples), ("symbol", "pid"), children=True)
    ordered = sorted(samples, key=lambda hit: hit.time_s)
    assert _pairs(groups, len(samples)) == Counter(
        (place, (function(number), str(hit.pid)))
        for place, hit in enumerate(ordered)
        for number in set(hit.stack)
    )
    assert len(set(groups.labels)) == len(groups.labels)


@given(hits(), st.booleans())
def test_totals_of_groups_are_those_of_their_samples(samples: list[Hit], children: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    profile = make_profile(samples)
    groups = group_samples(profile, ("module", "domain"), children=children)
    wanted = [0.0] * len(groups.labels)
    for sample, code in zip(*groups.pairs(slice(0, len(samples))), strict=True):
        wanted[code] += profile.weights[sample]
    assert groups.totals(profile.weights).tolist() == wanted


def test_children_change_nothing_where_no_function_is_asked_for() -> None:
    profile = make_profile([Hit(0.1, (0, 1, 0)), Hit(0.2, (1,), pid=2)])
    groups = group_samples(profile, ("process",), children=True)
    assert groups.sorts.tolist() == [0, 1]
    assert groups.labels == [("a",), ("b",)]


@given(hits(), st.integers(1, 20))
def test_weights_of_rows_and_parts_add_up(samples: list[Hit], bins: int) -> None:
    profile = make_profile(samples)
    groups = group_samples(profile, ("domain", "symbol"))
    columns = np.arange(len(groups.labels))
    weights = weigh(profile, groups, bins=bins, columns=columns, count=len(columns))
    assert weights.shape == (bins, len(columns))
    assert weights.sum() == sum(hit.weight for hit in samples)
    assert weights.sum(axis=0).tolist() == groups.totals(profile.weights).tolist()


def test_many_samples_are_weighed_as_few_are() -> None:
    """Samples are taken in slices; a profile of several of them loses nothing at their edges."""
    count = 70_000
    profile = make_profile([Hit(k / count, (k % 3, 0), weight=1) for k in range(count)])
    groups = group_samples(profile, ("symbol",), children=True)
    columns = np.arange(len(groups.labels))
    weights = weigh(profile, groups, bins=10, columns=columns, count=len(columns))
    place = groups.labels.index((function(0),))
    assert weights[:, place].tolist() == [count / 10] * 10


def test_samples_lie_in_the_part_of_their_time() -> None:
    profile = make_profile([Hit(0.0), Hit(0.24), Hit(0.25), Hit(0.74), Hit(0.999)])
    assert bins_of(profile, 4).tolist() == [0, 0, 1, 2, 3]


def test_keys_are_read_from_a_list() -> None:
    assert parse_keys("domain,symbol,domain") == ("domain", "symbol")


@pytest.mark.parametrize("text", ["", "domain,", "colour", "domain, symbol", "\x1b[31m"])
def test_other_keys_are_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(
        SettingError, match=r"^Samples cannot be grouped by '.*'; list some of "
    ) as e:
        parse_keys(text)
    assert "\x1b" not in str(e.value)
