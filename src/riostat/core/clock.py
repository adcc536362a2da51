"""The one clock of a run: CLOCK_MONOTONIC, in nanoseconds."""

import time
from typing import Protocol

__all__ = ["SYSTEM_CLOCK", "Clock", "SystemClock"]


class Clock(Protocol):
    """Where times come from; an argument wherever a time is read."""

    def monotonic_ns(self) -> int:
        """Return CLOCK_MONOTONIC in nanoseconds."""
        ...

    def realtime_ns(self) -> int:
        """Return the wall clock in nanoseconds since 1970, UTC."""
        ...


class SystemClock:
    """The kernel's clocks."""

    def monotonic_ns(self) -> int:
        """Return CLOCK_MONOTONIC in nanoseconds."""
        return time.clock_gettime_ns(time.CLOCK_MONOTONIC)

    def realtime_ns(self) -> int:
        """Return CLOCK_REALTIME in nanoseconds since 1970, UTC."""
        return time.clock_gettime_ns(time.CLOCK_REALTIME)


SYSTEM_CLOCK = SystemClock()
