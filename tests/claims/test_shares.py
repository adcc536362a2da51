"""Shares of a program's functions in the profile of a time, from a real recording."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from riostat.claims.experiment import Evidence, Experiment
from riostat.claims.mix import FUNCTIONS, Row, Spent, Started
from riostat.claims.shares import estimate_shares
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter


def test_each_function_has_its_share_and_another_domain_has_none(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.make()
    run_id, run = RunDirectory(data.runs).create(command=("test",), clock=SYSTEM_CLOCK)
    with RunWriter.create(run, writer="claims", run_id=run_id) as writer:
        evidence = Evidence(writer, SYSTEM_CLOCK)
        experiment = Experiment(data, run, evidence, 1, quick=True, progress=lambda *_: None)
        with experiment.profiled(frequency_hz=997):
            began_ns = SYSTEM_CLOCK.monotonic_ns()
            pid, spent = _mixed(experiment)
            ended_ns = SYSTEM_CLOCK.monotonic_ns()
    rows = [Row(pid, "host", name) for name in ("", *FUNCTIONS)] + [Row(pid, "elsewhere", "")]
    found = estimate_shares(experiment, began_ns, ended_ns, rows)
    truth = [1.0, *(seconds / sum(spent) for seconds in spent), 0.0]
    assert found.value.tolist() == pytest.approx(truth, abs=0.1)


def _mixed(experiment: Experiment) -> tuple[int, list[float]]:
    command = [sys.executable, "-m", "riostat.claims.mix", f"--kernels={experiment.data.kernels}"]
    with subprocess.Popen(
        [*command, "--share=0.7", "--seconds=0.6"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        started = msgspec.json.decode(process.stdout.readline(), type=Started)
        experiment.evidence.artefact(f"perf-{started.pid}.map", started.perf_map)
        output, _ = process.communicate(b"\n")
    return started.pid, msgspec.json.decode(output, type=Spent).seconds
