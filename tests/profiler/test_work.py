"""What counters say of a span: their growth, whatever the span cuts through."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import ProfileError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.seriesfile import SeriesFile
from riostat.profiler.work import work_in

_SECOND = 10**9


def _run(root: Path, channels: Mapping[str, Sequence[tuple[int, float]]]) -> Run:
    _, path = RunDirectory(root).create(command=["x"], clock=SYSTEM_CLOCK)
    with SeriesFile(path, "switch", None, SYSTEM_CLOCK) as file:
        for name, points in channels.items():
            for time_ns, value in points:
                file.write(time_ns, [(name, "frames", value)])
    return Run.open(path)


def test_all_ports_are_summed_and_what_came_in_is_not(tmp_path: Path) -> None:
    line = [(k * _SECOND, 100.0 * k) for k in range(11)]
    channels = {f"switch.{port}.{way}.frames": line for port in "ab" for way in ("rx", "tx")}
    run = _run(tmp_path, channels)
    assert work_in(run, "frame", from_ns=2 * _SECOND, to_ns=4 * _SECOND) == pytest.approx(400)
    half = work_in(run, "frame", from_ns=5 * _SECOND // 2, to_ns=7 * _SECOND // 2)
    assert half == pytest.approx(200)


def test_a_port_that_begins_anew_loses_nothing(tmp_path: Path) -> None:
    points = [(0, 10.0), (_SECOND, 30.0), (2 * _SECOND, 0.0), (3 * _SECOND, 5.0)]
    run = _run(tmp_path, {"switch.a.tx.bytes": points})
    assert work_in(run, "byte", from_ns=0, to_ns=3 * _SECOND) == pytest.approx(25)


def test_no_counter_and_no_work_are_told_apart(tmp_path: Path) -> None:
    run = _run(tmp_path, {"switch.a.tx.frames": [(0, 5.0), (_SECOND, 5.0)]})
    with pytest.raises(ProfileError, match="no channel that counts bytes"):
        work_in(run, "byte", from_ns=0, to_ns=_SECOND)
    with pytest.raises(ProfileError, match="counted no frames in this span"):
        work_in(run, "frame", from_ns=0, to_ns=_SECOND)


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 10**9), st.integers(0, 10**6)), min_size=1, max_size=20
    ),
    cuts=st.lists(st.floats(0, 1), max_size=5),
)
def test_spans_beside_each_other_add_up(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, int]],
    cuts: list[float],
) -> None:
    time_ns, value = 10**15, 1.0
    points = [(time_ns, 0.0)]
    for later, more in steps:
        time_ns, value = time_ns + later, value + more
        points.append((time_ns, value))
    run = _run(tmp_path_factory.mktemp("runs"), {"switch.a.tx.frames": points})
    length = time_ns - 10**15
    places = sorted({10**15, time_ns, *(10**15 + int(cut * length) for cut in cuts)})
    total = 0.0
    for begin, end in pairwise(places):
        try:
            total += work_in(run, "frame", from_ns=begin, to_ns=end)
        except ProfileError:
            continue  # nothing moved in so short a span
    assert total == pytest.approx(value, rel=1e-9, abs=1e-6)
