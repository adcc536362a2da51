"""Samples go into a run that another process writes too, until that is enough."""

import os
from pathlib import Path

import pytest

from riostat.commands.switch.sampling import Sampling
from riostat.core.channels import ChannelKind
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import SamplingError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.seriesfile import SeriesFile


def test_a_run_has_the_samples_of_one_process_and_the_series_of_another(tmp_path: Path) -> None:
    _, path = RunDirectory(tmp_path).create(command=["bench"], clock=SYSTEM_CLOCK)
    with SeriesFile(path, "switch", None, SYSTEM_CLOCK) as file, Sampling(path):
        file.write(SYSTEM_CLOCK.monotonic_ns(), [("switch.a.tx.frames", "frames", 1)])
        for _ in range(1000):
            os.getpid()
    state = Run.open(path).state()
    assert state.complete
    kinds = {channel.name: channel.kind for channel in state.channels}
    assert kinds["profile"] is ChannelKind.SAMPLES
    assert kinds["switch.a.tx.frames"] is ChannelKind.SERIES
    assert [event.name for event in Run.open(path).events()] == ["started", "stopped"]


def test_a_recorder_that_cannot_record_is_told(tmp_path: Path) -> None:
    with pytest.raises(SamplingError), Sampling(tmp_path / "nowhere"):
        pytest.fail("nothing is recorded")
