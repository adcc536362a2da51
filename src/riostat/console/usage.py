"""What a process costs this machine, by /proc/PID/stat; see proc_pid_stat(5)."""

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessUse", "process_use"]

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """CPU time so far, in user and kernel, and memory that is resident now."""

    cpu_seconds: float
    memory_bytes: int


def process_use(pid: int) -> ProcessUse | None:
    """Return what a process uses, or None where there is no such process."""
    try:
        content = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name, in parentheses, may hold anything; nothing behind it does.
    fields = content[content.rindex(b")") + 2 :].split()
    return ProcessUse((int(fields[11]) + int(fields[12])) * _TICK_S, int(fields[21]) * _PAGE_BYTES)
