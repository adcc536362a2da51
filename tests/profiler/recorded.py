"""Recordings made by hand: perf records as the kernel lays them out, in the files of a run."""

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from riostat.core.channels import ChannelKind
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.writer import RunWriter

__all__ = [
    "BOOT",
    "EVENT_ID",
    "KERNEL",
    "USER",
    "Recording",
    "SettableClock",
    "cgroup",
    "comm",
    "exit_",
    "fork",
    "frame",
    "ksymbol",
    "lost",
    "lost_samples",
    "mmap2",
    "namespaces",
    "process",
    "record",
    "sample",
    "throttle",
]

EVENT_ID = 41
BOOT = "00000000-0000-4000-8000-000000000000"
KERNEL = (1 << 64) - 128
USER = (1 << 64) - 512


def sample(
    time_ns: int,
    *,
    ip: int = 0x1000,
    pid: int = 1,
    tid: int | None = None,
    cpu: int = 0,
    weight: int = 250_000,
    chain: Sequence[int] = (),
    cgroup_id: int = 1,
    mode: int = 2,
    event_id: int = EVENT_ID,
) -> bytes:
    """A sample: PERF_RECORD_SAMPLE."""
    body = struct.pack(
        "<QQIIQIIQQ",
        event_id,
        ip,
        pid,
        pid if tid is None else tid,
        time_ns,
        cpu,
        0,
        weight,
        len(chain),
    )
    body += struct.pack(f"<{len(chain)}QQ", *chain, cgroup_id)
    return struct.pack("<IHH", 9, mode, 8 + len(body)) + body


def record(
    kind: int, body: bytes, time_ns: int, *, misc: int = 0, size: int | None = None
) -> bytes:
    """A side record with its sample_id; its size is `size`, if given, whatever it really is."""
    body += bytes(-len(body) % 8) + struct.pack("<IIQIIQ", 0, 0, time_ns, 0, 0, EVENT_ID)
    return struct.pack("<IHH", kind, misc, 8 + len(body) if size is None else size) + body


def mmap2(
    time_ns: int,
    pid: int,
    start: int,
    length: int,
    *,
    offset: int = 0,
    path: bytes = b"/bin/x",
    inode: tuple[int, int, int] = (8, 1, 99),
    build_id: bytes | None = None,
) -> bytes:
    """A mapping of code: PERF_RECORD_MMAP2."""
    where = struct.pack("<IIQQQ", pid, pid, start, length, offset)
    if build_id is None:
        what, misc = struct.pack("<IIQQ", *inode, 0), 0
    else:
        what, misc = struct.pack("<BBH20s", len(build_id), 0, 0, build_id), 1 << 14
    return record(10, where + what + struct.pack("<II", 5, 2) + path + b"\0", time_ns, misc=misc)


def comm(time_ns: int, pid: int, name: bytes, *, tid: int | None = None, exec_: bool) -> bytes:
    """A thread's new name: PERF_RECORD_COMM."""
    body = struct.pack("<II", pid, pid if tid is None else tid) + name + b"\0"
    return record(3, body, time_ns, misc=exec_ << 13)


def fork(time_ns: int, pid: int, parent: int, *, tid: int | None = None) -> bytes:
    """A process's or a thread's beginning: PERF_RECORD_FORK."""
    body = struct.pack("<IIIIQ", pid, parent, pid if tid is None else tid, parent, time_ns)
    return record(7, body, time_ns)


def exit_(time_ns: int, pid: int) -> bytes:
    """A process's end: PERF_RECORD_EXIT."""
    return record(4, struct.pack("<IIIIQ", pid, 1, pid, 1, time_ns), time_ns)


def namespaces(time_ns: int, pid: int, inodes: Sequence[int]) -> bytes:
    """A process's namespaces, in the kernel's order: PERF_RECORD_NAMESPACES."""
    links = b"".join(struct.pack("<QQ", 4, inode) for inode in inodes)
    return record(16, struct.pack("<IIQ", pid, pid, len(inodes)) + links, time_ns)


def cgroup(time_ns: int, number: int, path: bytes) -> bytes:
    """A new control group: PERF_RECORD_CGROUP."""
    return record(19, struct.pack("<Q", number) + path + b"\0", time_ns)


def ksymbol(
    time_ns: int, address: int, length: int, name: bytes, *, removed: bool = False
) -> bytes:
    """Code that the kernel made: PERF_RECORD_KSYMBOL."""
    return record(17, struct.pack("<QIHH", address, length, 1, removed) + name + b"\0", time_ns)


def lost(time_ns: int, count: int) -> bytes:
    """Records without room: PERF_RECORD_LOST."""
    return record(2, struct.pack("<QQ", EVENT_ID, count), time_ns)


