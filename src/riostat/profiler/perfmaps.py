"""Collecting the perf maps of programs that compile at run time, as a recording ends.

Such a program writes ``/tmp/perf-PID.map``; `riostat.profiler.symbols.perfmap` reads it. On the
recording path: this module imports neither numpy nor numba.
"""

import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["perf_map_pid", "perf_maps"]

_DIRECTORY = Path("/tmp")  # noqa: S108 - where the interface puts them
_NAME = re.compile(r"perf-([1-9][0-9]{0,9})\.map")
_MAP_BYTES = 16 << 20
_ALL_BYTES = 64 << 20
_ROOT = 0


def perf_maps(
    *, since_ns: int, directory: Path = _DIRECTORY, processes: Path = Path("/proc")
) -> Iterator[tuple[str, bytes]]:
    """Yield the file name and the text of each perf map that tells of a process of the recording.

    That is one of a process that is there now, or one written after `since_ns` (CLOCK_REALTIME).
    Anyone may write there, so it counts only where it is root's or the process's own user's.
    """
    room = _ALL_BYTES
    with suppress(OSError):
        for path in sorted(directory.iterdir()):
            pid = perf_map_pid(path.name)
            text = pid and _text(path, processes / str(pid), since_ns)
            if text and len(text) <= room:
                room -= len(text)
                yield path.name, text


def perf_map_pid(name: str) -> int | None:
    """Return the process whose perf map has this file name, None for another name."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else None


def _text(path: Path, process: Path, since_ns: int) -> bytes:
    """Return what a perf map holds, b"" where it is not to be believed or too large."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAP_BYTES:
            return b""
        try:
            owner = process.stat().st_uid
        except OSError:
            owner = status.st_uid if status.st_mtime_ns >= since_ns else -1
        return file.read(_MAP_BYTES) if status.st_uid in {owner, _ROOT} and owner >= 0 else b""
