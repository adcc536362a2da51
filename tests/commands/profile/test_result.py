"""A report as JSON and as a table."""

import pytest

from riostat.commands.profile.result import report_object, report_table
from riostat.profiler.report import build_report, rate_per
from tests.profiler.profiles import Hit, function, make_profile


def test_the_table_ends_with_the_rest() -> None:
    profile = make_profile([Hit(0.1, (k,)) for k in (0, 0, 0, 1, 1, 2)])
    head, rows, numbers = report_table(build_report(profile, by=("symbol", "pid"), top=1))
    assert head == ["share %", "95 % interval", "samples", "symbol", "pid"]
    assert numbers == 3
    assert [(row[0], row[2], *row[3:]) for row in rows] == [
        ("50.00", "3", function(0), "1"),
        ("50.00", "3", "[2 more]", ""),
    ]


def test_costs_are_a_column_and_a_field() -> None:
    profile = make_profile([Hit(0.1, weight=20_000_000)])
    report, rate = build_report(profile, by=("symbol",)), rate_per(profile, "second")
    head, rows, numbers = report_table(report, rate)
    assert head[3:] == ["CPU seconds per second", "symbol"]
    assert (rows[0][3], numbers) == ("0.02", 4)
    written = report_object(profile, report, rate)
    assert written["cost"] == {"per": "second", "unit": "CPU seconds"}
    assert isinstance(written["rows"], list)
    (row,) = written["rows"]
    assert row["cost"] == pytest.approx(0.02)
