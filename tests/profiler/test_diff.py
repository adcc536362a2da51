"""The difference of two profiles."""

import random

import pytest
from hypothesis import given

from riostat.core.errors import ProfileError
from riostat.profiler.diff import diff_profiles
from riostat.profiler.report import build_report
from tests.profiler.profiles import Hit, function, hits, make_profile


@given(hits(), hits())
def test_every_row_of_either_is_there_with_its_shares(before: list[Hit], after: list[Hit]) -> None:
    profiles = make_profile(before), make_profile(after)
    changes = diff_profiles(*profiles, by=("process", "symbol"))
    reports = [
        {row.values: row for row in build_report(profile, by=("process", "symbol")).rows}
        for profile in profiles
    ]
    assert {change.values for change in changes} == reports[0].keys() | reports[1].keys()
    for change in changes:
        old, new = (report.get(change.values) for report in reports)
        assert change.before == pytest.approx(old.share if old else 0)
        assert change.after == pytest.approx(new.share if new else 0)
        assert change.before_samples == (old.samples if old else 0)
        assert change.after_samples == (new.samples if new else 0)
        assert change.change == pytest.approx(change.after - change.before)
        assert change.low <= change.change <= change.high


@given(hits())
def test_a_profile_does_not_differ_from_itself(samples: list[Hit]) -> None:
    profile = make_profile(samples)
    assert not any(
        c.significant or c.change for c in diff_profiles(profile, profile, by=("symbol",))
    )


def _mix(seed: int, *shares: float) -> list[Hit]:
    generator = random.Random(seed)
    functions = generator.choices(range(len(shares)), shares, k=4000)
    return [Hit(k / 4000, (number,)) for k, number in enumerate(functions)]


def test_what_changed_comes_first_and_the_largest_change_of_all() -> None:
    before = make_profile(_mix(1, 0.50, 0.30, 0.10, 0.10))
    after = make_profile([*_mix(2, 0.40, 0.30, 0.20, 0.10), Hit(0.5, (5,))])
    changes = diff_profiles(before, after, by=("symbol",))
    assert {change.values[0] for change in changes[:2]} == {function(0), function(2)}
    assert [change.significant for change in changes] == [True, True, False, False, False]
    sizes = [abs(change.change) for change in changes]
    assert sizes[:2] == sorted(sizes[:2], reverse=True)
    assert sizes[2:] == sorted(sizes[2:], reverse=True)
    assert changes[-1].before_samples == 0 or changes[-2].before_samples == 0


def test_callers_are_compared_too() -> None:
    before, after = make_profile([Hit(0.1, (0, 1))]), make_profile([Hit(0.1, (2, 1))])
    changes = diff_profiles(before, after, by=("symbol",), children=True)
    assert {change.values[0]: change.change for change in changes} == {
        function(0): -1,
        function(1): 0,
        function(2): 1,
    }


def test_profiles_of_different_events_do_not_compare() -> None:
    with pytest.raises(ProfileError, match="cpu-clock and one of page-faults cannot be compared"):
        diff_profiles(
            make_profile([Hit(0.1)]), make_profile([Hit(0.1)], event="page-faults"), by=("symbol",)
        )