def lost_samples(time_ns: int, count: int) -> bytes:
    """Samples that the hardware dropped: PERF_RECORD_LOST_SAMPLES."""
    return record(13, struct.pack("<Q", count), time_ns)


def throttle(time_ns: int) -> bytes:
    """An event held back: PERF_RECORD_THROTTLE."""
    return record(5, struct.pack("<QQQ", time_ns, EVENT_ID, EVENT_ID), time_ns)


def frame(records: Iterable[bytes], *, cpu: int = 0) -> bytes:
    """The payload of a frame of the channel ``profile``."""
    return struct.pack("<II", cpu, 0) + b"".join(records)


def process(
    pid: int,
    name: bytes,
    *,
    cgroup_path: bytes = b"/",
    maps: bytes = b"",
    inodes: tuple[int, int] = (10, 20),
) -> bytes:
    """An entry of the artefact ``processes``; the inodes are of the pid and network namespaces."""
    head = struct.pack("<IIIIQQ", pid, len(name), len(cgroup_path), len(maps), *inodes)
    return head + name + cgroup_path + maps


@dataclass
class SettableClock:
    """A clock that stands where it is put."""

    now_ns: int

    def monotonic_ns(self) -> int:
        return self.now_ns

    def realtime_ns(self) -> int:
        return self.now_ns


@dataclass
class Recording:
    """A run to be written: frames of channels at their times, in the order given.

    It begins at `started_ns`; `file` starts a segment, and everything after goes there.
    """

    root: Path
    started_ns: int = 1_000_000_000
    clock: SettableClock = field(init=False)
    path: Path = field(init=False)
    _writer: RunWriter | None = None

    def __post_init__(self) -> None:
        self.clock = SettableClock(self.started_ns)
        self.id, self.path = RunDirectory(self.root).create(command=["test"], clock=self.clock)

    @property
    def writer(self) -> RunWriter:
        assert self._writer is not None
        return self._writer

    def file(self, time_ns: int, *, segment: int | None = None, writer: str = "record") -> None:
        """Begin a file."""
        self.close()
        self.clock.now_ns = time_ns
        self._writer = RunWriter.create(
            self.path, writer=writer, run_id=self.id, segment=segment, clock=self.clock
        )
        self._writer.channel("profile", ChannelKind.SAMPLES, encoding="perf/1")
        self._writer.channel("recording", ChannelKind.EVENT)
        self._writer.channel("snapshot", ChannelKind.ARTEFACT)
        self._writer.channel("cpu.idle.0", ChannelKind.SERIES, unit="s")

    def describe(self, time_ns: int, **changes: object) -> None:
        """Write the artefact ``recording``."""
        event = {
            "name": "cpu-clock",
            "frequency_hz": 4000,
            "period": None,
            "ids": {str(EVENT_ID): 0},
        }
        description = {
            "encoding": "perf/1",
            "events": [event],
            "cpus": [0],
            "fallback": None,
            "restriction": None,
            "user_only": False,
            "boot_id": BOOT,
            "kernel_release": "6.1.0",
            "kernel_build_id": "",
        }
        self.artefact(time_ns, "recording", json.dumps(description | changes).encode())

    def artefact(self, time_ns: int, name: str, data: bytes) -> None:
        self.clock.now_ns = time_ns
        self.writer.artefact(2, name, data)

    def cgroups(self, time_ns: int, paths: Mapping[int, bytes]) -> None:
        """Write the artefact ``cgroups``."""
        entries = (struct.pack("<QI", number, len(p)) + p for number, p in paths.items())
        self.artefact(time_ns, "cgroups", b"".join(entries))

    def processes(self, time_ns: int, entries: Iterable[bytes]) -> None:
        """Write the artefact ``processes``."""
        self.artefact(time_ns, "processes", b"".join(entries))

    def event(self, time_ns: int, name: str, **fields: str | float) -> None:
        self.clock.now_ns = time_ns
        self.writer.event(1, time_ns, name, fields)

    def idle(self, time_ns: int, seconds: float) -> None:
        self.clock.now_ns = time_ns
        self.writer.series(3, [(time_ns, seconds)])

    def samples(self, time_ns: int, payload: bytes) -> None:
        """Write what was in a ring at this time."""
        self.clock.now_ns = time_ns
        self.writer.samples(0, [payload])

    def begin(
        self,
        entries: Iterable[bytes] = (),
        *,
        cgroups: Mapping[int, bytes] | None = None,
        segment: int | None = None,
    ) -> None:
        """Begin an ordinary recording at the start of the run."""
        now_ns = self.started_ns
        self.file(now_ns, segment=segment)
        self.describe(now_ns)
        self.event(now_ns, "started")
        self.cgroups(now_ns, cgroups or {1: b"/"})
        self.processes(now_ns, entries)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def open(self) -> Run:
        """Close the file and open the run for reading."""
        self.close()
        return Run.open(self.path)
