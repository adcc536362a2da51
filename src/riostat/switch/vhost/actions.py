"""What a vhost-user session asks of whoever owns its socket and the engine."""

from dataclasses import dataclass
from typing import TypeAlias

from riostat.switch.ports import Region

__all__ = [
    "Action",
    "Discard",
    "Reply",
    "ReplyBase",
    "SetCall",
    "SetMemory",
    "StartRing",
    "StopRing",
]


@dataclass(frozen=True, slots=True)
class SetMemory:
    """The guest's memory is now these regions."""

    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class StartRing:
    """The ring is to be served; `Session.ring` describes it."""

    index: int


@dataclass(frozen=True, slots=True)
class SetCall:
    """The ring, which is served, signals this eventfd from now on, or none where it is -1."""

    index: int
    call: int


@dataclass(frozen=True, slots=True)
class StopRing:
    """The ring is no longer to be served; its next index is told to `Session.stopped`."""

    index: int


@dataclass(frozen=True, slots=True)
class Discard:
    """The descriptors are no longer needed, now that the actions before have been carried out."""

    descriptors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes for the front end, once the actions before have been carried out."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ReplyBase:
    """The front end is to be told the ring's next index: send `Session.base_reply`."""

    index: int


Action: TypeAlias = SetMemory | StartRing | SetCall | StopRing | Discard | Reply | ReplyBase
