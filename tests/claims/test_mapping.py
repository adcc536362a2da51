"""The part of a process's time that goes into mapping memory, from a real recording."""

import subprocess
import sys
from pathlib import Path

import pytest

from riostat.claims.experiment import Evidence, Experiment
from riostat.claims.mapping import mapping_shares
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import ClaimError
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter
from riostat.switch.bench.measurement import Repetition
from tests.profiler.rights import needs_root

PROGRAM = """
import mmap, sys, time
for line in sys.stdin:
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        if line == "map\\n":
            with mmap.mmap(-1, 1 << 22, flags=mmap.MAP_PRIVATE | mmap.MAP_POPULATE):
                pass
        else:
            sum(range(1000))
    print("done", flush=True)
"""


def _phase(process: "subprocess.Popen[str]", word: str) -> Repetition:
    """Have the program do one thing, and return when it did."""
    assert process.stdin is not None
    assert process.stdout is not None
    started_ns = SYSTEM_CLOCK.monotonic_ns()
    process.stdin.write(f"{word}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"
    ended_ns = SYSTEM_CLOCK.monotonic_ns()
    return Repetition(
        configuration=word,
        frame_bytes=0,
        frames=0,
        corrupt=0,
        dropped=0,
        started_ns=started_ns,
        ended_ns=ended_ns,
        busy_ns=0,
    )


@needs_root
def test_mapping_is_told_from_other_work(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.make()
    run_id, run = RunDirectory(data.runs).create(command=("test",), clock=SYSTEM_CLOCK)
    with RunWriter.create(run, writer="claims", run_id=run_id) as writer:
        evidence = Evidence(writer, SYSTEM_CLOCK)
        experiment = Experiment(data, run, evidence, 1, quick=True, progress=lambda *_: None)
        with (
            subprocess.Popen(
                [sys.executable, "-c", PROGRAM],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            ) as process,
            experiment.profiled(frequency_hz=997),
        ):
            phases = [_phase(process, word) for word in ("map", "other")]
            assert process.stdin is not None
            process.stdin.close()
    mapping, other = mapping_shares(experiment, phases, process.pid)
    assert mapping > 0.5
    assert other < 0.1
    with pytest.raises(ClaimError, match="no sample of process 4194304"):
        mapping_shares(experiment, phases, 1 << 22)
