"""riostat profile diff, as its user runs it."""

import json
from pathlib import Path

import pytest

from tests.commands.profile.invoking import refusal, riostat
from tests.profiler.profiles import Hit, function, make_run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A run whose first half is half function 0, and whose second half is all function 1."""
    first = [Hit(k / 1000, (k % 2,)) for k in range(500)]
    second = [Hit(0.5 + k / 1000, (1,)) for k in range(499)]
    make_run(tmp_path / "runs", [*first, *second], fallback="A word of warning.")
    return tmp_path


def test_two_spans_of_one_run_are_compared(data: Path) -> None:
    done = riostat(data, "diff", "latest@..0.5", "latest@0.5..", "--by", "symbol", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result["event"] == "cpu-clock"
    assert result["before"]["samples"] == 500
    assert result["after"]["samples"] == 499
    rows = {row["symbol"]: row for row in result["rows"]}
    assert rows[function(0)]["change"] == pytest.approx(-0.5)
    assert rows[function(1)]["change"] == pytest.approx(0.5)
    for row in rows.values():
        assert row["significant"]
        assert row["low"] < row["change"] < row["high"]
        assert row["change"] == pytest.approx(row["after"] - row["before"])
        assert {"before_samples", "after_samples"} <= row.keys()


def test_the_table_marks_what_changed(data: Path) -> None:
    done = riostat(data, "diff", "latest@..0.5", "latest@0.5..", "--by", "symbol", "--top", "1")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    head = "change % 95 % interval before % after % symbol"
    assert lines[0].startswith("before: cpu-clock at 4000 Hz: 500 samples, 0 lost, 0.50 s")
    assert lines[1] == "before: A word of warning."
    assert lines[2].startswith("after:  cpu-clock at 4000 Hz: 499 samples")
    assert lines[5].split() == head.split()
    assert lines[6].split()[:2] in (["*", "-50.00"], ["*", "+50.00"])
    assert lines[7:] == ["1 more rows; show them with --top 2."]


def test_a_span_does_not_differ_from_itself(data: Path) -> None:
    done = riostat(data, "diff", "latest", "latest", "--by", "symbol", "--json")
    assert not any(row["significant"] for row in json.loads(done.stdout)["rows"])


def test_runs_of_different_events_are_refused(data: Path) -> None:
    (clock,) = (data / "runs").iterdir()
    faults = make_run(data / "runs", [Hit(0.1)], event="page-faults")
    assert "cannot be compared" in refusal(riostat(data, "diff", clock.name, faults.name))
