"""The sampler: the open events of a recording, and one ring per CPU."""

from collections.abc import Sequence

from riostat.profiler.perf_event import EventType, PerfEvent
from riostat.profiler.ring import Ring

__all__ = ["Sampler"]


class Sampler:
    """Open events and one ring per CPU.

    `events` are those sampled, in order; `fallback` says why one of them is not what was asked
    for; `system` is False where only tasks of this user are sampled, and `kernel` is False where
    the kernel's code is not; `restriction` says so in a sentence. `cpus` are those with a ring.
    """

    def __init__(self, events: Sequence[EventType], fallback: str | None) -> None:
        self.events = tuple(events)
        self.fallback = fallback
        self.restriction: str | None = None
        self.system = True
        self.kernel = True
        self.rings: dict[int, Ring] = {}
        self.cpus: tuple[int, ...] = ()
        self._owners: dict[int, PerfEvent] = {}
        self._open: list[tuple[EventType, PerfEvent]] = []

    @property
    def empty(self) -> bool:
        """Whether no event is open."""
        return not self._open

    def add_ring(self, cpu: int, owner: PerfEvent, ring: Ring) -> None:
        """Take the ring of a CPU and the event that holds it."""
        self._owners[cpu] = owner
        self.rings[cpu] = ring
        self.cpus = tuple(self.rings)

    def add_event(self, kind: EventType, event: PerfEvent) -> None:
        """Take an event; its samples go into the ring of its CPU."""
        self._open.append((kind, event))
        owner = self._owners[event.cpu]
        if event is not owner:
            event.redirect(owner)

    def descriptors(self) -> dict[int, Ring]:
        """Return the rings by the descriptor that becomes readable at the watermark."""
        return {owner.descriptor: self.rings[cpu] for cpu, owner in self._owners.items()}

    def identifiers(self, event: EventType) -> dict[int, int]:
        """Return the CPU of each identifier that marks a sample as one of `event`."""
        return {open_.id: open_.cpu for kind, open_ in self._open if kind is event}

    def enable(self) -> None:
        """Start sampling."""
        for _, event in self._open:
            event.enable()

    def disable(self) -> None:
        """Stop sampling; what is in the rings stays there."""
        for _, event in self._open:
            event.disable()

    def discard(self) -> None:
        """Drop what the rings hold."""
        for ring in self.rings.values():
            ring.consume(sum(map(len, ring.unread())))

    def lost(self) -> int:
        """Return how many records found no room, as far as the kernel counts them."""
        return sum(event.lost() for _, event in self._open)

    def close(self) -> None:
        """Close all events and unmap all rings."""
        for ring in self.rings.values():
            ring.close()
        self.rings.clear()
        for _, event in self._open:
            event.close()
        for owner in self._owners.values():
            owner.close()
        self._open.clear()
        self._owners.clear()
