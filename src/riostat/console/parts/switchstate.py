"""How the switch stands: its counters, and the rates that two answers of it give."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from riostat.core.errors import SwitchError
from riostat.switch.control import read_status
from riostat.switch.status import Direction, Grants, PortStatus, SwitchStatus, Worker

__all__ = [
    "HISTORY_S",
    "Flow",
    "PartState",
    "PortView",
    "Problem",
    "SwitchMoment",
    "SwitchSight",
    "SwitchView",
]

HISTORY_S = 120

PartState: TypeAlias = Literal["running", "starting", "failed", "absent"]
Problem: TypeAlias = Callable[[], str | None]


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One direction of a port: frames and bytes since it began, and how many a second now."""

    frames: int
    bytes: int
    frames_per_second: float
    bits_per_second: float


class PortView(msgspec.Struct, frozen=True, kw_only=True):
    """One port; `rx` came from its guest, `tx` went to it, `drops` are by reason."""

    name: str
    kind: str
    role: str
    place: str
    state: str
    reason: str
    policy: str
    pid: int
    worker: int
    own_worker: bool
    queues: int
    rx: Flow
    tx: Flow
    drops: dict[str, int]
    dropped: int
    flooded: int
    grants: Grants


class SwitchMoment(msgspec.Struct, frozen=True, kw_only=True):
    """One second: what was delivered to all ports; the clock is CLOCK_MONOTONIC."""

    time_s: float
    frames_per_second: float
    bits_per_second: float


class SwitchView(msgspec.Struct, frozen=True, kw_only=True):
    """The switch at one moment, with the seconds before it.

    `reason` says in a sentence why it does not run. Totals are of what all ports were given (tx).
    """

    state: PartState = "absent"
    reason: str | None = None
    queues: str = ""
    running_s: float = 0.0
    workers: list[Worker] = []
    ports: list[PortView] = []
    frames_per_second: float = 0.0
    bits_per_second: float = 0.0
    dropped: int = 0
    drops: dict[str, int] = {}
    history: list[SwitchMoment] = []


class SwitchSight:
    """Looks at the switch behind a control socket again and again.

    `problem` says why a switch that somebody here keeps running does not run; it is None where
    nobody keeps one.
    """

    def __init__(self, control: Path, problem: Problem | None) -> None:
        self._control = control
        self._problem = problem
        self._before: SwitchStatus | None = None
        self._history: deque[SwitchMoment] = deque(maxlen=HISTORY_S)

    def look(self) -> SwitchView:
        """Return how the switch stands now."""
        try:
            status = read_status(self._control)
        except SwitchError as error:
            return SwitchView(state="failed", reason=str(error), history=list(self._history))
        if status is None:
            self._before = None
            return self._without(self._problem)
        view = _viewed(status, self._before)
        self._before = status
        self._history.append(
            SwitchMoment(
                time_s=round(status.time_ns / 1e9, 3),
                frames_per_second=view.frames_per_second,
                bits_per_second=view.bits_per_second,
            )
        )
        return msgspec.structs.replace(view, history=list(self._history))

    def _without(self, problem: Problem | None) -> SwitchView:
        history = list(self._history)
        if problem is None:
            return SwitchView(history=history)
        reason = problem()
        state: PartState = "starting" if reason is None else "failed"
        return SwitchView(state=state, reason=reason, history=history)


def _viewed(status: SwitchStatus, before: SwitchStatus | None) -> SwitchView:
    earlier: dict[str, PortStatus] = {}
    seconds = 0.0
    if before is not None and before.started_ns == status.started_ns:
        earlier = {port.name: port for port in before.ports}
        seconds = (status.time_ns - before.time_ns) / 1e9
    ports = [_port(port, earlier.get(port.name), seconds) for port in status.ports]
    drops = _summed(port.drops for port in ports)
    return SwitchView(
        state="running",
        queues=status.queues,
        running_s=round((status.time_ns - status.started_ns) / 1e9, 3),
        workers=list(status.workers),
        ports=ports,
        frames_per_second=round(sum(port.tx.frames_per_second for port in ports), 1),
        bits_per_second=round(sum(port.tx.bits_per_second for port in ports), 1),
        dropped=sum(drops.values()),
        drops=drops,
    )


def _port(port: PortStatus, before: PortStatus | None, seconds: float) -> PortView:
    return PortView(
        name=port.name,
        kind=port.kind,
        role=port.role,
        place=port.place,
        state=port.state,
        reason=port.reason,
        policy=port.policy,
        pid=port.pid,
        worker=port.worker,
        own_worker=port.own_worker,
        queues=port.queues,
        rx=_flow(port.rx, None if before is None else before.rx, seconds),
        tx=_flow(port.tx, None if before is None else before.tx, seconds),
        drops=port.drops,
        dropped=sum(port.drops.values()),
        flooded=port.flooded,
        grants=port.grants,
    )


def _flow(now: Direction, before: Direction | None, seconds: float) -> Flow:
    """Return counts with their rates; a port that was attached anew counts from zero again."""
    frames = bits = 0.0
    if before is not None and seconds > 0 and now.frames >= before.frames:
        frames = (now.frames - before.frames) / seconds
        bits = 8 * max(now.bytes - before.bytes, 0) / seconds
    return Flow(
        frames=now.frames,
        bytes=now.bytes,
        frames_per_second=round(frames, 1),
        bits_per_second=round(bits, 1),
    )


def _summed(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total.most_common())
