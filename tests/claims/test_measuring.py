"""The process that measures a claim for the console."""

import subprocess
import sys
from pathlib import Path

import msgspec

from riostat.claims.measuring import Step


def _measured(data: Path) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "riostat.claims.measuring", str(data)]
    return subprocess.run(
        [*command, "rio1997-replication", "quick"], capture_output=True, check=False
    )


def test_it_says_each_step_and_last_the_verdict(tmp_path: Path) -> None:
    done = _measured(tmp_path)
    assert done.returncode == 0, done.stderr
    steps = [msgspec.json.decode(line, type=Step) for line in done.stdout.splitlines()]
    fractions = [step.done / step.of for step in steps]
    assert fractions == sorted(fractions)
    assert [step.verdict is None for step in steps] == [True] * (len(steps) - 1) + [False]


def test_what_keeps_it_from_a_verdict_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "claims").write_text("in the way")
    done = _measured(tmp_path)
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
