"""What each port has carried since the switch began, over all comings and goings of its guest.

The engine counts from zero each time a port is attached; the ledger keeps what it counted before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import zip_longest
from typing import TypeVar

from riostat.switch.engine import Engine
from riostat.switch.ports import (
    Drop,
    GrantCounters,
    PortCounters,
    PortDescription,
    QueueCounters,
)

__all__ = ["Ledger"]

_Counts = TypeVar("_Counts", QueueCounters, GrantCounters)


class Ledger:
    """Attaches ports to an engine and detaches them, and adds up what they carried."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._before: dict[str, PortCounters] = {}

    def attach(self, name: str, port: PortDescription, *, worker: int | None) -> None:
        """Attach a port; raises `SwitchError`."""
        self.engine.attach(name, port, worker=worker)

    def detach(self, name: str) -> None:
        """Detach a port, whose grants are then gone; its counts are kept."""
        counted = self.engine.counters().get(name)
        self.engine.detach(name)
        if counted is not None:
            grants = replace(counted.grants, live=0)
            ended = replace(counted, grants=grants, worker=-1, own_worker=False)
            self._before[name] = _sum(self._before.get(name), ended)

    def forget(self, name: str) -> None:
        """Forget a port that is gone for good."""
        self._before.pop(name, None)

    def counters(self) -> dict[str, PortCounters]:
        """Return what every port has carried, by name, also those with no guest at present."""
        present = self.engine.counters()
        return self._before | {
            name: _sum(self._before.get(name), counted) for name, counted in present.items()
        }


def _sum(before: PortCounters | None, now: PortCounters) -> PortCounters:
    if before is None:
        return now
    queues = [
        _add(a, b) for a, b in zip_longest(before.queues, now.queues, fillvalue=QueueCounters())
    ]
    return replace(
        now,
        queues=queues,
        drops=_add_drops(before.drops, now.drops),
        flooded=before.flooded + now.flooded,
        grants=_add(before.grants, now.grants),
    )


def _add(a: _Counts, b: _Counts) -> _Counts:
    return replace(a, **{f.name: getattr(a, f.name) + getattr(b, f.name) for f in fields(a)})


def _add_drops(a: Mapping[Drop, int], b: Mapping[Drop, int]) -> dict[Drop, int]:
    reasons: Sequence[Drop] = sorted(a.keys() | b.keys())
    return {reason: a.get(reason, 0) + b.get(reason, 0) for reason in reasons}
