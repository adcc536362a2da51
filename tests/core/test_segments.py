"""Segments: what is kept of a rolling recording, by age and by size."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.segments import Retention, Segments

SECOND = 1_000_000_000


@dataclass
class HandClock:
    """A clock that is moved by hand."""

    now_ns: int = 1000 * SECOND

    def monotonic_ns(self) -> int:
        return self.now_ns

    def realtime_ns(self) -> int:
        return SYSTEM_CLOCK.realtime_ns() + self.now_ns - 1000 * SECOND


def write_segment(segments: Segments, size: int) -> Path:
    writer = segments.open()
    writer.samples(writer.channel("x", ChannelKind.SAMPLES), (bytes(size),))
    segments.close(writer)
    segments.forget()
    return writer.path


@pytest.mark.parametrize(("seconds", "segment_seconds"), [(60, 10), (3600, 225), (30 * 86400, 600)])
def test_a_segment_is_a_part_of_what_is_kept(seconds: int, segment_seconds: int) -> None:
    retention = Retention(seconds, 1 << 24)
    assert retention.segment_ns == segment_seconds * SECOND
    assert retention.segment_bytes == 1 << 20


@given(steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 4000)), min_size=1, max_size=25))
def test_nothing_is_kept_too_long_nor_forgotten_too_early(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    run = tmp_path_factory.mktemp("run")
    clock = HandClock()
    retention = Retention(60, 16000)
    segments = Segments(run, "rolling", retention, clock)
    written: list[tuple[Path, int, int]] = []
    for seconds, size in steps:
        clock.now_ns += seconds * SECOND
        path = write_segment(segments, size)
        written.append((path, clock.now_ns, path.stat().st_size if path.exists() else 0))
    kept = {path for path, _, _ in written if path.exists()}
    sizes = sum(path.stat().st_size for path in kept)
    assert sizes <= retention.bytes + 32 * len(kept)  # closing frames come on top
    for path, closed_ns, size in written:
        young = clock.now_ns - closed_ns <= retention.seconds * SECOND
        later = sum(s for p, _, s in written if p > path)
        if path in kept:
            assert young
        elif young:
            assert size + later > retention.bytes - 32 * len(steps)


def test_segments_of_an_earlier_process_are_forgotten_too(tmp_path: Path) -> None:
    clock = HandClock()
    old, young = (tmp_path / f"rolling-1.{n:08d}.frames" for n in (6, 7))
    foreign = tmp_path / "record-1.frames"
    for path, age_s in ((old, 100), (young, 20), (foreign, 1000)):
        path.write_bytes(b"x")
        moment = clock.realtime_ns() - age_s * SECOND
        os.utime(path, ns=(moment, moment))
    segments = Segments(tmp_path, "rolling", Retention(60, 1 << 20), clock)
    path = write_segment(segments, 0)
    assert path.name == f"rolling-{os.getpid()}.00000008.frames"
    assert sorted(tmp_path.iterdir()) == sorted([young, foreign, path])
    clock.now_ns += 50 * SECOND
    segments.forget()
    assert sorted(tmp_path.iterdir()) == sorted([foreign, path])
