"""How the store stands: its counters, and the rates that two answers of its server give."""

from collections import deque
from pathlib import Path
from typing import TypeAlias

import msgspec

from riostat.console.parts.delays import DelayPicture, delay_picture
from riostat.console.parts.switchstate import HISTORY_S, PartState, Problem
from riostat.core.errors import StoreError
from riostat.store.serverstatus import ServedDisk, ServerStatus, read_status

__all__ = ["DiskView", "StoreMoment", "StoreSight", "StoreView"]


class DiskView(msgspec.Struct, frozen=True, kw_only=True):
    """One disk; `utilisation` is the fraction of the last second in which it was busy.

    `bytes` came from it or went to it since the server began, `bps` of them a second now;
    `bandwidth_bps` is how many it can do, 0 where that is not known.
    """

    name: str
    path: str
    state: str
    capacity_bytes: int
    used_bytes: int
    bandwidth_bps: int
    queue: int
    bytes: int
    bps: float
    utilisation: float


class StoreMoment(msgspec.Struct, frozen=True, kw_only=True):
    """One second: bytes from and to the disks, and to clients; the clock is CLOCK_MONOTONIC."""

    time_s: float
    disks_bps: float
    sent_bps: float


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """The store's server at one moment, with the seconds before it.

    `reason` says in a sentence why it does not run. Rates are of bytes a second. Delays are of
    blocks, from the moment that one was asked for; `late` are those beyond `bound_s`.
    """

    state: PartState = "absent"
    reason: str | None = None
    address: str = ""
    running_s: float = 0.0
    block_bytes: int = 0
    replication: float = 0.0
    objects: int = 0
    buckets: int = 0
    requests: int = 0
    requests_per_second: float = 0.0
    connections: int = 0
    disks: list[DiskView] = []
    disks_bps: float = 0.0
    sent_bytes: int = 0
    sent_bps: float = 0.0
    received_bytes: int = 0
    received_bps: float = 0.0
    blocks: int = 0
    late: int = 0
    bound_s: float = 0.0
    quantiles_s: dict[str, float] = {}
    delays: DelayPicture | None = None
    history: list[StoreMoment] = []


_Disks: TypeAlias = dict[str, ServedDisk]


class StoreSight:
    """Looks at the server of the store in a directory again and again.

    `problem` says why a server that somebody here keeps running does not run; it is None where
    nobody keeps one.
    """

    def __init__(self, root: Path, problem: Problem | None) -> None:
        self._root = root
        self._problem = problem
        self._before: ServerStatus | None = None
        self._rates: StoreView = StoreView()
        self._history: deque[StoreMoment] = deque(maxlen=HISTORY_S)

    def look(self) -> StoreView:
        """Return how the store's server stands now."""
        try:
            status = read_status(self._root)
        except StoreError as error:
            return StoreView(state="failed", reason=str(error), history=list(self._history))
        if status is None:
            self._before = None
            return self._without(self._problem)
        if self._before is not None and status.time_ns == self._before.time_ns:
            return self._rates  # it says how it stands once a second, on a clock of its own
        view = _viewed(status, self._before)
        self._before = status
        moment = StoreMoment(
            time_s=round(status.time_ns / 1e9, 3), disks_bps=view.disks_bps, sent_bps=view.sent_bps
        )
        self._history.append(moment)
        self._rates = msgspec.structs.replace(view, history=list(self._history))
        return self._rates

    def _without(self, problem: Problem | None) -> StoreView:
        history = list(self._history)
        if problem is None:
            return StoreView(history=history)
        reason = problem()
        state: PartState = "starting" if reason is None else "failed"
        return StoreView(state=state, reason=reason, history=history)


def _viewed(status: ServerStatus, before: ServerStatus | None) -> StoreView:
    earlier: _Disks = {}
    seconds = 0.0
    if before is not None and before.started_ns == status.started_ns:
        earlier = {disk.name: disk for disk in before.disks}
        seconds = (status.time_ns - before.time_ns) / 1e9

    def rate(now: int, then: int) -> float:
        return round(max(now - then, 0) / seconds, 2) if seconds > 0 else 0.0

    last = status if before is None else before
    disks = [_disk(disk, earlier.get(disk.name), seconds) for disk in status.disks]
    delay = status.delay
    return StoreView(
        state="running",
        address=status.address,
        running_s=round((status.time_ns - status.started_ns) / 1e9, 3),
        block_bytes=status.block_bytes,
        replication=status.replication,
        objects=status.objects,
        buckets=status.buckets,
        requests=status.requests,
        requests_per_second=rate(status.requests, last.requests),
        connections=status.connections,
        disks=disks,
        disks_bps=round(sum(disk.bps for disk in disks), 1),
        sent_bytes=status.sent_bytes,
        sent_bps=rate(status.sent_bytes, last.sent_bytes),
        received_bytes=status.received_bytes,
        received_bps=rate(status.received_bytes, last.received_bytes),
        blocks=delay.blocks,
        late=delay.late,
        bound_s=delay.bound_ns / 1e9,
        quantiles_s={
            "p50": delay.p50_ns / 1e9,
            "p99": delay.p99_ns / 1e9,
            "p999": delay.p999_ns / 1e9,
            "max": delay.max_ns / 1e9,
        },
        delays=delay_picture(delay.buckets, delay.bound_ns) if delay.blocks else None,
    )


def _disk(disk: ServedDisk, before: ServedDisk | None, seconds: float) -> DiskView:
    moved = busy_ns = 0
    if before is not None and seconds > 0:
        moved = max(disk.bytes - before.bytes, 0)
        busy_ns = max(disk.busy_ns - before.busy_ns, 0)
    return DiskView(
        name=disk.name,
        path=disk.path,
        state=disk.state,
        capacity_bytes=disk.capacity_bytes,
        used_bytes=disk.used_bytes,
        bandwidth_bps=disk.bandwidth_bps,
        queue=disk.queue,
        bytes=disk.bytes,
        bps=round(moved / (seconds or 1.0), 1),
        utilisation=round(min(busy_ns / 1e9 / (seconds or 1.0), 1.0), 4),
    )
