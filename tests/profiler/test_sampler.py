"""A sampler with events of this process on one CPU."""

import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.profiler.events import find_event
from riostat.profiler.opening import online_cpus
from riostat.profiler.perf_event import EventType, Sampling, open_event
from riostat.profiler.ring import PAGE_BYTES, Ring
from riostat.profiler.sampler import Sampler

FAULTS = find_event("page-faults")
EVERY = Sampling(frequency_hz=None, period=1, wakeup_bytes=64, kernel=False)
DUMMY = EventType("dummy", 1, 9)


@pytest.fixture
def sampler() -> Iterator[Sampler]:
    """Every page fault of this process on one CPU, which it is bound to."""
    before = os.sched_getaffinity(0)
    cpu = min(before)
    os.sched_setaffinity(0, {cpu})
    sampler = Sampler([FAULTS], None)
    owner = open_event(DUMMY, EVERY, pid=0, cpu=cpu)
    sampler.add_ring(cpu, owner, Ring(owner.descriptor, cpu=cpu, data_bytes=2 * PAGE_BYTES))
    assert sampler.empty
    sampler.add_event(FAULTS, open_event(FAULTS, EVERY, pid=0, cpu=cpu))
    yield sampler
    sampler.close()
    os.sched_setaffinity(0, before)


def fault(count: int) -> None:
    with mmap.mmap(-1, count * PAGE_BYTES) as memory:
        memory.madvise(mmap.MADV_NOHUGEPAGE)
        memory.write(b"x" * len(memory))


def unread(sampler: Sampler) -> int:
    return sum(len(part) for ring in sampler.rings.values() for part in ring.unread())


def test_samples_of_a_redirected_event_land_in_the_ring(sampler: Sampler) -> None:
    (cpu,) = sampler.cpus
    assert not sampler.empty
    assert list(sampler.identifiers(FAULTS).values()) == [cpu]
    fault(4)
    assert unread(sampler) == 0
    sampler.enable()
    fault(4)
    sampler.disable()
    assert unread(sampler) >= 4 * 64
    sampler.discard()
    fault(4)
    assert unread(sampler) == 0
    assert sampler.lost() == 0


def test_what_finds_no_room_is_counted(sampler: Sampler) -> None:
    sampler.enable()
    fault(1000)
    sampler.disable()
    held = sum(1 for ring in sampler.rings.values() for _ in ring.unread())
    assert held > 0
    assert sampler.lost() >= 1000 - 2 * PAGE_BYTES // 64


def test_a_closed_sampler_keeps_its_cpus_and_nothing_else(sampler: Sampler) -> None:
    cpus = sampler.cpus
    before = set(Path("/proc/self/fd").iterdir())
    sampler.close()
    after = set(Path("/proc/self/fd").iterdir())
    assert len(before - after) == 3  # two events and the mapping's own
    assert sampler.cpus == cpus
    assert set(cpus) <= set(online_cpus())
    assert sampler.empty
