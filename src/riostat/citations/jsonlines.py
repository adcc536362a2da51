"""Statements as other programs give them: a JSON object a line.

Lines come from anywhere, so each is checked by itself and a bad one costs only itself. Nothing is
held back: what has arrived is answered before more is awaited.
"""

from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from riostat.citations.modelfile import LABELS

__all__ = ["MAX_LINE", "BadLine", "LabelledLine", "Line", "LineReader"]

MAX_LINE: Final = 1 << 20
"""A longer line, in bytes, is refused unread."""

_CHUNK: Final = 1 << 16
_MAX_OTHERS: Final = 1000


class Line(msgspec.Struct, frozen=True):
    """A statement to classify; `sentence[start:end]` is the target's marker, in code points."""

    id: str | int
    sentence: str
    start: int | None = None
    end: int | None = None
    previous: str | None = None
    next: str | None = None
    section: str | None = None
    others: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        """Refuse offsets that mark nothing."""
        if (self.start is None) != (self.end is None):
            raise ValueError("one of `start` and `end` is missing")
        if self.start is not None and self.end is not None:
            length = len(self.sentence)
            if not 0 <= self.start < self.end <= length:
                raise ValueError(
                    f"{self.start}..{self.end} marks nothing in a sentence of {length} characters"
                )
        if len(self.others) > _MAX_OTHERS:
            raise ValueError(f"`others` has more than {_MAX_OTHERS} markers")


class LabelledLine(Line, frozen=True):
    """A statement with its label, and perhaps its document and what it stands for."""

    label: str = ""
    document: str | int | None = None
    weight: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        super().__post_init__()
        if self.label not in LABELS:
            raise ValueError(f"`label` is none of {', '.join(LABELS)}")
        if self.weight is not None and not 0 < self.weight < 1e12:
            raise ValueError("`weight` is not a number above 0")


class BadLine(msgspec.Struct, frozen=True):
    """A line that is no statement, by its number from 1, and why."""

    number: int
    reason: str


class _Readable(Protocol):
    def read1(self, size: int = ..., /) -> bytes: ...


class LineReader:
    """Takes a stream apart into lists of statements and of bad lines, as they arrive."""

    def __init__(self, stream: _Readable, kind: type[Line] = Line) -> None:
        self._stream = stream
        self._decoder = msgspec.json.Decoder(kind)
        self._rest = b""
        self._number = 0
        self._skipping = False

    def __iter__(self) -> Iterator[list[Line | BadLine]]:
        while chunk := self._stream.read1(_CHUNK):
            yield self._taken(chunk)
        if self._rest or self._skipping:
            yield self._taken(b"\n")

    def _taken(self, chunk: bytes) -> list[Line | BadLine]:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        found = [parsed for line in lines if (parsed := self._parsed(line)) is not None]
        if len(self._rest) > MAX_LINE:
            self._rest, self._skipping = b"", True
        return found

    def _parsed(self, line: bytes) -> Line | BadLine | None:
        self._number += 1
        if self._skipping or len(line) > MAX_LINE:
            self._skipping = False
            return BadLine(self._number, f"it is longer than {MAX_LINE} bytes")
        if not line.strip():
            return None
        try:
            return self._decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return BadLine(self._number, str(error))
