"""`riostat switch run` as its user starts it, and the other commands beside it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Served", "riostat", "serving", "with_kernels"]


def _environment(data: Path) -> dict[str, str]:
    return os.environ | {"RIOSTAT_DATA": str(data), "COLUMNS": "160"}


def riostat(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of riostat switch with this data directory, and return how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "riostat", "switch", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=data,
        env=_environment(data),
    )


class Served:
    """A running switch; `said` is its line of JSON."""

    def __init__(self, data: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "riostat", "switch", "run", "--json", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=data,
            env=_environment(data),
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.said: dict[str, str] = json.loads(line) if line else {}

    def end(self, number: signal.Signals = signal.SIGINT) -> str:
        """Send a signal, and return what the switch said on standard error until it ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.communicate()[1]


@contextlib.contextmanager
def serving(data: Path, *arguments: str) -> Iterator[Served]:
    served = Served(data, *arguments)
    try:
        assert served.said, served.end()
        yield served
    finally:
        served.end()


def with_kernels(data: Path, kernels: Path) -> Path:
    """Make a data directory that uses compiled loops which are there already."""
    (data / "cache").mkdir(parents=True)
    kernels.mkdir(parents=True, exist_ok=True)
    (data / "cache" / "kernels").symlink_to(kernels)
    return data
