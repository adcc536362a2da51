"""The report: shares that add up, with intervals, and what stands outside of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import ProfileError
from riostat.core.intervals import wilson
from riostat.profiler.report import IDLE, Report, build_report, rate_per
from tests.profiler.profiles import Hit, function, hits, make_profile

_BY = ("domain", "process", "symbol")


@given(hits())
def test_shares_add_up_and_the_largest_is_first(samples: list[Hit]) -> None:
    report = build_report(make_profile(samples), by=_BY)
    shares = [row.share for row in report.rows]
    assert sum(shares) == pytest.approx(1 if samples else 0)
    assert shares == sorted(shares, reverse=True)
    assert sum(row.samples for row in report.rows) == len(samples)
    assert sum(row.weight for row in report.rows) == sum(hit.weight for hit in samples)
    assert all(0 <= row.low <= row.share <= row.high <= 1 for row in report.rows)
    assert (report.rest, report.rest_rows) == (None, 0)


@given(hits(), st.integers(1, 5))
def test_the_rest_completes_the_first_rows(samples: list[Hit], top: int) -> None:
    profile = make_profile(samples)
    everything = build_report(profile, by=_BY)
    report = build_report(profile, by=_BY, top=top)
    assert report.rows == everything.rows[:top]
    assert len(report.rows) + report.rest_rows == len(everything.rows)
    if report.rest_rows:
        assert report.rest is not None
        parts = (*report.rows, report.rest)
        assert sum(row.share for row in parts) == pytest.approx(1)
        assert sum(row.samples for row in parts) == len(samples)
    else:
        assert report.rest is None


def _shares(report: Report) -> dict[tuple[str, ...], float]:
    return {row.values: row.share for row in report.rows}


def test_shares_are_of_weight_and_not_of_samples() -> None:
    profile = make_profile(
        [Hit(0.1, (0,), weight=300), Hit(0.2, (1,), weight=50)] + 2 * [Hit(0.3, (1,), weight=25)]
    )
    assert _shares(build_report(profile, by=("symbol",))) == {
        (function(0),): 0.75,
        (function(1),): 0.25,
    }


def test_one_heavy_sample_among_light_ones_is_little_to_go_by() -> None:
    """Kish's effective size: a thousand samples of which one weighs half are worth four."""
    light = [Hit(k / 1000, (0,), weight=1) for k in range(999)]
    (row, _) = build_report(make_profile([*light, Hit(0.5, (1,), weight=999)]), by=("symbol",)).rows
    assert row.share == 0.5
    floor = wilson(2, 4)
    assert row.low <= floor.low + 0.01
    assert row.high >= floor.high - 0.01


def test_a_burst_has_a_wider_interval_than_what_is_spread_over_time() -> None:
    burst = [Hit(0.5 + k / 1e6, (1,)) for k in range(100)]
    spread = [Hit(k / 100, (2,)) for k in range(100)]
    rest = [Hit(k / 1000, (0,)) for k in range(1000)]
    report = build_report(make_profile([*burst, *spread, *rest]), by=("symbol",))
    widths = {row.values[0]: row.high - row.low for row in report.rows}
    assert widths[function(1)] > 3 * widths[function(2)]


def test_children_count_callers_and_recursion_once() -> None:
    samples = [Hit(0.1, (2, 1, 0)), Hit(0.2, (1, 1, 1, 0)), Hit(0.3, (0,)), Hit(0.4, (3,))]
    report = build_report(make_profile(samples), by=("symbol",), children=True, top=3)
    assert _shares(report) == {(function(0),): 0.75, (function(1),): 0.5, (function(2),): 0.25}
    assert (report.rest, report.rest_rows) == (None, 1)


def test_idle_time_is_a_row_when_asked_for() -> None:
    profile = make_profile([Hit(k / 8, (k % 2,), weight=250_000_000) for k in range(6)])
    report = build_report(profile, by=_BY, idle=True)
    assert report.rows[0].values == ("host", "a", function(0))
    assert _shares(report)[(IDLE,) * 3] == 0.25
    assert sum(row.share for row in report.rows) == pytest.approx(1)
    short = build_report(profile, by=_BY, idle=True, top=1)
    assert short.rest is not None
    assert sum(row.share for row in (*short.rows, short.rest)) == pytest.approx(1)


def test_idle_time_does_not_compare_with_other_events() -> None:
    profile = make_profile([Hit(0.1)], event="page-faults")
    with pytest.raises(ProfileError, match="page-faults cannot be compared with idle time"):
        build_report(profile, by=_BY, idle=True)


def test_a_profile_without_samples_has_no_rows() -> None:
    assert build_report(make_profile([]), by=_BY).rows == ()
    (row,) = build_report(make_profile([]), by=_BY, idle=True).rows
    assert (row.values, row.share) == ((IDLE,) * 3, 1)


def test_costs_per_second() -> None:
    clock = rate_per(make_profile([Hit(0.1)]), "second")
    assert clock.name == "CPU seconds"
    assert clock.scale == pytest.approx(1e-9)
    faults = rate_per(make_profile([Hit(0.1)], event="page-faults"), "second")
    assert faults.name == "page-faults"
    assert faults.scale == pytest.approx(1)


def test_costs_per_frame_are_of_the_frames_that_were_counted() -> None:
    clock = rate_per(make_profile([Hit(0.1)]), "frame", 4.0)
    assert (clock.name, clock.scale) == ("CPU ns", 0.25)
    faults = rate_per(make_profile([Hit(0.1)], event="page-faults"), "byte", 8.0)
    assert (faults.name, faults.scale) == ("page-faults", 0.125)


@pytest.mark.parametrize("unit", ["frame", "byte", "block"])
def test_a_unit_that_the_run_does_not_count_is_refused(unit: str) -> None:
    with pytest.raises(ProfileError, match=f"no channel that counts {unit}s"):
        rate_per(make_profile([Hit(0.1)]), unit)
