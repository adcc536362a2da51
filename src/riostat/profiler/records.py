"""Perf records: what the kernel wrote into a ring, taken apart. No I/O happens here.

A chunk is the unread part of one CPU's ring: whole records, each a header (u32 type, u16 misc,
u16 size) and `size` bytes with the header. The layouts are those of
``include/uapi/linux/perf_event.h`` for the sample type
``IDENTIFIER|IP|TID|TIME|CALLCHAIN|CPU|PERIOD|CGROUP`` with ``sample_id_all``. In u64 words a
sample is::

    0 header   1 id   2 ip   3 pid | tid << 32   4 time   5 cpu   6 period
    7 nr       8 .. 8 + nr the callchain         8 + nr the cgroup's id

and every other record, a side record, ends in the four words of its ``sample_id``::

    pid | tid << 32   time   cpu   id

A file is hostile until it is checked: what is not as it must be is counted as damage and left
out. A record without a usable size ends its chunk, because nobody knows where the next begins.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from riostat.core.frames import BytesLike

__all__ = [
    "SAMPLE",
    "SAMPLE_WORDS",
    "CgroupRecord",
    "Comm",
    "Fork",
    "Ksymbol",
    "Lost",
    "Mmap2",
    "Namespaces",
    "SideRecord",
    "Throttle",
    "decode_side_records",
    "walk",
]

SAMPLE = 9
SAMPLE_WORDS = 9  # of a sample without a callchain

_LOST, _COMM, _THROTTLE, _FORK, _MMAP2, _LOST_SAMPLES = 2, 3, 5, 7, 10, 13
_NAMESPACES, _KSYMBOL, _CGROUP = 16, 17, 19
_LAST_TYPE = 21

_MISC_COMM_EXEC = 1 << 13
_MISC_MMAP_BUILD_ID = 1 << 14
_KSYMBOL_UNREGISTER = 1 << 0
_LOST_MAX = 1 << 40  # an hour at more than a hundred million a second

_HEADER = struct.Struct("<IHH")
_TRAILER = struct.Struct("<IIQIIQ")
_MMAP2_FIELDS = struct.Struct("<IIQQQ")
_MMAP2_INODE = struct.Struct("<IIQ")
_TASK = struct.Struct("<IIII")
_PAIR = struct.Struct("<II")
_WORD = struct.Struct("<Q")
_TWO_WORDS = struct.Struct("<QQ")
_KSYMBOL_FIELDS = struct.Struct("<QIHH")

# The kernel's order of the links in a NAMESPACES record.
_NAMESPACE_NAMES = ("net", "uts", "ipc", "pid", "user", "mnt", "cgroup")


@dataclass(frozen=True, slots=True)
class Mmap2:
    """A process mapped a file, or memory, to run code from.

    `inode` is (major, minor, number) and stands where the kernel gave no build-id.
    """

    time_ns: int
    pid: int
    start: int
    length: int
    offset: int
    path: bytes
    build_id: bytes | None
    inode: tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class Comm:
    """A thread was given a name; with `exec`, because it runs another program now."""

    time_ns: int
    pid: int
    tid: int
    comm: bytes
    exec: bool


@dataclass(frozen=True, slots=True)
class Fork:
    """A process (`pid` is not `parent_pid`) or a thread began."""

    time_ns: int
    pid: int
    parent_pid: int
    tid: int


@dataclass(frozen=True, slots=True)
class Namespaces:
    """The namespaces of a process: inode numbers by name, as under /proc/PID/ns."""

    time_ns: int
    pid: int
    inodes: dict[str, int]


@dataclass(frozen=True, slots=True)
class CgroupRecord:
    """A control group was made."""

    time_ns: int
    id: int
    path: bytes


@dataclass(frozen=True, slots=True)
class Ksymbol:
    """The kernel made code at run time (a BPF program, a trampoline), or removed it."""

    time_ns: int
    address: int
    length: int
    name: bytes
    removed: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Records found no room in the ring."""

    time_ns: int
    count: int


@dataclass(frozen=True, slots=True)
class Throttle:
    """The kernel held an event back, because its samples took too long."""

    time_ns: int


SideRecord: TypeAlias = Mmap2 | Comm | Fork | Namespaces | CgroupRecord | Ksymbol | Lost | Throttle


class _MalformedRecordError(Exception):
    """A record is not what its type says."""


def walk(halves: memoryview, begin: int, starts: list[int], *, stop: int, end: int) -> int | None:
    """Append to `starts` where records begin, from `begin` to before `stop`, and return the next.

    `halves` is of format ``H``, and all places count its units of two bytes; the chunk is of whole
    u64 words and ends at `end`. Returns None, and leaves out what is behind, where a record has a
    size that cannot be.
    """
    append = starts.append
    at = begin
    while at < stop:
        size = halves[at + 3]
        if size < 8 or size & 7:
            return None
        append(at)
        at += size >> 1
    if at > end:
        starts.pop()
        return None
    return at


