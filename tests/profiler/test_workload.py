"""The workload: held, released and ended. In processes of their own, because it forks."""

import signal
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from riostat.core.errors import SamplingError
from riostat.profiler.workload import Workload


def run(program: str, *arguments: str) -> str:
    head = "import os, select, signal, sys\nfrom riostat.profiler.workload import Workload\n"
    done = subprocess.run(
        [sys.executable, "-c", head + dedent(program), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_command_begins_when_it_is_released_and_not_before(tmp_path: Path) -> None:
    program = """
    from pathlib import Path
    mark = Path(sys.argv[1])
    workload = Workload.fork(["touch", str(mark)])
    assert not select.select([workload.descriptor], [], [], 0.2)[0]
    assert not mark.exists()
    workload.release()
    select.select([workload.descriptor], [], [])
    assert workload.end() == 0
    assert workload.end() == 0
    assert mark.exists()
    """
    run(program, str(tmp_path / "mark"))


@pytest.mark.parametrize(("script", "status"), [("exit 3", 3), ("kill -USR1 $$", -10), ("true", 0)])
def test_its_exit_status_is_reported(script: str, status: int) -> None:
    program = """
    workload = Workload.fork(["sh", "-c", sys.argv[1]])
    workload.release()
    select.select([workload.descriptor], [], [])
    print(workload.end())
    """
    assert run(program, script) == f"{status}\n"


def test_a_command_that_runs_is_ended() -> None:
    program = """
    workload = Workload.fork(["sleep", "1000"])
    workload.release()
    assert workload.end() == -signal.SIGTERM
    """
    run(program)


def test_a_command_that_was_never_released_never_begins(tmp_path: Path) -> None:
    program = """
    from pathlib import Path
    mark = Path(sys.argv[1])
    workload = Workload.fork(["touch", str(mark)])
    workload.end()
    assert not mark.exists()
    """
    run(program, str(tmp_path / "mark"))


def test_a_command_whose_recorder_dies_never_begins(tmp_path: Path) -> None:
    program = """
    read, write = os.pipe()
    os.set_inheritable(write, True)
    if os.fork() == 0:
        Workload.fork(["touch", sys.argv[1]])
        os._exit(0)
    os.close(write)
    assert os.read(read, 1) == b""  # both have ended
    """
    run(program, str(tmp_path / "mark"))
    assert not (tmp_path / "mark").exists()


def test_a_command_inherits_no_signals_that_python_ignores() -> None:
    program = """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    workload = Workload.fork(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"])
    workload.release()
    select.select([workload.descriptor], [], [])
    workload.end()
    """
    blocked, ignored = (int(line.split()[1], 16) for line in run(program).splitlines())
    assert blocked == 0
    # What Python's own start makes ignored; others may come from whoever started the tests.
    assert not ignored & (1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1)


@pytest.mark.parametrize("name", ["no-such-program", "./no/such", "/", "a\x1b[2Jb"])
def test_a_missing_program_is_one_sentence(name: str) -> None:
    with pytest.raises(SamplingError) as refused:
        Workload.fork([name])
    assert str(refused.value).startswith("There is no program ")
    assert str(refused.value).isprintable()


def test_a_program_that_cannot_be_executed_is_one_sentence(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF, but not really")
    broken.chmod(0o755)
    program = """
    from riostat.core.errors import SamplingError
    workload = Workload.fork([sys.argv[1]])
    try:
        workload.release()
    except SamplingError as error:
        print(error)
    assert workload.end() != 0
    """
    said = run(program, str(broken))
    assert said == (
        f"The program '{broken}' cannot be executed (Exec format error); give one that can.\n"
    )
