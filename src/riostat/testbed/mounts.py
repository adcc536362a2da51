"""Mounting and unmounting of file systems, by mount(2) and umount2(2) over ctypes."""

import ctypes
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Mount", "mount", "mounts", "unmount", "unmount_below"]

_MNT_DETACH: Final = 2
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Mount:
    """What is mounted at a folder: the type of the file system, and its own options."""

    folder: Path
    kind: str
    options: frozenset[str]


def mount(device: Path, folder: Path, kind: str) -> None:
    """Mount a file system of a kind; raises `OSError`."""
    done = _libc.mount(
        os.fsencode(device), os.fsencode(folder), kind.encode(), ctypes.c_ulong(0), None
    )
    if done:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(folder))


def unmount(folder: Path) -> None:
    """Unmount what is at a folder, now or when the last that uses it is gone; raises `OSError`."""
    if _libc.umount2(os.fsencode(folder), 0) and _libc.umount2(os.fsencode(folder), _MNT_DETACH):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(folder))


def mounts() -> list[Mount]:
    """Return what is mounted, in the order in which it was (proc_pid_mountinfo(5))."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(errors="surrogateescape").splitlines():
        fields = line.split(" ")
        kind, _, options = fields[fields.index("-") + 1 :]
        folder = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        found.append(Mount(Path(folder), kind, frozenset(options.split(","))))
    return found


def unmount_below(folder: Path) -> None:
    """Unmount everything that is mounted below a folder; raises `OSError`."""
    for found in reversed(mounts()):
        if folder in found.folder.parents:
            unmount(found.folder)
