"""Ending with the process that started this one: prctl(2) over ctypes."""

import ctypes
import os
import signal

__all__ = ["die_with_parent"]

_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, ending: signal.Signals = signal.SIGTERM) -> bool:
    """Ask for a signal when the thread that started this process ends.

    Returns whether the process `parent` is the parent still; it may have ended before.
    """
    _libc.prctl(_PR_SET_PDEATHSIG, ending, 0, 0, 0)
    return os.getppid() == parent
