"""Starts a program that is told to end when this process ends, however that happens.

``python -m riostat.console.tether PARENT PROGRAM ARGUMENT...`` becomes the program.
"""

import os
import sys
from collections.abc import Sequence

from riostat.profiler.signals import die_with_parent

__all__ = ["tethered"]


def tethered(arguments: Sequence[str]) -> list[str]:
    """Return the command line of a Python program that gets SIGTERM when this process ends."""
    tether = [sys.executable, "-m", "riostat.console.tether", str(os.getpid())]
    return [*tether, sys.executable, *arguments]


if __name__ == "__main__":
    if not die_with_parent(int(sys.argv[1])):
        sys.exit("riostat: The console ended before its child began.")
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the console chose the program
