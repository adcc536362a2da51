"""The Range header (RFC 9110, section 14).

One range of bytes is served. A request for several gets the whole representation, which section
14.2 allows a server to do: S3 does the same, no client of a store needs more, and a header of many
overlapping ranges would make a short request a very long answer.
"""

import re
from dataclasses import dataclass

__all__ = ["ByteRange", "UnsatisfiableRangeError", "requested_range"]

_RANGE = re.compile(
    r"bytes=[ \t]*(?:([0-9]{1,19})-([0-9]{0,19})|-([0-9]{1,19}))[ \t]*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes from `start` up to, and without, `stop`."""

    start: int
    stop: int

    def content_range(self, size: int) -> str:
        """Return the value of the Content-Range header for a representation of `size` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


class UnsatisfiableRangeError(ValueError):
    """No byte of the representation is in the range: the answer is 416."""


def requested_range(header: str | None, size: int) -> ByteRange | None:
    """Return the range that a header asks for, or None where the whole is to be sent.

    A header that is malformed, has another unit or several ranges is ignored, as section 14.2 has
    it. Raises `UnsatisfiableRangeError` where the range begins after the last byte.
    """
    match = _RANGE.fullmatch(header) if header is not None else None
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        if int(suffix) == 0:
            raise UnsatisfiableRangeError
        return ByteRange(max(size - int(suffix), 0), size) if size else None
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise UnsatisfiableRangeError
    return ByteRange(start, min(int(last) + 1, size) if last else size)
