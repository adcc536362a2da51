"""The processes as they are now: what the live profile needs to name a sample, and nothing older.

The table begins with a segment's snapshot and follows its side records.
"""

import os
from collections.abc import Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field

from riostat.core.domain import Domain
from riostat.core.text import printable
from riostat.profiler.cgroups import process_domain
from riostat.profiler.mappings import Mapping, mapped_file, parse_maps
from riostat.profiler.records import (
    CgroupRecord,
    Comm,
    Fork,
    Mmap2,
    Namespaces,
    SideRecord,
)
from riostat.profiler.snapshot import ProcessSnapshot, running_processes

__all__ = ["LiveProcesses"]

# A process's last samples are read up to two seconds after its end.
_REMEMBERED_NS = 15_000_000_000
_FEW_PROCESSES = 4096
# The idle tasks are no processes; -1 is what the kernel writes for a task that has been reaped.
_NAMES_OF_PIDS = {0: "swapper", 0xFFFFFFFF: "[exited]"}


@dataclass(slots=True)
class _Process:
    comm: str = ""
    cgroup: str = ""
    namespaces: dict[str, int] = field(default_factory=dict)
    maps: bytes = b""
    code: list[Mapping] | None = None
    began_ns: int = 0

    def mappings(self) -> list[Mapping]:
        """Return the mappings of code, the newest last; the snapshot's text is parsed only now."""
        if self.code is None:
            self.code = parse_maps(self.maps)
            self.maps = b""
        return self.code

    def child(self, began_ns: int) -> "_Process":
        code = None if self.code is None else [*self.code]
        return _Process(self.comm, self.cgroup, self.namespaces, self.maps, code, began_ns)


_UNKNOWN_PROCESS = _Process()


class LiveProcesses:
    """Processes by pid, and the domains of their cgroups."""

    def __init__(self, snapshot: Iterable[ProcessSnapshot], cgroups: MappingOf[int, str]) -> None:
        self._cgroups = dict(cgroups)
        self._processes = {
            p.pid: _Process(printable(p.comm), p.cgroup_path, dict(p.namespaces), p.maps)
            for p in snapshot
        }
        first = self._processes.get(1)
        self._host = first.namespaces if first else {}
        self._enough = _FEW_PROCESSES

    def apply(self, record: SideRecord) -> None:
        """Follow what happened to a process or a cgroup."""
        match record:
            case Fork(pid=pid, parent_pid=parent) if pid != parent:
                self._processes[pid] = self._of(parent).child(record.time_ns)
            case Comm(pid=pid, tid=tid) if pid == tid or record.exec:
                process = self._of(pid)
                process.comm = printable(record.comm)
                if record.exec:
                    process.code, process.maps = [], b""
            case Mmap2():
                file = mapped_file(record.path, record.build_id, record.inode)
                end = record.start + record.length
                mapping = Mapping(record.time_ns, record.start, end, record.offset, file)
                self._of(record.pid).mappings().append(mapping)
            case Namespaces():
                self._of(record.pid).namespaces = dict(record.inodes)
            case CgroupRecord():
                self._cgroups[record.id] = os.fsdecode(record.path)

    def forget(self, now_ns: int) -> None:
        """Drop processes that have ended, when there are many; the last to begin are kept."""
        if len(self._processes) <= self._enough:
            return
        running = {*running_processes()}
        self._processes = {
            pid: process
            for pid, process in self._processes.items()
            if pid in running or now_ns - process.began_ns < _REMEMBERED_NS
        }
        self._enough = max(_FEW_PROCESSES, 2 * len(self._processes))

    def named(self, pid: int, cgroup: int) -> tuple[Domain, str]:
        """Return the domain and the name of the process that a sample hit."""
        process = self._processes.get(pid, _UNKNOWN_PROCESS)
        path = self._cgroups.get(cgroup, process.cgroup) or "/"
        domain = process_domain(path, process.namespaces, self._host)
        return domain, process.comm or _NAMES_OF_PIDS.get(pid, f"pid {pid}")

    def mapping(self, pid: int, address: int) -> Mapping | None:
        """Return the mapping of a process that an address lies in: of several, the newest."""
        process = self._processes.get(pid)
        if process is None:
            return None
        return next((m for m in reversed(process.mappings()) if m.start <= address < m.end), None)

    def _of(self, pid: int) -> _Process:
        return self._processes.setdefault(pid, _Process())
