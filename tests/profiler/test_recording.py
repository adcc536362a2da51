"""A file of a recording: what a sampler's rings held is in the run, whole and nothing else."""

import json
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.frames import FrameKind
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter
from riostat.profiler.idle import IdleTimes
from riostat.profiler.opening import SamplingRequest, open_sampler
from riostat.profiler.recording import ENCODING, PROFILE_CHANNEL, RecordingFile
from riostat.profiler.sampler import Sampler
from riostat.profiler.snapshot import parse_cgroups, parse_snapshot

REQUEST = SamplingRequest(("cpu-clock", "page-faults"), 999, None)


@pytest.fixture
def sampler() -> Iterator[Sampler]:
    sampler = open_sampler(REQUEST)
    yield sampler
    sampler.close()


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    return RunDirectory(tmp_path).create(command=["x"], clock=SYSTEM_CLOCK, name="run")[1]


def burn(seconds: float) -> None:
    """Fault in small pages for a while."""
    end_ns = SYSTEM_CLOCK.monotonic_ns() + int(seconds * 1e9)
    while SYSTEM_CLOCK.monotonic_ns() < end_ns:
        with mmap.mmap(-1, 1 << 20) as memory:
            memory.madvise(mmap.MADV_NOHUGEPAGE)
            memory.write(bytes(1 << 20))


def record_types(payload: memoryview) -> list[int]:
    """The types of the records of a chunk, which must be whole."""
    types = []
    offset = 8
    while offset < len(payload):
        kind, _, size = struct.unpack_from("<IHH", payload, offset)
        assert size >= 8
        assert size % 8 == 0
        types.append(kind)
        offset += size
    assert offset == len(payload)
    return types


def test_what_was_in_the_rings_is_in_the_run(sampler: Sampler, run_path: Path) -> None:
    with RunWriter.create(run_path, writer="record", run_id="run") as writer:
        file = RecordingFile(writer, sampler, SYSTEM_CLOCK)
        sampler.enable()
        burn(0.3)
        sampler.disable()
        held = {
            cpu: b"".join(ring.unread()) for cpu, ring in sampler.rings.items() if ring.unread()
        }
        file.drain_all()
        assert not any(ring.unread() for ring in sampler.rings.values())
        file.drain_all()
    frames = list(Run.open(run_path).frames(kinds={FrameKind.SAMPLES}, channel=PROFILE_CHANNEL))
    assert {int.from_bytes(f.payload[:4], "little"): bytes(f.payload[8:]) for f in frames} == held
    types = [kind for frame in frames for kind in record_types(frame.payload)]
    assert 9 in types  # PERF_RECORD_SAMPLE


def test_a_file_says_what_is_needed_to_read_it(sampler: Sampler, run_path: Path) -> None:
    with RunWriter.create(run_path, writer="record", run_id="run") as writer:
        file = RecordingFile(writer, sampler, SYSTEM_CLOCK)
        file.describe(REQUEST, ["sleep", "\x1b1"])
        file.take_snapshot()
    run = Run.open(run_path)
    description = json.loads(run.artefact("recording"))
    assert description["encoding"] == ENCODING
    assert description["cpus"] == list(sampler.cpus)
    assert [event["name"] for event in description["events"]] == ["cpu-clock", "page-faults"]
    for event, kind in zip(description["events"], sampler.events, strict=True):
        assert event["frequency_hz"] == 999
        assert event["period"] is None
        identifiers = {int(key): cpu for key, cpu in event["ids"].items()}
        assert identifiers == sampler.identifiers(kind)
    assert description["kernel_release"] == os.uname().release
    assert description["boot_id"] == run.manifest.machine.boot_id
    assert bytes.fromhex(description["kernel_build_id"]) is not None
    assert description["user_only"] is not sampler.system
    assert description["command"] == ["sleep", "\\x1b1"]
    pids = {process.pid for process in parse_snapshot(run.artefact("processes"))}
    assert {1, os.getpid()} <= pids
    assert all(path.startswith("/") for path in parse_cgroups(run.artefact("cgroups")).values())


def test_once_a_second_idle_times_and_samples_are_appended(
    sampler: Sampler, run_path: Path
) -> None:
    with RunWriter.create(run_path, writer="record", run_id="run") as writer:
        file = RecordingFile(writer, sampler, SYSTEM_CLOCK)
        idle = IdleTimes()
        sampler.enable()
        file.tick(idle)
        burn(0.05)
        file.tick(idle)
        sampler.disable()
        file.event("stopped", lost=file.lost)
    run = Run.open(run_path)
    for cpu in sampler.cpus:
        times, seconds = run.series(f"cpu.idle.{cpu}")
        assert len(times) == 2
        assert times[0] < times[1]
        assert 0 <= seconds[0] <= seconds[1]
    (stopped,) = run.events()
    assert (stopped.name, stopped.fields) == ("stopped", {"lost": 0})


def test_lost_records_are_told_once_and_counted(run_path: Path) -> None:
    sampler = open_sampler(SamplingRequest(("page-faults",), None, 1))
    try:
        with RunWriter.create(run_path, writer="record", run_id="run") as writer:
            file = RecordingFile(writer, sampler, SYSTEM_CLOCK)
            idle = IdleTimes()
            sampler.enable()
            while not sampler.lost():
                burn(0.05)
            sampler.disable()
            lost = sampler.lost()
            file.tick(idle)
            file.tick(idle)
            assert file.lost == lost
            after = RecordingFile(writer, sampler, SYSTEM_CLOCK)
            after.tick(idle)
            assert after.lost == 0
    finally:
        sampler.close()
    events = [event for event in Run.open(run_path).events() if event.name == "lost"]
    assert [event.fields for event in events] == [{"records": lost}]
