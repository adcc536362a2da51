"""A recording as it lies in a run: what its channels and artefacts hold, and how they are written.

Channels of one file: ``profile`` (samples, encoding perf/1: u32 cpu, u32 zero, then whole records
exactly as the kernel wrote them), ``cpu.idle.N`` (series, seconds), ``recording`` (events
``started``, ``lost``, ``stopped``, and of a rolling recording ``paused`` and ``resumed``) and
``snapshot`` (artefacts ``recording``, ``cgroups`` and ``processes``, and ``perf-PID.map`` for each
process that says what it compiled). A file reads alone.
"""

import json
import os
import struct
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from riostat.core.channels import ChannelKind, FieldValue
from riostat.core.clock import Clock
from riostat.core.text import printable
from riostat.core.writer import RunWriter
from riostat.profiler.idle import IdleTimes
from riostat.profiler.opening import SamplingRequest
from riostat.profiler.perfmaps import perf_maps
from riostat.profiler.ring import Ring
from riostat.profiler.sampler import Sampler
from riostat.profiler.snapshot import cgroup_entries, cgroup_mount, process_entries

__all__ = ["ENCODING", "PROFILE_CHANNEL", "ROLLING_WRITER", "RecordingFile"]

PROFILE_CHANNEL = "profile"
ENCODING = "perf/1"
ROLLING_WRITER = "rolling"

_CHUNK_HEAD = struct.Struct("<II")
_NOTE = struct.Struct("<III")
_NT_GNU_BUILD_ID = 3
_PROCESSES_BETWEEN_DRAINS = 64
_NOTES = Path("/sys/kernel/notes")
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class RecordingFile:
    """One file of a recording; raises `RunFullError` from every method that finds no room.

    `lost` is how many records found no room in a ring since the file was begun.
    """

    def __init__(self, writer: RunWriter, sampler: Sampler, clock: Clock) -> None:
        self.writer = writer
        self.lost = 0
        self._lost_before = sampler.lost()
        self._sampler = sampler
        self._clock = clock
        self._profile = writer.channel(PROFILE_CHANNEL, ChannelKind.SAMPLES, encoding=ENCODING)
        self._events = writer.channel("recording", ChannelKind.EVENT)
        self._snapshot = writer.channel("snapshot", ChannelKind.ARTEFACT)
        self._idle = {
            cpu: writer.channel(f"cpu.idle.{cpu}", ChannelKind.SERIES, unit="s")
            for cpu in sampler.cpus
        }
        self._heads = {cpu: _CHUNK_HEAD.pack(cpu, 0) for cpu in sampler.cpus}

    def describe(self, request: SamplingRequest, command: Sequence[str]) -> None:
        """Write the artefact ``recording``: what is sampled, and on which kernel."""
        sampler = self._sampler
        events = [
            {
                "name": event.name,
                "frequency_hz": request.frequency_hz,
                "period": request.period,
                "ids": sampler.identifiers(event),
            }
            for event in sampler.events
        ]
        description = {
            "encoding": ENCODING,
            "events": events,
            "cpus": sampler.cpus,
            "requested": ",".join(request.events) or "cycles",
            "fallback": sampler.fallback,
            "restriction": sampler.restriction,
            "kernel": sampler.kernel,
            "user_only": not sampler.system,
            "boot_id": _BOOT_ID.read_text().strip(),
            "kernel_release": os.uname().release,
            "kernel_build_id": _kernel_build_id(),
            "command": [printable(word) for word in command],
        }
        self.writer.artefact(self._snapshot, "recording", json.dumps(description).encode())

    def take_snapshot(self) -> None:
        """Write the artefacts ``cgroups`` and ``processes``, draining the rings meanwhile."""
        mount = cgroup_mount()
        cgroups = b"" if mount is None else b"".join(cgroup_entries(mount))
        self.writer.artefact(self._snapshot, "cgroups", cgroups)
        entries = process_entries()
        parts = []
        while some := b"".join(islice(entries, _PROCESSES_BETWEEN_DRAINS)):
            parts.append(some)
            self.drain_all()
        self.writer.artefact(self._snapshot, "processes", b"".join(parts))

    def take_perf_maps(self, since_ns: int) -> None:
        """Write an artefact for each perf map of the processes since then (CLOCK_REALTIME)."""
        for name, text in perf_maps(since_ns=since_ns):
            self.writer.artefact(self._snapshot, name, text)

    def drain(self, ring: Ring) -> None:
        """Append what a ring holds, in one frame and without looking at it."""
        parts = ring.unread()
        if parts:
            self.writer.samples(self._profile, (self._heads[ring.cpu], *parts))
            ring.consume(sum(map(len, parts)))

    def drain_all(self) -> None:
        """Append what the rings hold."""
        for ring in self._sampler.rings.values():
            self.drain(ring)

    def tick(self, idle: IdleTimes) -> None:
        """Append what is due once a second: all samples, idle times, and how much was lost."""
        self.drain_all()
        now_ns = self._clock.monotonic_ns()
        for cpu, seconds in idle.read().items():
            channel = self._idle.get(cpu)
            if channel is not None:
                self.writer.series(channel, ((now_ns, seconds),))
        lost = self._sampler.lost() - self._lost_before
        if lost > self.lost:
            self.event("lost", records=lost - self.lost)
            self.lost = lost

    def event(self, name: str, **fields: FieldValue) -> None:
        """Append an event that happens now."""
        self.writer.event(self._events, self._clock.monotonic_ns(), name, fields)


def _kernel_build_id() -> str:
    """Return the running kernel's build-id in hexadecimal, "" where it does not say."""
    try:
        notes = _NOTES.read_bytes()
    except OSError:
        return ""
    offset = 0
    while offset + _NOTE.size <= len(notes):
        name_bytes, value_bytes, kind = _NOTE.unpack_from(notes, offset)
        name = offset + _NOTE.size
        value = name + (name_bytes + 3 & ~3)
        if kind == _NT_GNU_BUILD_ID and notes[name : name + name_bytes] == b"GNU\0":
            return notes[value : value + value_bytes].hex()
        offset = value + (value_bytes + 3 & ~3)
    return ""
