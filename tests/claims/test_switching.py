"""Turns of the switch's bench inside an experiment."""

from pathlib import Path

import pytest

from riostat.claims.experiment import Evidence, Experiment
from riostat.claims.switching import bench_of, gbps, median_of, take_turns
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter
from riostat.switch.bench.measurement import Repetition


def test_a_turn_moves_whole_frames_and_leaves_its_rates_in_the_run(
    tmp_path: Path, kernels_cache: Path
) -> None:
    data = DataDirectory(tmp_path)
    data.make()
    data.kernels.rmdir()
    kernels_cache.mkdir(parents=True, exist_ok=True)
    data.kernels.symlink_to(kernels_cache)  # compiled once for all tests
    run_id, run = RunDirectory(data.runs).create(command=("test",), clock=SYSTEM_CLOCK)
    done: list[tuple[int, int]] = []
    with RunWriter.create(run, writer="claims", run_id=run_id) as writer:
        experiment = Experiment(
            data,
            run,
            Evidence(writer, SYSTEM_CLOCK),
            1,
            quick=True,
            progress=lambda at, of: done.append((at, of)),
        )
        with bench_of(experiment) as bench:
            assert bench.worker_pid > 0
            turns = take_turns(bench, experiment, ["both"], 2)
    assert [turn["both"].corrupt for turn in turns] == [0, 0]
    assert done == [(0, 2), (1, 2), (2, 2)]
    _, rates = Run.open(run).series("claims.both.gbps")
    assert rates.tolist() == [gbps(turn["both"]) for turn in turns]


def test_a_rate_is_the_bits_of_whole_frames_over_the_time() -> None:
    repetition = Repetition(
        configuration="both",
        frame_bytes=1500,
        frames=1_000,
        corrupt=0,
        dropped=0,
        started_ns=5,
        ended_ns=1_000_005,
        busy_ns=0,
    )
    assert gbps(repetition) == pytest.approx(12.0)


def test_a_median_has_the_interval_of_its_turns() -> None:
    measured = median_of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], {"turns": 6})
    assert (measured.low, measured.value, measured.high) == (1.0, 3.5, 6.0)
