"""A child process that is kept running."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from riostat.commands.keptprocess import KeptProcess
from riostat.core.errors import RunError

LOG_AND_SLEEP = """
import os, sys, time
print('{"state": "recording", "reason": ""}', flush=True)
with open(sys.argv[1], "a") as log:
    log.write(f"{os.getpid()}\\n")
time.sleep(60)
"""


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.01)


def starts(log: Path) -> list[int]:
    lines = log.read_text().split("\n") if log.exists() else [""]
    return [int(line) for line in lines[:-1]]


def python(code: str, *arguments: object) -> Callable[[], Sequence[str]]:
    return lambda: [sys.executable, "-c", code, *map(str, arguments)]


def test_a_killed_child_is_started_again_and_none_is_left(tmp_path: Path) -> None:
    log = tmp_path / "log"
    recorder = KeptProcess("The recorder", python(LOG_AND_SLEEP, log))
    recorder.start()
    until(lambda: len(starts(log)) == 1)
    os.kill(starts(log)[0], signal.SIGKILL)
    until(lambda: recorder.problem is not None)
    assert recorder.problem == "The recorder ended with -9; it is started again."
    until(lambda: len(starts(log)) == 2)
    assert recorder.problem is None
    recorder.stop()
    for pid in starts(log):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_what_the_child_says_of_itself_is_kept() -> None:
    code = r"""print('nonsense\n{"state": "paused", "reason": "The disk \\u001b is full."}')"""
    recorder = KeptProcess("The recorder", python(code))
    recorder.start()
    until(lambda: recorder.problem is not None)
    assert recorder.problem == "The disk \\x1b is full."
    recorder.stop()


def test_a_child_that_will_not_end_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{LOG_AND_SLEEP}"
    recorder = KeptProcess("The recorder", python(code, log), grace_s=0.1)
    recorder.start()
    until(lambda: starts(log))
    recorder.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(starts(log)[0], 0)


def test_a_command_that_cannot_be_made_is_a_problem_not_an_end() -> None:
    def command() -> Sequence[str]:
        raise RunError("There is no room.")

    recorder = KeptProcess("The recorder", command)
    recorder.start()
    until(lambda: recorder.problem is not None)
    assert recorder.problem == "There is no room."
    recorder.stop()


def test_the_sentence_that_it_ends_with_is_the_problem() -> None:
    code = r"""import sys; sys.exit("loading\nriostat: The port 1 is \x1b taken.\nbye")"""
    kept = KeptProcess("The store", python(code))
    kept.start()
    until(lambda: kept.problem is not None)
    assert kept.problem == "The port 1 is \\x1b taken."
    kept.stop()


def test_a_child_that_breaks_shows_its_last_words(capfd: pytest.CaptureFixture[str]) -> None:
    kept = KeptProcess("The switch", python("raise RuntimeError('no such thing')"))
    kept.start()
    until(lambda: kept.problem is not None)
    kept.stop()
    assert kept.problem == "The switch ended with 1; it is started again."
    assert "RuntimeError: no such thing" in capfd.readouterr().err


def test_several_are_asked_before_one_is_waited_for(tmp_path: Path) -> None:
    logs = [tmp_path / name for name in ("a", "b")]
    both = [KeptProcess(log.name, python(LOG_AND_SLEEP, log)) for log in logs]
    for kept in both:
        kept.start()
    until(lambda: all(map(starts, logs)))
    for kept in both:
        kept.ask_to_stop()
    for kept in both:
        kept.stop()
    assert [kept.problem for kept in both] == [None, None]


def test_one_that_was_never_started_can_be_stopped() -> None:
    KeptProcess("The store", list).stop()


def test_what_runs_once_ends_and_what_fails_is_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = """
import os, sys
with open(sys.argv[1], "a") as log:
    log.write(f"{os.getpid()}\\n")
if len(open(sys.argv[1]).readlines()) == 1:
    sys.exit("riostat: The index is in use.")
"""
    ingest = KeptProcess("The ingest", python(code, log), once=True)
    ingest.start()
    until(lambda: ingest.problem == "The index is in use.")
    until(lambda: len(starts(log)) == 2 and ingest.problem is None)
    ingest.stop()
    assert len(starts(log)) == 2
