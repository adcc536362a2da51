"""What the live profile says of one moment, as pages, API and metrics take it."""

from typing import Literal

import msgspec

from riostat.console.schema import Slots

__all__ = [
    "HISTORY_S",
    "WINDOW_S",
    "Glance",
    "LiveDomain",
    "LiveProcess",
    "LiveState",
    "LiveSymbol",
    "Moment",
    "RecorderUse",
]

WINDOW_S = 10
HISTORY_S = 120


class LiveDomain(msgspec.Struct, frozen=True, kw_only=True):
    """One domain: `share` of the samples, `cpu` of all CPU time."""

    name: str
    kind: str
    samples: int
    share: float
    cpu: float


class LiveProcess(msgspec.Struct, frozen=True, kw_only=True):
    """One process: `share` of the samples, `cpu` of all CPU time."""

    domain: str
    kind: str
    process: str
    pid: int
    samples: int
    share: float
    cpu: float


class LiveSymbol(msgspec.Struct, frozen=True, kw_only=True):
    """One function of one process: `share` of the samples, `cpu` of all CPU time."""

    domain: str
    kind: str
    process: str
    module: str
    symbol: str
    samples: int
    share: float
    cpu: float


class RecorderUse(msgspec.Struct, frozen=True, kw_only=True):
    """What the recorder costs; `cpu` in CPU seconds a second, `bytes` is what its run takes."""

    pid: int
    cpu: float
    cpu_seconds: float
    memory_bytes: int
    bytes: int


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One second: which fraction of all CPU time was busy, and with which domains."""

    time_s: float
    busy: float
    domains: dict[str, float]


class Glance(msgspec.Struct, frozen=True, kw_only=True):
    """A part in one figure.

    `state` is ``running``, ``starting``, ``failed`` or ``absent``; of what does not run it is
    ``ready`` or ``empty``.
    """

    name: str
    title: str
    state: str
    figure: str
    note: str
    href: str


class LiveState(msgspec.Struct, frozen=True, kw_only=True):
    """The last `window_s` seconds of the rolling run; `dropped` is what this listener missed."""

    time: str = ""
    state: Literal["recording", "starting", "stopped", "failed", "absent"] = "absent"
    reason: str | None = None
    run: str | None = None
    event: str = ""
    fallback: str | None = None
    frequency_hz: float = 0.0
    cpus: int = 0
    window_s: float = float(WINDOW_S)
    samples: int = 0
    samples_per_second: float = 0.0
    samples_total: int = 0
    lost: int = 0
    busy: float = 0.0
    idle: float | None = None
    domains: list[LiveDomain] = []
    processes: list[LiveProcess] = []
    symbols: list[LiveSymbol] = []
    recorder: RecorderUse | None = None
    slots: Slots = {}
    parts: list[Glance] = []
    moment: Moment | None = None
    dropped: int = 0
    history: list[Moment] = []
