"""Marks that say which process a thing of the testbed belongs to, and whether that one lives."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

__all__ = ["Owner"]

_MARK = re.compile(r"([1-9][0-9]{0,6})-([0-9]{1,19})")
_START_TIME = 19  # field of /proc/PID/stat, counted from the one after the name (proc(5))


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: its id, and when it started in clock ticks after boot, since ids come again."""

    pid: int
    start_ticks: int

    @classmethod
    def of(cls, pid: int) -> Self:
        """Return the owner that a running process is; raises `ProcessLookupError` without one."""
        ticks = _start_ticks(pid)
        if ticks is None:
            raise ProcessLookupError(pid)
        return cls(pid, ticks)

    @classmethod
    def parse(cls, mark: str) -> Self | None:
        """Return the owner that a mark names, or None where it is no mark."""
        match = _MARK.fullmatch(mark)
        return cls(int(match[1]), int(match[2])) if match else None

    @property
    def mark(self) -> str:
        """The owner as a word that may stand in the name of a file."""
        return f"{self.pid}-{self.start_ticks}"

    def is_alive(self) -> bool:
        """Tell whether the process still runs; a zombie does not."""
        return _start_ticks(self.pid) == self.start_ticks


def _start_ticks(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in {"Z", "X"} else int(fields[_START_TIME])
