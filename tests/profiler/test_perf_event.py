"""perf_event_open, asked for events of this very process."""

import errno
import mmap
import os

import pytest

from riostat.profiler.events import CPU_CLOCK, find_event
from riostat.profiler.perf_event import EventType, Sampling, open_event

PLAIN = Sampling(frequency_hz=None, period=1 << 40, wakeup_bytes=4096, kernel=False)
FAULTS = find_event("page-faults")


def test_an_event_has_an_identifier_of_its_own() -> None:
    first = open_event(CPU_CLOCK, PLAIN, pid=0, cpu=-1)
    second = open_event(CPU_CLOCK, PLAIN, pid=0, cpu=-1)
    assert first.id != second.id
    first.close()
    first.close()
    second.close()


def touch() -> None:
    """Fault in four mebibytes, by small pages or large ones."""
    with mmap.mmap(-1, 1 << 22) as memory:
        memory.write(b"x" * (1 << 22))


def test_an_event_counts_only_while_it_is_enabled() -> None:
    event = open_event(FAULTS, PLAIN, pid=0, cpu=-1)

    def count() -> int:
        return int.from_bytes(os.read(event.descriptor, 24)[:8], "little")

    touch()
    assert count() == 0
    event.enable()
    touch()
    counted = count()
    assert counted >= 2
    event.disable()
    before = count()
    touch()
    assert count() == before
    assert event.lost() == 0
    event.close()


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENOENT)) as refused:
        open_event(EventType("none", 0x7FFFFFFF, 0), PLAIN, pid=0, cpu=-1)
    assert refused.value.errno == errno.ENOENT


def test_a_task_that_is_not_there_is_refused() -> None:
    with pytest.raises(ProcessLookupError):
        open_event(CPU_CLOCK, PLAIN, pid=(1 << 22) + 1, cpu=-1)
