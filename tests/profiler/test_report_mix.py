"""A program with a known mix of two functions lies within the intervals of its report."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from riostat.core.run import Run
from riostat.profiler.profile import Profile
from riostat.profiler.report import Row, build_report
from riostat.profiler.symbols.symbolizer import Symbolizer

_RECORDINGS = 20
# Of 20 intervals that each hold with 95 %, fewer than 12 hold once in five million times.
_HOLD_MIN = 12
_MILLISECONDS = 400


@pytest.fixture
def mix(tmp_path: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler (cc)")
    program = tmp_path / "mix"
    source = Path(__file__).with_name("mix.c")
    subprocess.run([compiler, "-O1", "-o", program, source], check=True)
    return program


def _record(program: Path, run: Path, seed: int) -> list[int]:
    """Record the program, and return the CPU time in ns that it says its two functions took."""
    record = ["profile", "record", "-e", "cpu-clock", "-F", "4000", "-o", str(run)]
    done = subprocess.run(
        [sys.executable, "-m", "riostat", *record, "--", program, str(_MILLISECONDS), str(seed)],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"RIOSTAT_DATA": str(run.parent)},
    )
    return [int(word) for word in done.stdout.split()]


def _holds(row: Row, truth: float) -> bool:
    return row.low <= truth <= row.high


@pytest.mark.timeout(180)
def test_the_truth_lies_within_the_intervals(mix: Path, tmp_path: Path) -> None:
    """The program measures itself; what it took is compared as a share of all sampled CPU time."""
    symbols = Symbolizer(tmp_path / "symbols")
    held = {"three_parts": 0, "one_part": 0}
    for seed in range(_RECORDINGS):
        run = tmp_path / f"mix-{seed}"
        spent_ns = _record(mix, run, seed)
        profile = Profile.load(Run.open(run), symbols=symbols, kernels=tmp_path)
        rows = {row.values: row for row in build_report(profile, by=("process", "symbol")).rows}
        for name, function_ns in zip(held, spent_ns, strict=True):
            row = rows["mix", name]
            held[name] += _holds(row, function_ns / profile.weights.sum())
            # An interval that says nothing would hold too; what else runs here makes it longer.
            assert row.high - row.low < 0.6
    assert min(held.values()) >= _HOLD_MIN, held