def decode_side_records(
    data: BytesLike, starts: Iterable[int], *, earliest_ns: int, latest_ns: Sequence[int]
) -> tuple[list[SideRecord], int]:
    """Return the side records that begin at these bytes, by time, and the number of damaged ones.

    Every record lies in `data` with its whole size; one older than `earliest_ns`, or younger than
    its own `latest_ns`, is damaged. Records that say nothing about a profile are left out.
    """
    view = memoryview(data)
    records: list[SideRecord] = []
    damaged = 0
    for start, latest in zip(starts, latest_ns, strict=True):
        try:
            record = _decode(view, start)
        except _MalformedRecordError:
            damaged += 1
            continue
        if record is None:
            continue
        if earliest_ns <= record.time_ns <= latest:
            records.append(record)
        else:
            damaged += 1
    records.sort(key=_time)
    return records, damaged


def _time(record: SideRecord) -> int:
    return record.time_ns


def _decode(view: memoryview, start: int) -> SideRecord | None:
    kind, misc, size = _HEADER.unpack_from(view, start)
    end = start + size - _TRAILER.size
    if not 0 < kind <= _LAST_TYPE:
        raise _MalformedRecordError
    decoder = _DECODERS.get(kind)
    if decoder is None:
        return None
    begin = start + _HEADER.size
    if end - begin < _LEAST_BYTES[kind]:
        raise _MalformedRecordError
    time_ns = _TRAILER.unpack_from(view, end)[2]
    return decoder(view[begin:end], misc, time_ns)


def _text(data: memoryview) -> bytes:
    text, nul, _ = bytes(data).partition(b"\0")
    if not nul:
        raise _MalformedRecordError
    return text


def _mmap2(body: memoryview, misc: int, time_ns: int) -> Mmap2:
    pid, _tid, address, length, offset = _MMAP2_FIELDS.unpack_from(body)
    build_id, inode = None, None
    if misc & _MISC_MMAP_BUILD_ID:
        if not 0 < body[32] <= 20:
            raise _MalformedRecordError
        build_id = bytes(body[36 : 36 + body[32]])
    else:
        inode = _MMAP2_INODE.unpack_from(body, 32)
    if length == 0 or address + length >= 1 << 64:
        raise _MalformedRecordError
    return Mmap2(time_ns, pid, address, length, offset, _text(body[64:]), build_id, inode)


def _comm(body: memoryview, misc: int, time_ns: int) -> Comm:
    pid, tid = _PAIR.unpack_from(body)
    return Comm(time_ns, pid, tid, _text(body[8:]), bool(misc & _MISC_COMM_EXEC))


def _fork(body: memoryview, _misc: int, time_ns: int) -> Fork:
    pid, parent_pid, tid, _parent_tid = _TASK.unpack_from(body)
    return Fork(time_ns, pid, parent_pid, tid)


def _namespaces(body: memoryview, _misc: int, time_ns: int) -> Namespaces:
    pid, _tid = _PAIR.unpack_from(body)
    (count,) = _WORD.unpack_from(body, 8)
    if len(body) != 16 + _TWO_WORDS.size * count:
        raise _MalformedRecordError
    inodes = (inode for _device, inode in _TWO_WORDS.iter_unpack(body[16:]))
    return Namespaces(time_ns, pid, dict(zip(_NAMESPACE_NAMES, inodes, strict=False)))


def _cgroup(body: memoryview, _misc: int, time_ns: int) -> CgroupRecord:
    return CgroupRecord(time_ns, _WORD.unpack_from(body)[0], _text(body[8:]))


def _ksymbol(body: memoryview, _misc: int, time_ns: int) -> Ksymbol:
    address, length, _type, flags = _KSYMBOL_FIELDS.unpack_from(body)
    removed = bool(flags & _KSYMBOL_UNREGISTER)
    return Ksymbol(time_ns, address, length, _text(body[16:]), removed)


def _lost(body: memoryview, _misc: int, time_ns: int) -> Lost:
    return _lost_samples(body[8:], _misc, time_ns)


def _lost_samples(body: memoryview, _misc: int, time_ns: int) -> Lost:
    (count,) = _WORD.unpack_from(body)
    if count > _LOST_MAX:
        raise _MalformedRecordError
    return Lost(time_ns, count)


def _throttle(_body: memoryview, _misc: int, time_ns: int) -> Throttle:
    return Throttle(time_ns)


_DECODERS: dict[int, Callable[[memoryview, int, int], SideRecord]] = {
    _LOST: _lost,
    _COMM: _comm,
    _THROTTLE: _throttle,
    _FORK: _fork,
    _MMAP2: _mmap2,
    _LOST_SAMPLES: _lost_samples,
    _NAMESPACES: _namespaces,
    _KSYMBOL: _ksymbol,
    _CGROUP: _cgroup,
}
_LEAST_BYTES = {
    _LOST: 16,
    _COMM: 16,
    _THROTTLE: 24,
    _FORK: 24,
    _MMAP2: 72,
    _LOST_SAMPLES: 8,
    _NAMESPACES: 16,
    _KSYMBOL: 24,
    _CGROUP: 16,
}
