"""Samples go into a run that another process writes too, until that is enough."""

import os
import resource
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import SamplingError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.seriesfile import SeriesFile
from riostat.profiler.sampling import sampling


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return RunDirectory(tmp_path).create(command=["bench"], clock=SYSTEM_CLOCK)[1]


def _sampling(run: Path, *, frequency_hz: int = 1999) -> AbstractContextManager[None]:
    return sampling(run, frequency_hz=frequency_hz, symbols=run.parent / "symbols")


def test_a_run_has_the_samples_of_one_process_and_the_series_of_another(run: Path) -> None:
    with SeriesFile(run, "switch", None, SYSTEM_CLOCK) as file, _sampling(run):
        file.write(SYSTEM_CLOCK.monotonic_ns(), [("switch.a.tx.frames", "frames", 1)])
        for _ in range(1000):
            os.getpid()
    state = Run.open(run).state()
    assert state.complete
    kinds = {channel.name: channel.kind for channel in state.channels}
    assert kinds["profile"] is ChannelKind.SAMPLES
    assert kinds["switch.a.tx.frames"] is ChannelKind.SERIES
    assert [event.name for event in Run.open(run).events()] == ["started", "stopped"]


@pytest.mark.parametrize(
    ("run_name", "frequency_hz", "sentence"),
    [("nowhere", 99, "The machine cannot be sampled: "), ("", 9_999_999, "samples a second are")],
)
def test_a_recorder_that_cannot_begin_says_why(
    run: Path, run_name: str, frequency_hz: int, sentence: str
) -> None:
    with (
        pytest.raises(SamplingError, match=sentence),
        _sampling(run / run_name, frequency_hz=frequency_hz),
    ):
        pytest.fail("nothing is recorded")
    assert not list(run.glob("*.frames"))


def _without_room(run: Path) -> None:
    """Sample while the recorder's file may not grow any more."""
    with _sampling(run):
        (file,) = run.glob("record-*.frames")
        recorder = int(file.stem.partition("-")[2])
        resource.prlimit(recorder, resource.RLIMIT_FSIZE, (file.stat().st_size, -1))


def test_a_recorder_that_could_not_go_on_says_why(run: Path) -> None:
    with pytest.raises(SamplingError, match=r"^The machine was not sampled to the end: .* no room"):
        _without_room(run)
    assert Run.open(run).damage == ()


def test_without_its_parent_it_does_not_begin(run: Path) -> None:
    options = [f"--run={run}", "--frequency=99", f"--symbols={run.parent}", "--parent=1"]
    command = [sys.executable, "-m", "riostat.profiler.sampling", *options]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not list(run.glob("*.frames"))
