"""How a switch stands: what `riostat switch status` shows and the control socket carries."""

from typing import Any

import msgspec

from riostat.switch.ports import Policy, PortCounters, PortKind, PortState

__all__ = ["Direction", "Grants", "PortStatus", "SwitchStatus", "Worker", "count_port"]


class Direction(msgspec.Struct, frozen=True):
    """What went one way since the switch began; bytes are those of frames, without headers."""

    frames: int
    bytes: int


class Grants(msgspec.Struct, frozen=True):
    """What the policy of a port did; see `riostat.switch.ports.GrantCounters`."""

    live: int
    mapped: int
    reused: int
    revoked: int
    copied: int


class PortStatus(msgspec.Struct, frozen=True):
    """One port. `rx` came from its guest, `tx` went to it; `queues` are pairs of rings.

    `role` is ``guest`` or ``uplink``, `place` the path of a socket or the name of a device.
    `state` is ``waiting`` (for a guest), ``attached``, ``running`` or ``broken``, where `reason`
    says why. `pid` is the process that speaks for the guest, 0 where there is none, and `worker`
    the index of the one that serves it, -1 where none does.
    """

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
    rx: Direction
    tx: Direction
    drops: dict[str, int]
    flooded: int
    grants: Grants


class Worker(msgspec.Struct, frozen=True):
    """A process that serves ports; `cpu` is -1 where it is not bound to one."""

    index: int
    cpu: int
    pid: int
    state: str


class SwitchStatus(msgspec.Struct, frozen=True, tag="status"):
    """A switch at one moment, `time_ns` on CLOCK_MONOTONIC, and the run that it writes."""

    time_ns: int
    started_ns: int
    run: str
    queues: str
    workers: tuple[Worker, ...]
    ports: tuple[PortStatus, ...]


def count_port(counted: PortCounters | None) -> dict[str, Any]:
    """Return the fields of a `PortStatus` that are counted; None where no guest has ever come."""
    if counted is None:
        counted = PortCounters(
            name="", kind=PortKind.VHOST, policy=Policy.REUSE, state=PortState.ATTACHED, worker=-1
        )
    queues, grants = counted.queues, counted.grants
    return {
        "worker": counted.worker,
        "own_worker": counted.own_worker,
        "rx": Direction(sum(q.rx_frames for q in queues), sum(q.rx_bytes for q in queues)),
        "tx": Direction(sum(q.tx_frames for q in queues), sum(q.tx_bytes for q in queues)),
        "drops": {drop.name.lower(): count for drop, count in counted.drops.items() if count},
        "flooded": counted.flooded,
        "grants": Grants(grants.live, grants.mapped, grants.reused, grants.revoked, grants.copied),
    }
