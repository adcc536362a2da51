"""The timeline keeps all of the time, and shows the busiest processes."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.profiler.profile import Profile
from riostat.profiler.symbols.symbolizer import Symbolizer
from riostat.profiler.timeline import build_timeline
from tests.profiler import recorded
from tests.profiler.profiles import CONTAINER, Hit, hits, make_profile


@given(hits(), st.integers(1, 50))
def test_domains_add_up_to_everything(samples: list[Hit], bins: int) -> None:
    timeline = build_timeline(make_profile(samples), bins=bins, processes=2)
    total = sum(sum(series.values) for series in timeline.domains)
    assert total / bins == pytest.approx(sum(hit.weight for hit in samples) / 1e9)
    assert len(timeline.times_s) == bins
    assert all(len(s.values) == bins for s in (*timeline.domains, *timeline.processes))
    assert len(timeline.processes) <= 2


def test_values_are_cpus_kept_busy() -> None:
    first = [Hit(k / 1000, pid=2) for k in range(500)]
    second = [Hit(0.5 + k / 1000, pid=3, cgroup=CONTAINER) for k in range(250)]
    timeline = build_timeline(make_profile([*first, *second]), bins=2, processes=5)
    assert timeline.unit == "CPUs"
    assert timeline.times_s == pytest.approx([0.25, 0.75])
    domains = {series.domain: series.values for series in timeline.domains}
    assert domains == {"host": pytest.approx([0.25, 0]), "5" * 12: pytest.approx([0, 0.125])}
    processes = [(series.domain, series.process) for series in timeline.processes]
    assert processes == [("host", "b"), ("5" * 12, "c")]


def test_a_recording_that_paused_has_a_gap(tmp_path: Path) -> None:
    recording = recorded.Recording(tmp_path)
    recording.begin()
    start_ns = recording.started_ns
    for second, word in ((1, "paused"), (3, "resumed"), (4, "stopped")):
        recording.event(start_ns + second * 1_000_000_000, word)
    samples = [recorded.sample(start_ns + k * 100_000_000) for k in (*range(10), *range(30, 40))]
    recording.samples(start_ns + 4_000_000_000, recorded.frame(samples))
    profile = Profile.load(recording.open(), symbols=Symbolizer(tmp_path), kernels=tmp_path)
    assert profile.seconds == pytest.approx(2)
    (series,) = build_timeline(profile, bins=4, processes=0).domains
    assert [value > 0 for value in series.values] == [True, False, False, True]


def test_another_event_is_counted_by_the_second() -> None:
    profile = make_profile([Hit(0.1, weight=3), Hit(0.9, weight=5)], event="page-faults")
    timeline = build_timeline(profile, bins=2, processes=0)
    assert timeline.unit == "page-faults a second"
    assert timeline.domains[0].values == pytest.approx([6, 10])
    assert timeline.processes == []
