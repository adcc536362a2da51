"""A tethered program ends when the process that started it does."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from riostat.console.tether import interrupt, tethered

_PARENT = """
import subprocess
from riostat.console.tether import tethered
child = subprocess.Popen(tethered(["-c", "import time; time.sleep(600)"]))
print(child.pid, flush=True)
child.wait()
"""

# Whoever runs the tests may have them ignore Ctrl-C, which a child inherits.
_INTERRUPTIBLE = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
print(flush=True)
time.sleep(600)
"""


def test_the_child_ends_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE) as parent:
        try:
            assert parent.stdout is not None
            child = Path("/proc", parent.stdout.readline().decode().strip())
            while not _command(child).startswith(os.fsencode(sys.executable) + b"\0-c\0"):
                os.sched_yield()
        finally:
            parent.kill()
        while _command(child):
            os.sched_yield()


def _command(process: Path) -> bytes:
    """The command line of a process, empty when it has ended."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def test_the_program_takes_the_tethers_place() -> None:
    with subprocess.Popen(
        tethered(["-c", "import os; print(os.getpid())"]), stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert int(child.stdout.read()) == child.pid


def test_a_parent_that_has_gone_already_starts_nothing() -> None:
    command = tethered(["-c", "print('started')"])
    command[3] = "1"
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout == b""
    assert b"ended before" in done.stderr


def test_a_child_ends_as_by_ctrl_c_and_one_that_has_ended_is_left_alone() -> None:
    async def ends() -> list[int | None]:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _INTERRUPTIBLE, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        await child.stdout.readline()
        await interrupt(child)
        await interrupt(child)
        return [child.returncode]

    assert asyncio.run(ends()) == [-signal.SIGINT]
