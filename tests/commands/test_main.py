"""The entry point: exit codes, one sentence an error, and help without weight."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RIOSTAT = [sys.executable, "-m", "riostat"]


def riostat(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RIOSTAT, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"RIOSTAT_DATA": str(data)} | environment,
    )


def test_help_names_every_group(tmp_path: Path) -> None:
    done = riostat("--help", data=tmp_path)
    assert done.returncode == 0
    for group in ("up", "profile", "runs"):
        assert f"\n  {group} " in done.stdout


@pytest.mark.parametrize("arguments", [["fly"], ["runs", "show"], ["runs", "list", "--fly"]])
def test_wrong_usage_is_2(tmp_path: Path, arguments: list[str]) -> None:
    done = riostat(*arguments, data=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Error: " in done.stderr


def test_a_setting_that_cannot_be_is_2_and_one_sentence(tmp_path: Path) -> None:
    done = riostat("runs", "list", data=tmp_path, RIOSTAT_PORT="http")
    assert done.returncode == 2
    assert done.stderr == (
        "riostat: The setting port from RIOSTAT_PORT cannot be 'http'; "
        "give a number from 1 to 65535.\n"
    )


def test_the_state_of_the_world_is_1_and_one_sentence(tmp_path: Path) -> None:
    done = riostat("runs", "show", "absent", data=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "riostat: There is no run 'absent'; `riostat runs list` shows the runs there are.\n"
    )


def test_a_reader_that_goes_away_is_no_trace(tmp_path: Path) -> None:
    command = f"{sys.executable} -m riostat runs list --help | true"
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stderr == ""
