"""An experiment's run: evidence, and the machine's profile beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.claims.experiment import Evidence, Experiment
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import SamplingError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter
from riostat.profiler.recording import PROFILE_CHANNEL


@pytest.fixture
def experiment(tmp_path: Path) -> Iterator[Experiment]:
    data = DataDirectory(tmp_path)
    data.make()
    run_id, run = RunDirectory(data.runs).create(command=("test",), clock=SYSTEM_CLOCK)
    with RunWriter.create(run, writer="claims", run_id=run_id) as writer:
        evidence = Evidence(writer, SYSTEM_CLOCK)
        yield Experiment(data, run, evidence, 1, quick=True, progress=lambda *_: None)


def test_values_and_artefacts_lie_in_the_run(experiment: Experiment) -> None:
    for value in (1.0, 2.0):
        experiment.evidence.values({"a": value, "b": -value}, unit="s")
    experiment.evidence.artefact("name", b"bytes")
    run = Run.open(experiment.run)
    assert run.series("claims.b")[1].tolist() == [-1.0, -2.0]
    assert run.artefact("name") == b"bytes"


def test_the_machine_is_sampled_meanwhile(experiment: Experiment) -> None:
    with experiment.profiled(frequency_hz=99):
        pass
    kinds = {channel.name: channel.count for channel in Run.open(experiment.run).state().channels}
    assert PROFILE_CHANNEL in kinds
    names = [event.name for event in Run.open(experiment.run).events()]
    assert names[0] == "started"
    assert names[-1] == "stopped"


def test_a_recorder_that_cannot_start_is_one_sentence(experiment: Experiment) -> None:
    shutil.rmtree(experiment.run)
    with (
        pytest.raises(SamplingError, match=r"^The machine cannot be sampled: "),
        experiment.profiled(frequency_hz=99),
    ):
        pytest.fail("nothing was recorded")
