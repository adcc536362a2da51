"""A file of series: what is written is read, in bounded room, and a full disk is said."""

import resource
import signal
from pathlib import Path

import numpy as np
import pytest

from riostat.core.channels import decode_histogram
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RunError
from riostat.core.frames import FrameKind
from riostat.core.histogram import LogHistogram
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.segments import Retention
from riostat.core.seriesfile import SeriesFile
from tests.core.test_segments import SECOND, HandClock


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return RunDirectory(tmp_path).create(command=["switch", "run"], clock=SYSTEM_CLOCK)[1]


def test_what_is_written_is_read(run: Path) -> None:
    histogram = LogHistogram()
    histogram.record_many(np.array([3, 5, 8], np.uint64))
    with SeriesFile(run, "store", None, SYSTEM_CLOCK) as file:
        for second in range(3):
            file.write(second, [("store.d0.bytes", "bytes", 10.0 * second), ("x", "frames", 1)])
        file.histogram("store.delay", "ns", 7, histogram.encode())
        file.event("store", 8, "attached", {"disk": "d0"})
        file.artefact("bench", "a.json", b"{}")
    read = Run.open(run)
    times, values = read.series("store.d0.bytes")
    assert (list(times), list(values)) == ([0, 1, 2], [0, 10, 20])
    (frame,) = read.frames(kinds={FrameKind.HISTOGRAM})
    assert decode_histogram(frame.payload)[1] == histogram.encode()
    assert [(event.name, event.fields["disk"]) for event in read.events()] == [("attached", "d0")]
    assert read.artefact("a.json") == b"{}"
    state = read.state()
    assert state.complete
    assert {c.name: (c.kind, c.unit) for c in state.channels}["x"] == ("series", "frames")


def test_the_newest_part_is_kept(run: Path) -> None:
    clock = HandClock()
    with SeriesFile(run, "switch", Retention(60, 1 << 20), clock) as file:
        for second in range(200):
            clock.now_ns += SECOND
            file.write(second, [("switch.a.rx.frames", "frames", float(second))])
    times, _ = Run.open(run).series("switch.a.rx.frames")
    assert list(times) == list(range(times[0], 200))
    assert 60 <= len(times) <= 60 + 10 + 1


def test_it_is_bounded_in_bytes(run: Path) -> None:
    retention = Retention(3600, 64 << 10)
    with SeriesFile(run, "switch", retention, HandClock()) as file:
        for number in range(4000):
            file.write(number, [("x", "frames", float(number))])
            assert sum(path.stat().st_size for path in Run.open(run).files()) < 66 << 10
    times, _ = Run.open(run).series("x")
    assert list(times) == list(range(times[0], 4000))


def test_a_full_disk_loses_points_and_says_so(run: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with SeriesFile(run, "store", None, SYSTEM_CLOCK) as file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        try:
            for number in range(100):
                file.write(number, [("x", "bytes", float(number))])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, ignored)
        lost = file.lost
        assert 0 < lost < 100
        file.write(100, [("x", "bytes", 100.0)])
        assert file.lost == 0
    read = Run.open(run)
    times, _ = read.series("x")
    assert list(times) == [*range(100 - lost), 100]
    assert [(event.name, event.fields) for event in read.events()] == [
        ("resumed", {"lost_points": lost})
    ]
    assert read.state().complete


def test_a_run_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError):
        SeriesFile(tmp_path / "nothing", "store", None, SYSTEM_CLOCK)
