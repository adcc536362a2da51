"""Running a program to its end, with what it says."""

import subprocess
from collections.abc import Sequence

__all__ = ["run_program"]


def run_program(command: Sequence[str], timeout_s: float) -> "subprocess.CompletedProcess[str]":
    """Run a program without input until it ends, and return what it said.

    Raises `subprocess.TimeoutExpired` after it has been killed.
    """
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
    )
