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


def test_a_command_that_is_profiled_has_the_environment_that_the_user_gave(tmp_path: Path) -> None:
    names = [name for name in os.environ if name.startswith("OPENBLAS")]
    program = "import os; print([name for name in os.environ if name.startswith('OPENBLAS')])"
    done = riostat(
        "profile", "record", "-o", "run", "--", sys.executable, "-c", program, data=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == str(names)


def test_numpy_starts_no_threads_of_its_own() -> None:
    program = (
        "import sys; from riostat.commands.main import main\n"
        "sys.argv = ['riostat', '--version']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import numpy; from pathlib import Path\n"
        "print(len(list(Path('/proc/self/task').iterdir())))"
    )
    clean = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS")}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=clean
    )
    assert done.stdout.splitlines()[-1] == "1"
