import json
import struct
from pathlib import Path

import pytest

from riostat.core.errors import ProfileError
from riostat.core.frames import FrameKind
from riostat.core.run import Run
from riostat.core.span import Span
from riostat.profiler.reading import Reading, read_profile
from tests.profiler import recorded
from tests.profiler.recorded import Recording

_S = 1_000_000_000  # where recordings begin, and a second


def _read(recording: Recording, from_s: float | None = None, to_s: float | None = None) -> Reading:
    run = recording.open()
    span = None if from_s is None and to_s is None else Span(run.id, from_s, to_s)
    return read_profile(run, span, kernels=recording.root / "kernels")


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path)


def _ordinary(recording: Recording, seconds: int = 4) -> None:
    """A sample each second, half a second in, drained at its end; then the end."""
    recording.begin([recorded.process(1, b"init")])
    for second in range(seconds):
        begin = _S + second * _S
        recording.idle(begin, second / 4)
        payload = recorded.frame([recorded.sample(begin + _S // 2, ip=second)])
        recording.samples(begin + _S, payload)
    recording.idle(_S + seconds * _S, seconds / 4)
    recording.event(_S + seconds * _S, "stopped", lost=0)


def test_a_whole_run_is_read(recording: Recording) -> None:
    _ordinary(recording)
    reading = _read(recording)
    assert reading.samples.columns.ip.tolist() == [0, 1, 2, 3]
    assert (reading.started_ns, reading.seconds) == (_S, 4.0)
    assert reading.idle_seconds == pytest.approx(1.0)
    assert (reading.lost, reading.throttled, reading.damaged, reading.damage) == (0, 0, 0, ())
    assert reading.cgroups == {1: "/"}
    assert [process.comm for process in reading.snapshots[0].processes] == [b"init"]


@pytest.mark.parametrize(
    ("from_s", "to_s", "ips", "seconds"),
    [
        (1.0, 3.0, [1, 2], 2.0),
        (None, 0.5, [], 0.5),
        (None, 0.6, [0], 0.6),
        (3.5, None, [3], 0.5),
        (3.6, 99.0, [], 0.4),
        (50.0, 60.0, [], 0.0),
    ],
)
def test_a_span_has_the_samples_of_its_time(
    recording: Recording, from_s: float | None, to_s: float | None, ips: list[int], seconds: float
) -> None:
    _ordinary(recording)
    reading = _read(recording, from_s, to_s)
    assert reading.samples.columns.ip.tolist() == ips
    assert reading.seconds == pytest.approx(seconds)
    assert reading.idle_seconds == pytest.approx(seconds / 4)


def test_samples_that_were_drained_late_are_found(recording: Recording) -> None:
    recording.begin()
    recording.samples(_S + 9 * _S, recorded.frame([recorded.sample(_S + 5)]))
    assert len(_read(recording, 0.0, 0.1).samples) == 1


def test_a_run_cut_short_reads_up_to_its_last_frame(recording: Recording) -> None:
    recording.begin()
    recording.samples(_S + 2 * _S, recorded.frame([recorded.sample(_S + 5)]))
    recording.writer.abandon()
    recording._writer = None
    reading = _read(recording)
    assert (len(reading.samples), reading.seconds) == (1, 2.0)


def test_what_was_lost_is_counted_once(recording: Recording) -> None:
    recording.begin()
    chunk = [recorded.lost(_S + 1, 7), recorded.lost_samples(_S + 2, 1), recorded.throttle(_S + 3)]
    recording.samples(_S + 10, recorded.frame(chunk))
    recording.event(_S + 20, "lost", records=9)
    recording.event(_S + 30, "lost", records="many")
    reading = _read(recording)
    assert (reading.lost, reading.throttled) == (9, 1)


def test_what_was_lost_outside_the_span_is_not_counted(recording: Recording) -> None:
    recording.begin()
    recording.samples(_S + 10, recorded.frame([recorded.lost(_S + 1, 7)]))
    recording.event(_S + 20, "lost", records=9)
    assert _read(recording, 1.0, 2.0).lost == 0


def test_pauses_are_no_recorded_time(recording: Recording) -> None:
    recording.begin(segment=0)
    recording.event(_S + 2 * _S, "paused", reason="full")
    recording.file(_S + 5 * _S, segment=1)
    recording.describe(_S + 5 * _S)
    recording.event(_S + 5 * _S, "resumed", paused_seconds=3)
    recording.processes(_S + 5 * _S, [])
    recording.event(_S + 6 * _S, "stopped", lost=0)
    assert _read(recording).seconds == 3.0
    assert _read(recording, 1.0, 4.0).seconds == 1.0


def _segments(recording: Recording) -> None:
    for segment, begin in enumerate((_S, 3 * _S, 5 * _S)):
        recording.file(begin, segment=segment, writer="rolling")
        recording.describe(begin)
        if segment == 0:
            recording.event(begin, "started")
        recording.cgroups(begin, {segment + 1: b"/"})
        recording.processes(begin + 10, [recorded.process(segment + 1, b"p")])
        samples = [recorded.sample(begin - 5, ip=segment)] if segment else []
        chunk = [*samples, recorded.comm(begin + 20, 1, b"c", exec_=True)]
        recording.samples(begin + _S, recorded.frame(chunk))


def test_all_segments_make_one_recording(recording: Recording) -> None:
    _segments(recording)
    reading = _read(recording)
    assert [snapshot.processes[0].pid for snapshot in reading.snapshots] == [1, 2, 3]
    assert [snapshot.afresh for snapshot in reading.snapshots] == [True, False, False]
    assert [snapshot.time_ns for snapshot in reading.snapshots] == [_S, 3 * _S + 10, 5 * _S + 10]
    assert (len(reading.samples), len(reading.records)) == (2, 3)
    assert set(reading.cgroups) == {1, 2, 3}


def test_a_span_is_read_from_the_segment_that_had_begun(recording: Recording) -> None:
    _segments(recording)
    reading = _read(recording, 3.0, 4.5)
    assert [snapshot.processes[0].pid for snapshot in reading.snapshots] == [2, 3]
    assert reading.samples.columns.ip.tolist() == [2]
    assert len(reading.records) == 2


def test_later_segments_read_alone(recording: Recording) -> None:
    _segments(recording)
    recording.close()
    min(recording.path.glob("*.frames")).unlink()
    reading = _read(recording)
    assert reading.started_ns == 3 * _S
    assert [snapshot.processes[0].pid for snapshot in reading.snapshots] == [2, 3]


def test_cgroups_made_during_the_recording_are_known(recording: Recording) -> None:
    recording.begin(cgroups={1: b"/", 5: b"/old"})
    recording.samples(_S + 9, recorded.frame([recorded.cgroup(_S + 1, 6, b"/new\xff")]))
    assert _read(recording).cgroups == {1: "/", 5: "/old", 6: "/new\udcff"}


def test_damage_inside_is_told_and_the_rest_is_read(recording: Recording) -> None:
    recording.begin()
    recording.artefact(_S, "processes", b"\1\2\3")
    recording.artefact(_S, "cgroups", b"\1\2\3")
    recording.samples(
        _S + 10, recorded.frame([recorded.sample(_S + 5), recorded.record(0, b"", 1)])
    )
    recording.samples(_S + 10, b"\0\0\0")
    reading = _read(recording)
    assert len(reading.samples) == 1
    assert reading.damaged == 2
    assert len(reading.damage) == 2


def test_the_unfinished_end_of_a_live_recording_is_no_damage(recording: Recording) -> None:
    recording.begin()
    with recording.writer.path.open("ab") as file:
        file.write(b"RIOF")
    kernels = recording.root / "kernels"
    live = read_profile(Run.open(recording.path), None, kernels=kernels)
    recording.writer.abandon()
    cut = read_profile(Run.open(recording.path), None, kernels=kernels)
    recording._writer = None
    assert (len(live.damage), len(cut.damage)) == (0, 1)


def test_a_missing_part_of_an_artefact_is_damage(recording: Recording) -> None:
    recording.begin()
    recording.clock.now_ns = _S + 1
    part = struct.pack("<HI", 9, 3) + b"processes"
    recording.writer._append(FrameKind.ARTEFACT, (part,), channel=2)
    assert "processes" in _read(recording).damage[0]


def test_idle_time_is_no_more_than_there_is(recording: Recording) -> None:
    recording.begin()
    for second, value in enumerate((0.0, 1e300, 5.0, float("nan"), -7.0, float("inf"), 0.0)):
        recording.idle(_S + second * _S, value)
    assert _read(recording).idle_seconds == 2.0


def test_nobody_counted_idle_time(recording: Recording) -> None:
    recording.begin()
    assert _read(recording).idle_seconds is None


def test_a_run_without_a_profile_is_refused(recording: Recording) -> None:
    recording.file(_S)
    with pytest.raises(ProfileError, match="holds no profile"):
        _read(recording)


def _description(**changes: object) -> bytes:
    event = {"name": "cpu-clock", "ids": {"41": 0}}
    return json.dumps({"encoding": "perf/1", "events": [event], "cpus": [0]} | changes).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b"\xff",
        _description(encoding="perf/2"),
        _description(events=[]),
        _description(events=[{"name": "a", "ids": {"x": 0}}]),
        _description(events=[{"name": "a", "ids": {"-1": 0}}]),
        _description(events=[{"name": "a", "ids": {str(1 << 64): 0}}]),
        _description(events=[{"name": "a", "ids": {"9" * 10_000: 0}}]),
        _description(events=[{"name": str(n), "ids": {str(n): 0}} for n in range(2_000)]),
        _description(cpus="all"),
        _description(fallback=3),
    ],
)
def test_an_unusable_description_is_refused_in_a_sentence(
    recording: Recording, data: bytes
) -> None:
    recording.file(_S)
    recording.artefact(_S, "recording", data)
    recording.samples(_S + 9, recorded.frame([recorded.sample(_S + 5)]))
    with pytest.raises(ProfileError, match="holds no profile that can be read"):
        _read(recording)
