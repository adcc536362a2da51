"""The series of a switch and a store in a run: rates of counters, delays, and events."""

import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.console import pictures
from riostat.console.analysis.profiles import Profiles
from riostat.console.analysis.question import Query, SpanQuery
from riostat.console.analysis.series import _rates, marks_of, read_counters, series_view
from riostat.console.analysis.views import span_of
from riostat.console.analysis.worker import answer
from riostat.console.schema import Series, SeriesPage
from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.histogram import LogHistogram
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.seriesfile import SeriesFile
from riostat.core.writer import RunWriter

SECOND = 1_000_000_000
SECONDS = 20


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Twenty seconds: port a sends 1000 B/s, disk d is half busy; then the switch begins anew."""
    data = DataDirectory(tmp_path)
    data.make()
    _, path = RunDirectory(data.runs).create(command=["x"], clock=SYSTEM_CLOCK, name="r")
    run = Run.open(path)
    histogram = LogHistogram()
    histogram.record_many(np.array([1_000_000, 2_000_000_000], np.uint64))
    with SeriesFile(path, "both", None, SYSTEM_CLOCK) as file:
        started = run.started_ns
        file.event("store", started, "serving", {"bound_ns": SECOND})
        for second in range(SECONDS + 1):
            time_ns = started + second * SECOND
            sent = 1000.0 * (second if second < 10 else second - 10)
            values = [("switch.a.rx.bytes", "bytes", sent), ("switch.a.rx.frames", "frames", 1)]
            values += [("store.d.busy", "ns", second * 0.5e9), ("store.blocks", "blocks", 7)]
            file.write(time_ns, values)
        file.histogram("store.delay", "ns", started + 5 * SECOND, histogram.encode())
        file.event("switch", started + 3 * SECOND, "policy", {"port": "a"})
    return run


def view(run: Run, start_s: float, end_s: float, bins: int) -> Series:
    counters = read_counters(run)
    return series_view(run, counters, start_s=start_s, end_s=end_s, bins=bins)


def test_counters_become_rates(run: Run) -> None:
    series = view(run, 0, 20, 4)
    groups = {group.name: group for group in series.groups}
    assert groups.keys() == {"switch.rx", "store.busy"}
    (port,) = groups["switch.rx"].lines
    assert (port.name, groups["switch.rx"].unit) == ("a", "b/s")
    values = [value for value in port.values if value is not None]
    assert values == pytest.approx([8000, 6400, 8000, 8000])  # the second bin has the new start
    (disk,) = groups["store.busy"].lines
    assert [round(value or 0, 6) for value in disk.values] == [0.5] * 4


def test_what_is_not_known_is_not_nothing(run: Run) -> None:
    series = view(run, -10, 30, 4)
    (port,) = series.groups[0].lines
    assert [value is None for value in port.values] == [True, False, False, True]


def test_delays_are_those_of_the_span(run: Run) -> None:
    delays = view(run, 4, 6, 2).delays
    assert delays is not None
    assert [bar.late for bar in delays.bars] == [False, True]
    assert delays.bound_label == "1 s"
    assert view(run, 6, 9, 2).delays is None


def test_events_are_marks(run: Run) -> None:
    assert [mark.text for mark in marks_of(run, 1, 20)] == ["policy: port a"]


def test_the_recorder_is_not_read(run: Run) -> None:
    with RunWriter.create(run.path, writer="rolling", run_id="r", segment=0) as writer:
        writer.series(writer.channel("switch.b.rx.bytes", ChannelKind.SERIES), [(1, 1.0)])
    assert "switch.b.rx.bytes" not in read_counters(run).points


@given(
    st.lists(st.tuples(st.integers(0, 60 * SECOND), st.floats(0, 1e12)), min_size=1, max_size=40),
    st.integers(1, 20),
)
def test_rates_add_up_to_what_was_counted(points: list[tuple[int, float]], bins: int) -> None:
    edges = np.linspace(-SECOND, 61 * SECOND, bins + 1)
    rates = _rates(points, edges)
    values = np.array([value for _, value in sorted(set(points))])
    grown = np.maximum(np.diff(values), 0).sum()
    known = np.nan_to_num(rates) * np.diff(edges) / 1e9
    assert (np.nan_to_num(rates) >= 0).all()
    assert known.sum() <= grown * (1 + 1e-9) + 1e-6


def test_a_page_without_a_profile_has_its_series(run: Run) -> None:
    profiles = Profiles(DataDirectory(run.path.parent.parent))
    span = SpanQuery(str(run.path), 0.0, 20.0)  # of the counters' time, which was made up
    page = msgspec.json.decode(
        answer(profiles, Query(kind="series-page", span=span)), type=SeriesPage
    )
    assert [group["name"] for group in page.series] == ["switch.rx", "store.busy"]
    assert page.delays is not None
    asked = Query(kind="series", span=SpanQuery(str(run.path), 1.0, 3.0), bins=5)
    series = msgspec.json.decode(answer(profiles, asked), type=Series)
    assert series.start_s == pytest.approx(min(1.0, run.state().seconds), abs=1e-5)
    assert series.bins == 5


def test_a_span_has_the_ends_of_the_run(run: Run) -> None:
    seconds = run.state().seconds
    assert span_of(run, None, None) == (0.0, seconds)
    assert span_of(run, 2.0, 3.0) == (min(2.0, seconds), max(3.0, min(2.0, seconds)))


def test_lines_are_drawn_in_pieces(run: Run) -> None:
    ports: dict[str, Any] = pictures.lines(view(run, -10, 30, 8))[0]
    (line,) = ports["lines"]
    assert len(line["paths"]) == 1
    assert len(line["paths"][0].split()) == 4


def test_a_damaged_histogram_costs_only_itself(run: Run) -> None:
    with SeriesFile(run.path, "odd", None, SYSTEM_CLOCK) as file:
        file.histogram("store.delay", "ns", run.started_ns, os.urandom(40))
    assert len(read_counters(run).delays) == 1
