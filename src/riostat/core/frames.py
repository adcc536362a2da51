"""Frames: the checksummed pieces that every file of a run is made of. No I/O happens here.

A file is a sequence of frames and nothing else. A frame is a 32-byte header, little-endian, its
payload, and zeros up to the next multiple of eight:

====== ======== ====================================================================
offset type     field
====== ======== ====================================================================
0      4 bytes  magic, ``RIOF``
4      u8       version, 1
5      u8       kind, a `FrameKind`
6      u16      domain: index of the domain that the frame is about, 0 for the host
8      u16      channel, as declared by an earlier CHANNEL frame of the same file
10     u16      zero
12     u32      sequence: 0 for the first frame of a file, then one more each
16     u64      time_ns: CLOCK_MONOTONIC when the frame was written
24     u32      length of the payload in bytes, at most `MAX_PAYLOAD`
28     u32      CRC-32 of the first 28 bytes and the payload
====== ======== ====================================================================

Whoever reads stops at the first frame that is not whole, so a file cut short by a crash or a full
disk says everything up to there.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

__all__ = [
    "HEADER_SIZE",
    "MAX_PAYLOAD",
    "BytesLike",
    "FrameKind",
    "FrameScanner",
    "RawFrame",
    "encode_header",
    "padding",
]

MAGIC = b"RIOF"
VERSION = 1
HEADER_SIZE = 32
MAX_PAYLOAD = 16 << 20

_FIELDS = struct.Struct("<4sBBHHHIQI")
_CRC = struct.Struct("<I")
_PADDINGS = tuple(bytes(n) for n in range(8))

BytesLike: TypeAlias = bytes | bytearray | memoryview


class FrameKind(IntEnum):
    """What a frame's payload holds."""

    OPENING = 0
    CHANNEL = 1
    SAMPLES = 2
    SERIES = 3
    HISTOGRAM = 4
    EVENT = 5
    ARTEFACT = 6
    CLOSING = 7


_KINDS = tuple(FrameKind)


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One whole frame whose checksum holds."""

    kind: FrameKind
    domain: int
    channel: int
    sequence: int
    time_ns: int
    payload: memoryview


def encode_header(
    kind: FrameKind,
    parts: Sequence[BytesLike],
    *,
    domain: int,
    channel: int,
    sequence: int,
    time_ns: int,
) -> bytes:
    """Return the 32 bytes that go before `parts`; behind them goes `padding` of their length."""
    length = sum(map(len, parts))
    assert length <= MAX_PAYLOAD, length
    fields = _FIELDS.pack(MAGIC, VERSION, kind, domain, channel, 0, sequence, time_ns, length)
    crc = zlib.crc32(fields)
    for part in parts:
        crc = zlib.crc32(part, crc)
    return fields + _CRC.pack(crc)


def padding(length: int) -> bytes:
    """Return the zeros that bring a payload of `length` bytes to a multiple of eight."""
    return _PADDINGS[-length % 8]


class FrameScanner:
    """Walks the frames of one file, and remembers where it stopped and why.

    `offset` is where the next frame begins; `damage` says in a few words why the scan cannot go
    on, and is None while it can: an incomplete last frame is damage only to who knows that
    nothing more will be written. Without `verify` checksums are not looked at, which serves those
    who want to know what is there and read no payload.
    """

    def __init__(self, *, verify: bool = True) -> None:
        self.offset = 0
        self.sequence = 0
        self.damage: str | None = None
        self._verify = verify

    def scan(self, data: memoryview, *, base: int = 0) -> Iterator[RawFrame]:
        """Yield the whole frames from `offset` on; `data` begins at the file's byte `base`."""
        while self.damage is None:
            start = self.offset - base
            if len(data) - start < HEADER_SIZE:
                return
            magic, version, kind, domain, channel, zero, sequence, time_ns, length = (
                _FIELDS.unpack_from(data, start)
            )
            self.damage = self._refusal(magic, version, kind, zero, sequence, length)
            if self.damage is not None:
                return
            begin = start + HEADER_SIZE
            end = begin + length
            if len(data) < end + -length % 8:
                return
            if self._verify and not _checksum_holds(data, start, end):
                self.damage = "a checksum does not hold"
                return
            self.offset += HEADER_SIZE + length + -length % 8
            self.sequence += 1
            yield RawFrame(_KINDS[kind], domain, channel, sequence, time_ns, data[begin:end])

    def _refusal(
        self, magic: bytes, version: int, kind: int, zero: int, sequence: int, length: int
    ) -> str | None:
        if magic != MAGIC:
            return "what stands there is not a frame"
        if version != VERSION:
            return f"a frame has version {version}, this riostat reads {VERSION}"
        if kind >= len(_KINDS) or zero != 0 or length > MAX_PAYLOAD:
            return "a frame has fields that no riostat writes"
        if sequence != self.sequence:
            return f"frame {self.sequence} is missing"
        return None


def _checksum_holds(data: memoryview, start: int, end: int) -> bool:
    crc = zlib.crc32(
        data[start + HEADER_SIZE : end], zlib.crc32(data[start : start + _FIELDS.size])
    )
    return bool(crc == _CRC.unpack_from(data, start + _FIELDS.size)[0])
