"""The program with a known mix tells the truth of itself."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from riostat.claims.mix import FUNCTIONS, Spent, Started


def test_it_works_as_told_and_says_where_and_how_much(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "riostat.claims.mix", f"--kernels={tmp_path}"]
    with subprocess.Popen(
        [*command, "--share=0.75", "--seconds=0.3"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        started = msgspec.json.decode(process.stdout.readline(), type=Started)
        assert started.pid == process.pid
        for function in FUNCTIONS:
            assert f" {function}\n".encode() in started.perf_map
        output, _ = process.communicate(b"\n")
    spent = msgspec.json.decode(output, type=Spent).seconds
    assert sum(spent) >= 0.3
    assert spent[0] / sum(spent) == pytest.approx(0.75, abs=0.2)
