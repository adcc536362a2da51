"""Channels: what a run records, and how each kind of channel lies in the payload of a frame.

Declarations, events and openings are JSON, because they are few; points of a series and
histograms are binary. Reading assumes nothing: a payload that is not what its kind says raises
`RunFormatError`.
"""

import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from riostat.core.errors import RunFormatError
from riostat.core.frames import BytesLike
from riostat.core.text import printable

__all__ = [
    "ChannelDeclaration",
    "ChannelKind",
    "Event",
    "FieldValue",
    "decode_artefact",
    "decode_declaration",
    "decode_event",
    "decode_histogram",
    "decode_object",
    "decode_points",
    "encode_artefact",
    "encode_event",
    "encode_histogram",
    "encode_object",
    "encode_points",
]

FieldValue: TypeAlias = str | int | float

_POINT = struct.Struct("<Qd")
_TIME = struct.Struct("<Q")
_NAME_LENGTH = struct.Struct("<HI")


class ChannelKind(StrEnum):
    """What the frames of a channel hold."""

    SAMPLES = "samples"
    SERIES = "series"
    HISTOGRAM = "histogram"
    EVENT = "event"
    ARTEFACT = "artefact"


@dataclass(frozen=True, slots=True)
class ChannelDeclaration:
    """What a channel is: its values have `unit`, its samples are encoded as `encoding` says."""

    name: str
    kind: ChannelKind
    unit: str = ""
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one moment, with the facts that belong to it."""

    time_ns: int
    name: str
    fields: Mapping[str, FieldValue]


def encode_object(value: Mapping[str, object]) -> bytes:
    """Return a JSON object as it stands in opening, channel and event frames."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "backslashreplace"
    )


def decode_object(payload: BytesLike) -> dict[str, object]:
    """Return the JSON object of a payload, or raise RunFormatError."""
    try:
        value = json.loads(bytes(payload))
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise RunFormatError(
            "A frame that must hold a JSON object holds something else; the file is foreign."
        )
    return value


def decode_declaration(payload: BytesLike) -> ChannelDeclaration:
    """Return the channel that a CHANNEL frame declares."""
    value = decode_object(payload)
    name, kind = value.get("name"), value.get("kind")
    unit, encoding = value.get("unit", ""), value.get("encoding", "")
    if (
        isinstance(name, str)
        and isinstance(unit, str)
        and isinstance(encoding, str)
        and kind in ChannelKind.__members__.values()
        and 0 < len(name) <= 200
    ):
        return ChannelDeclaration(
            printable(name), ChannelKind(str(kind)), printable(unit), printable(encoding)
        )
    raise RunFormatError(
        "A channel is declared without a usable name or kind; the file is foreign."
    )


def encode_points(points: Iterable[tuple[int, float]]) -> bytes:
    """Return (time in ns, value) pairs as 16 bytes each: u64, f64."""
    return b"".join(_POINT.pack(time_ns, value) for time_ns, value in points)


def decode_points(payload: BytesLike) -> Iterator[tuple[int, float]]:
    """Yield the (time in ns, value) pairs of a SERIES frame; a torn last pair is left out."""
    whole = len(payload) - len(payload) % _POINT.size
    return _POINT.iter_unpack(memoryview(payload)[:whole])


def encode_event(time_ns: int, name: str, fields: Mapping[str, FieldValue]) -> bytes:
    """Return the payload of an EVENT frame."""
    return encode_object({"t": time_ns, "name": name, "fields": fields})


def decode_event(payload: BytesLike) -> Event:
    """Return the event of an EVENT frame, its text made printable."""
    value = decode_object(payload)
    time_ns, name, fields = value.get("t"), value.get("name"), value.get("fields")
    if not (
        isinstance(time_ns, int)
        and 0 <= time_ns < 1 << 64
        and isinstance(name, str)
        and isinstance(fields, dict)
    ):
        raise RunFormatError("An event lacks a time, a name or its fields; the file is foreign.")
    return Event(time_ns, printable(name), {printable(k): _field(v) for k, v in fields.items()})


def _field(value: object) -> FieldValue:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return printable(str(value))


def encode_histogram(time_ns: int, encoded: bytes) -> bytes:
    """Return the payload of a HISTOGRAM frame: u64 time, then the histogram's own encoding."""
    return _TIME.pack(time_ns) + encoded


def decode_histogram(payload: BytesLike) -> tuple[int, bytes]:
    """Return the time in ns and the encoded histogram of a HISTOGRAM frame."""
    if len(payload) < _TIME.size:
        raise RunFormatError(
            "A histogram is shorter than its time; the file is damaged or foreign."
        )
    return _TIME.unpack_from(payload)[0], bytes(payload[_TIME.size :])


def encode_artefact(name: str, part: int) -> bytes:
    """Return what goes before the bytes of one part of an artefact: name length, part, name."""
    encoded = name.encode()
    return _NAME_LENGTH.pack(len(encoded), part) + encoded


def decode_artefact(payload: memoryview) -> tuple[str, int, memoryview]:
    """Return the name of an artefact, the number of this part, and the part's bytes."""
    if len(payload) >= _NAME_LENGTH.size:
        length, part = _NAME_LENGTH.unpack_from(payload)
        end = _NAME_LENGTH.size + length
        if length <= 200 and end <= len(payload):
            name = printable(bytes(payload[_NAME_LENGTH.size : end]))
            return name, part, payload[end:]
    raise RunFormatError("An artefact has no usable name; the file is damaged or foreign.")
