"""How long each CPU had nothing to do, as the kernel accounts it."""

import os

__all__ = ["IdleTimes"]

_READ_BYTES = 256 << 10  # /proc/stat names every interrupt after the CPUs; those may be cut


class IdleTimes:
    """Idle and waiting-for-disk seconds of each CPU since the first reading."""

    def __init__(self) -> None:
        self._tick_s = 1 / os.sysconf("SC_CLK_TCK")
        self._first = self._ticks()

    def read(self) -> dict[int, float]:
        """Return the seconds by CPU; a CPU that came online since is not counted."""
        now = self._ticks()
        return {
            cpu: (now[cpu] - first) * self._tick_s
            for cpu, first in self._first.items()
            if cpu in now
        }

    @staticmethod
    def _ticks() -> dict[int, int]:
        descriptor = os.open("/proc/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            content = os.read(descriptor, _READ_BYTES)
        finally:
            os.close(descriptor)
        ticks = {}
        for line in content.splitlines()[1:]:
            if not line.startswith(b"cpu"):
                break
            name, *counts = line.split()
            ticks[int(name[3:])] = int(counts[3]) + int(counts[4])  # idle, iowait
        return ticks
