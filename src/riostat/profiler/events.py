"""The events that can be sampled, by name."""

import re

from riostat.core.errors import SamplingError
from riostat.core.text import printable
from riostat.profiler.perf_event import EventType

__all__ = ["CPU_CLOCK", "CYCLES", "EVENT_NAMES", "find_event"]

_HARDWARE = 0
_SOFTWARE = 1
_CACHE = 3
_RAW = 4
_CACHE_READ_MISS = 1 << 16
_RAW_NAME = re.compile(r"r([0-9a-fA-F]{1,16})")

CPU_CLOCK = EventType("cpu-clock", _SOFTWARE, 0)
CYCLES = EventType("cycles", _HARDWARE, 0)

_EVENTS = {
    event.name: event
    for event in (
        CPU_CLOCK,
        CYCLES,
        EventType("task-clock", _SOFTWARE, 1),
        EventType("page-faults", _SOFTWARE, 2),
        EventType("context-switches", _SOFTWARE, 3),
        EventType("cpu-migrations", _SOFTWARE, 4),
        EventType("instructions", _HARDWARE, 1),
        EventType("cache-references", _HARDWARE, 2),
        EventType("cache-misses", _HARDWARE, 3),
        EventType("branch-misses", _HARDWARE, 5),
        EventType("dTLB-load-misses", _CACHE, 3 | _CACHE_READ_MISS),
        EventType("iTLB-load-misses", _CACHE, 4 | _CACHE_READ_MISS),
    )
}
EVENT_NAMES = tuple(_EVENTS)


def find_event(name: str) -> EventType:
    """Return the event of that name, or the raw event that ``rHEX`` names.

    Raises `SamplingError` for a name that is no event.
    """
    known = _EVENTS.get(name)
    if known is not None:
        return known
    raw = _RAW_NAME.fullmatch(name)
    if raw is None:
        raise SamplingError(
            f"There is no event {printable(name)!r}; the events are {', '.join(EVENT_NAMES)} and "
            "rHEX, a raw event of the processor."
        )
    return EventType(name, _RAW, int(raw[1], 16))
