"""Running riostat as its user does."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["refusal", "riostat"]


def riostat(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of riostat profile with this data directory, and return how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "riostat", "profile", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=data,
        env=os.environ | {"RIOSTAT_DATA": str(data)},
    )


def refusal(done: subprocess.CompletedProcess[str], code: int = 1) -> str:
    """Return the one sentence of a command that was refused."""
    assert (done.returncode, done.stdout) == (code, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("riostat: ")
    return line.removeprefix("riostat: ")
