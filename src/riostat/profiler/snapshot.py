"""What was there when sampling began: processes with their mappings, and the tree of cgroups.

The kernel reports what changes from then on as side records, so a snapshot is taken once the
events are armed. It is copied as the kernel's text, undecoded, apart from mappings that cannot be
executed, which are left out as the kernel leaves them out of its records.

The artefact ``processes`` is a sequence of entries, little-endian: u32 pid; u32 lengths of comm,
cgroup path and mappings; u64 inodes of the pid and network namespaces, 0 where unknown; then the
three texts. Of a kernel thread, which has no mappings, there is the name alone. The artefact
``cgroups`` is a sequence of entries: u64 cgroup id, u32 length of the path, the path.
"""

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from riostat.core.errors import RunFormatError
from riostat.core.frames import BytesLike

__all__ = [
    "NAMESPACES",
    "ProcessSnapshot",
    "cgroup_entries",
    "cgroup_mount",
    "parse_cgroups",
    "parse_snapshot",
    "process_entries",
    "running_processes",
    "unified_path",
]

NAMESPACES = ("pid", "net")

_PROCESS = struct.Struct("<IIIIQQ")
_CGROUP = struct.Struct("<QI")
_SHORT_BYTES = 4096
_MAPPINGS_MAX = 8 << 20
_READ_BYTES = 64 << 10
_CGROUPS_MAX = 1 << 16
_NAME_COLUMN = 73
_UNIFIED = re.compile(rb"^0::(.*)$", re.MULTILINE)


class ProcessSnapshot(NamedTuple):
    """One process as it was.

    `comm` is its name, undecoded and hostile; `cgroup_path` where it is in the unified hierarchy,
    empty where unknown; `namespaces` the inodes by kind; `maps` the executable lines of its
    ``/proc/PID/maps``, none for a kernel thread or where they may not be read.
    """

    pid: int
    comm: bytes
    cgroup_path: str
    namespaces: dict[str, int]
    maps: bytes


def running_processes() -> Iterator[int]:
    """Yield the numbers of the processes that there are."""
    return (int(name) for name in os.listdir("/proc") if name.isdecimal())  # noqa: PTH208 - one Path for each is slow


def process_entries() -> Iterator[bytes]:
    """Yield an entry of the artefact ``processes`` for each process that does not vanish."""
    for pid in running_processes():
        entry = _process_entry(pid)
        if entry:
            yield entry


def _process_entry(pid: int) -> bytes:
    process = f"/proc/{pid}/"
    comm = (_content(process + "comm", _SHORT_BYTES) or b"").rstrip(b"\n")
    if not comm:
        return b""
    mappings = _content(process + "maps", _MAPPINGS_MAX)
    if mappings == b"":
        return _PROCESS.pack(pid, len(comm), 0, 0, 0, 0) + comm
    lines = (mappings or b"").splitlines(keepends=True)
    maps = b"".join([line for line in lines if _is_executable(line)])
    cgroup = unified_path(_content(process + "cgroup", _SHORT_BYTES) or b"")
    inodes = (_inode(f"{process}ns/{kind}") for kind in NAMESPACES)
    head = _PROCESS.pack(pid, len(comm), len(cgroup), len(maps), *inodes)
    return head + comm + cgroup + maps


def _is_executable(line: bytes) -> bool:
    """Tell whether a line of ``/proc/PID/maps`` has an x among its permissions.

    Numbers have none, and names are padded to begin behind them.
    """
    return line.find(b"x", 0, _NAME_COLUMN) >= 0


def unified_path(content: bytes) -> bytes:
    """Return the path in the unified hierarchy out of the text of ``/proc/PID/cgroup``."""
    found = _UNIFIED.search(content)
    return found[1] if found else b""


def _content(path: str, limit: int) -> bytes | None:
    """Return what a file holds that may vanish at any time, None where it may not be read.

    The kernel gives what is shorter than a page in one piece.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        parts = [os.read(descriptor, min(limit, _READ_BYTES))]
        while limit > _SHORT_BYTES and parts[-1]:
            limit -= len(parts[-1])
            parts.append(os.read(descriptor, _READ_BYTES))
    except OSError:
        return None  # the process ended meanwhile
    finally:
        os.close(descriptor)
    return b"".join(parts)


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino  # noqa: PTH116 - once for every process and namespace
    except OSError:
        return 0


def cgroup_mount() -> Path | None:
    """Return where the unified cgroup hierarchy is mounted, or None where it is not."""
    for line in Path("/proc/self/mountinfo").read_bytes().splitlines():
        mount, _, kind = line.partition(b" - ")
        if kind.startswith(b"cgroup2 "):
            point = mount.split(b" ")[4]
            return Path(os.fsdecode(point.decode("unicode_escape").encode("latin-1")))
    return None


def cgroup_entries(mount: Path) -> Iterator[bytes]:
    """Yield an entry of the artefact ``cgroups`` for each cgroup below a mount of the hierarchy."""
    waiting = [(os.fsencode(mount), b"/")]
    for _ in range(_CGROUPS_MAX):
        if not waiting:
            return
        directory, path = waiting.pop()
        try:
            status = os.stat(directory)  # noqa: PTH116 - once for every cgroup
            if status.st_nlink > 2:
                waiting.extend(_below(directory, path))
        except OSError:
            continue  # the cgroup vanished
        yield _CGROUP.pack(status.st_ino, len(path)) + path


def _below(directory: bytes, path: bytes) -> Iterator[tuple[bytes, bytes]]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield entry.path, path.rstrip(b"/") + b"/" + entry.name


def parse_snapshot(data: BytesLike) -> list[ProcessSnapshot]:
    """Return the processes of the artefact ``processes``, or raise `RunFormatError`."""
    view = memoryview(data)
    processes = []
    offset = 0
    while offset < len(view):
        if len(view) - offset < _PROCESS.size:
            raise _damaged("processes", offset)
        pid, *lengths = _PROCESS.unpack_from(view, offset)
        texts = []
        offset += _PROCESS.size
        for length in lengths[:3]:
            if len(view) - offset < length:
                raise _damaged("processes", offset)
            texts.append(bytes(view[offset : offset + length]))
            offset += length
        comm, cgroup, maps = texts
        namespaces = dict(zip(NAMESPACES, lengths[3:], strict=True))
        processes.append(ProcessSnapshot(pid, comm, os.fsdecode(cgroup), namespaces, maps))
    return processes


def parse_cgroups(data: BytesLike) -> dict[int, str]:
    """Return the paths of the artefact ``cgroups`` by cgroup id, or raise `RunFormatError`."""
    view = memoryview(data)
    cgroups = {}
    offset = 0
    while offset < len(view):
        if len(view) - offset < _CGROUP.size:
            raise _damaged("cgroups", offset)
        number, length = _CGROUP.unpack_from(view, offset)
        offset += _CGROUP.size
        if len(view) - offset < length:
            raise _damaged("cgroups", offset)
        cgroups[number] = os.fsdecode(bytes(view[offset : offset + length]))
        offset += length
    return cgroups


def _damaged(name: str, offset: int) -> RunFormatError:
    return RunFormatError(
        f"The artefact {name} is cut short at byte {offset}; the run is damaged or foreign, and "
        "what was recorded after this snapshot can still be read."
    )
