"""A fixed amount of work takes about as many times as long as there is of it."""

import subprocess
import sys

import pytest

from riostat.claims.work import seconds_of


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_more_work_takes_longer() -> None:
    assert 0 < min(seconds_of(1_000) for _ in range(3)) < min(seconds_of(300_000) for _ in range(3))


def test_it_says_its_seconds() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "riostat.claims.work", "1000"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) > 0
