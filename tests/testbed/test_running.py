"""A program runs to its end, or to its time's."""

import subprocess

import pytest

from riostat.testbed.running import run_program


def test_what_it_says_and_how_it_ends() -> None:
    done = run_program(["sh", "-c", "printf 'a\\377'; echo b >&2; exit 3"], 10)
    assert (done.stdout, done.stderr, done.returncode) == ("a\ufffd", "b\n", 3)


def test_it_has_no_input_to_wait_for() -> None:
    assert run_program(["cat"], 10).stdout == ""


def test_it_is_killed_when_its_time_is_up() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_program(["sleep", "60"], 0.1)
