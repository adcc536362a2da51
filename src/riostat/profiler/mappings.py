"""Mappings: which file's code lies at which address of a process, at which time.

Each address space keeps its mappings in the order in which they were made, and of those that
cover an address at some time the last one counts, as in the kernel. Nothing tells when a mapping
goes away; what is mapped over it hides it.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from riostat.profiler.records import Mmap2

__all__ = ["AddressSpace", "MappedFile", "Mapping", "find_mappings", "mapped_file", "parse_maps"]

# vm.max_map_count is 65,530 by default, and few of a process's mappings hold code.
_MAPPINGS_MAX = 1 << 14
_ANONYMOUS = b"//anon"  # what records say of memory without a file, where maps say nothing
_LINE = re.compile(
    rb"^([0-9a-f]{1,16})-([0-9a-f]{1,16}) ..x. ([0-9a-f]{1,16}) ([0-9a-f]{1,8}):([0-9a-f]{1,8}) "
    rb"([0-9]{1,19}) *(.*)$",
    re.MULTILINE,
)


class MappedFile(NamedTuple):
    """A file that code is mapped from: hostile path, build-id, and (major, minor, inode number).

    The path is as the kernel shows it, "" for memory without a file.
    """

    path: str
    build_id: bytes | None = None
    inode: tuple[int, int, int] | None = None


class Mapping(NamedTuple):
    """Addresses from `start` to before `end` show a file from `offset` on, since `time_ns`."""

    time_ns: int
    start: int
    end: int
    offset: int
    file: MappedFile


@lru_cache(maxsize=4096)  # processes have most of their files in common
def mapped_file(
    path: bytes, build_id: bytes | None, inode: tuple[int, int, int] | None
) -> MappedFile:
    """Return the file of a path as the kernel wrote it; an inode number of 0 is none."""
    known = inode if inode is not None and inode[2] else None
    return MappedFile("" if path == _ANONYMOUS else os.fsdecode(path), build_id, known)


def parse_maps(text: bytes) -> list[Mapping]:
    """Return the mappings of code in a text of ``/proc/PID/maps``; other lines are passed over."""
    return [
        Mapping(0, int(start, 16), int(end, 16), int(offset, 16), _file_of_line(*file))
        for start, end, offset, *file in _LINE.findall(text)
    ]


@lru_cache(maxsize=4096)
def _file_of_line(major: bytes, minor: bytes, number: bytes, path: bytes) -> MappedFile:
    inode = int(major, 16), int(minor, 16), int(number)
    return mapped_file(path.replace(rb"\012", b"\n"), None, inode)


def _mapping_of_record(record: Mmap2) -> Mapping:
    file = mapped_file(record.path, record.build_id, record.inode)
    end = record.start + record.length
    return Mapping(record.time_ns, record.start, end, record.offset, file)


@dataclass(slots=True, eq=False)
class AddressSpace:
    """The mappings of a process from its start or its last exec on.

    One that was forked begins with the first `inherited` of its parent's; another with those of
    `maps`, a text of ``/proc/PID/maps``, which is parsed when somebody asks. `own` are the records
    of those made since.
    """

    pid: int
    maps: bytes = b""
    parent: "AddressSpace | None" = None
    inherited: int = 0
    own: list[Mmap2] = field(default_factory=list)
    parsed: list[Mapping] | None = None

    def fork(self, pid: int) -> "AddressSpace":
        """Return the address space of a child, as it is when it begins."""
        if self.parent is not None and not self.own:
            return AddressSpace(pid, parent=self.parent, inherited=self.inherited)
        return AddressSpace(pid, parent=self, inherited=len(self.own))

    def add(self, mapping: Mmap2) -> bool:
        """Take the mapping that was made last; return whether there was room for it."""
        if len(self.own) == _MAPPINGS_MAX:
            return False
        self.own.append(mapping)
        return True

    def mappings(self) -> list[Mapping]:
        """Return the newest mappings in the order in which they were made, inherited ones first."""
        records = [self.own]
        space, room = self, _MAPPINGS_MAX - len(self.own)
        while space.parent is not None and room > 0:
            records.append(space.parent.own[: space.inherited][-room:])
            room -= len(records[-1])
            space = space.parent
        if space.parsed is None:
            space.parsed = parse_maps(space.maps)
        made = (_mapping_of_record(record) for part in reversed(records) for record in part)
        return [*space.parsed, *made]


def find_mappings(
    mappings: Sequence[Mapping], ips: NDArray[np.uint64], times_ns: NDArray[np.uint64]
) -> NDArray[np.int32]:
    """Return which of an address space's mappings each address was in at its time, or -1.

    `ips` u64[n] are sorted; `times_ns` u64[n] belong to them. The result is i32[n].
    """
    found = np.full(len(ips), -1, np.int32)
    firsts = np.searchsorted(ips, np.array([m.start for m in mappings], np.uint64))
    ends = np.searchsorted(ips, np.array([m.end for m in mappings], np.uint64))
    for index in np.flatnonzero(firsts < ends).tolist():
        covered = slice(firsts[index], ends[index])
        if mappings[index].time_ns == 0:
            found[covered] = index
        else:
            there = times_ns[covered] >= np.uint64(mappings[index].time_ns)
            found[covered][there] = index
    return found
