"""Profiles made by hand: each sample says when, where and in which functions it was taken.

Function n lies in a file of its own, ``/bin/fn``, so that names are known without symbols.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from riostat.core.run import Run
from riostat.profiler.profile import Profile
from riostat.profiler.symbols.symbolizer import Symbolizer
from tests.profiler import recorded

__all__ = ["CONTAINER", "FUNCTIONS", "Hit", "function", "hits", "make_profile", "make_run"]

FUNCTIONS = 6
CONTAINER = 7
"""The cgroup of a container."""

_STARTED_NS = 1_000_000_000
_CGROUPS = {1: b"/", CONTAINER: b"/system.slice/docker-" + b"5" * 64 + b".scope"}


@dataclass(frozen=True, slots=True)
class Hit:
    """A sample, in seconds from the start; `stack` are functions, the innermost first."""

    time_s: float
    stack: Sequence[int] = (0,)
    pid: int = 1
    weight: int = 250_000
    cgroup: int = 1
    cpu: int = 0


def function(number: int) -> str:
    """The name under which a function is reported."""
    return f"f{number} [unknown]"


def hits() -> st.SearchStrategy[list[Hit]]:
    """Samples of a second."""
    hit = st.builds(
        Hit,
        time_s=st.floats(0, 0.999),
        stack=st.lists(st.integers(0, FUNCTIONS - 1), min_size=1, max_size=6).map(tuple),
        pid=st.integers(1, 3),
        weight=st.integers(1, 1 << 40),
        cgroup=st.sampled_from([1, CONTAINER]),
        cpu=st.integers(0, 1),
    )
    return st.lists(hit, max_size=40)


def make_run(
    root: Path,
    samples: Iterable[Hit],
    *,
    names: Sequence[bytes] = (b"a", b"b", b"c"),
    seconds: float = 1.0,
    idle_s: float = 0.5,
    lost: int = 0,
    event: str = "cpu-clock",
    fallback: str | None = None,
) -> Path:
    """Write a run with these samples under `root`, and return its directory."""
    recording = recorded.Recording(root, started_ns=_STARTED_NS)
    maps = b"".join(
        b"%x-%x r-xp 00000000 08:01 %d /bin/f%d\n" % (*_addresses(number), 100 + number, number)
        for number in range(FUNCTIONS)
    )
    described = {
        "name": event,
        "frequency_hz": 4000,
        "period": None,
        "ids": {str(recorded.EVENT_ID): 0},
    }
    recording.file(_STARTED_NS)
    recording.describe(_STARTED_NS, events=[described], cpus=[0, 1], fallback=fallback)
    recording.event(_STARTED_NS, "started")
    recording.idle(_STARTED_NS, 0.0)
    recording.cgroups(_STARTED_NS, _CGROUPS)
    entries = (recorded.process(pid, name, maps=maps) for pid, name in enumerate(names, 1))
    recording.processes(_STARTED_NS, entries)
    ended_ns = _STARTED_NS + round(seconds * 1e9)
    records = [_record(hit) for hit in sorted(samples, key=lambda hit: hit.time_s)]
    if lost:
        records.append(recorded.lost(ended_ns - 1, lost))
    if records:
        recording.samples(ended_ns, recorded.frame(records))
    recording.idle(ended_ns, idle_s)
    recording.event(ended_ns, "stopped", seconds=seconds)
    recording.close()
    return recording.path


def make_profile(
    samples: Iterable[Hit], *, names: Sequence[bytes] = (b"a", b"b", b"c"), event: str = "cpu-clock"
) -> Profile:
    """Return a profile of these samples."""
    with tempfile.TemporaryDirectory() as folder:
        path = make_run(Path(folder), samples, names=names, event=event)
        cache = Path(folder, "cache")
        profile = Profile.load(Run.open(path), symbols=Symbolizer(cache), kernels=cache)
        # Names are looked up when they are asked for, which may be after the folder is gone.
        profile.codes("symbol")
        return profile


def _record(hit: Hit) -> bytes:
    ips = [_addresses(number)[0] + 0x10 for number in hit.stack]
    return recorded.sample(
        _STARTED_NS + round(hit.time_s * 1e9),
        ip=ips[0],
        pid=hit.pid,
        cpu=hit.cpu,
        weight=hit.weight,
        chain=(recorded.USER, *ips),
        cgroup_id=hit.cgroup,
    )


def _addresses(number: int) -> tuple[int, int]:
    start = 0x400000 + 0x1000 * number
    return start, start + 0x1000
