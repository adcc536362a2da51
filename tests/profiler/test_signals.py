"""Signals that wait to be read, in processes of their own: another thread here would take them."""

import subprocess
import sys

import pytest

from riostat.profiler.signals import ENDING

WAITS = """
import os, signal, sys
from riostat.profiler.signals import EndingSignals, Received
number = int(sys.argv[1])
before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
with EndingSignals() as signals:
    assert signals.read() == []
    os.kill(os.getpid(), number)
    assert signals.read() == [Received(number, from_terminal=False)]
    assert signals.read() == []
    os.kill(os.getpid(), number)  # nobody reads this one
assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
"""

AT_THE_TERMINAL = """
import os, pty, select, signal, time
from riostat.profiler.signals import EndingSignals, Received
child, terminal = pty.fork()
if child == 0:
    with EndingSignals() as signals:
        os.write(1, b"ready")
        select.select([signals.descriptor], [], [])
        os._exit(signals.read() != [Received(signal.SIGINT, from_terminal=True)])
assert os.read(terminal, 5) == b"ready"
os.write(terminal, b"\\x03")
assert os.waitpid(child, 0)[1] == 0
"""


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", sorted(ENDING))
def test_a_signal_is_read_instead_of_ending_the_process(number: int) -> None:
    run(WAITS, str(int(number)))


def test_what_the_terminal_sends_is_told_apart() -> None:
    run(AT_THE_TERMINAL)
