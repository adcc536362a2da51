"""Starts a program that is told to end when this process ends, however that happens.

``python -m riostat.console.tether PARENT PROGRAM ARGUMENT...`` becomes the program.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from riostat.core.parentdeath import die_with_parent

__all__ = ["interrupt", "tethered"]

_PATIENCE_S = 5.0


def tethered(arguments: Sequence[str]) -> list[str]:
    """Return the command line of a Python program that gets SIGTERM when this process ends."""
    tether = [sys.executable, "-m", "riostat.console.tether", str(os.getpid())]
    return [*tether, sys.executable, *arguments]


async def interrupt(child: asyncio.subprocess.Process) -> None:
    """Have a child that still runs end as by Ctrl-C, and kill it where it does not."""
    if child.returncode is not None:
        return
    child.send_signal(signal.SIGINT)
    try:
        await asyncio.wait_for(child.wait(), _PATIENCE_S)
    except TimeoutError:
        child.kill()
        await child.wait()


if __name__ == "__main__":
    if not die_with_parent(int(sys.argv[1])):
        sys.exit("riostat: The console ended before its child began.")
    os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - the console chose the program
