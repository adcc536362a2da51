"""Bodies in aws-chunked encoding: signed or unsigned chunks, with or without trailers.

Source: "Signature Calculations for the Authorization Header: Transferring Payload in Multiple
Chunks" and "... Including Trailing Headers" in the Amazon S3 API Reference. Each chunk is
``SIZE[;chunk-signature=HEX]`` CRLF data CRLF; one of size 0 ends them, and trailers may follow.

The decoder does no I/O and keeps no data: what it gives out is not yet known to be signed, so a
caller makes nothing of it visible before `finish` has returned.
"""

import enum
import hashlib
import hmac
import re
from collections.abc import Iterator
from typing import Final

from riostat.store.s3.refusals import S3Error
from riostat.store.s3.signatures import Signed

__all__ = ["STREAMING_FORMS", "ChunkDecoder"]

_SIGNED: Final = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_UNSIGNED: Final = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
STREAMING_FORMS: Final = frozenset({_SIGNED, f"{_SIGNED}-TRAILER", _UNSIGNED})
"""The values of x-amz-content-sha256 whose bodies `ChunkDecoder` reads."""

_LINE_BYTES: Final = 1024
_TRAILERS_MAX: Final = 8
_HEAD = re.compile(rb"([0-9A-Fa-f]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?")
_TRAILER = re.compile(rb"([A-Za-z0-9-]{1,64})[ \t]*:[ \t]*([!-~]{0,256})[ \t]*")
_SIGNATURE_TRAILER = "x-amz-trailer-signature"
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class _State(enum.Enum):
    HEAD = enum.auto()
    DATA = enum.auto()
    DATA_END = enum.auto()
    TRAILERS = enum.auto()
    DONE = enum.auto()


class ChunkDecoder:
    """Takes the body of one request piece by piece, and gives its payload piece by piece.

    `trailers` are there once the body has ended, by name in lower case.
    """

    def __init__(self, signed: Signed) -> None:
        assert signed.payload in STREAMING_FORMS, signed.payload
        self.trailers: dict[str, str] = {}
        self._key = signed.key
        self._checked = signed.payload != _UNSIGNED
        self._has_trailers = signed.payload != _SIGNED
        self._previous = signed.signature
        self._state = _State.HEAD
        self._line = bytearray()
        self._left = 0
        self._claimed = ""
        self._digest = hashlib.sha256()
        self._trailer_lines: list[str] = []

    def feed(self, data: bytes) -> Iterator[memoryview]:
        """Yield the parts of the payload in `data`; raises `S3Error` where it is malformed."""
        view, at = memoryview(data), 0
        while at < len(view):
            if self._state is _State.DATA:
                piece = view[at : at + self._left]
                at += len(piece)
                self._take(piece)
                yield piece
            else:
                end = data.find(b"\n", at)
                stop = len(data) if end < 0 else end + 1
                self._line += view[at:stop]
                at = stop
                if len(self._line) > _LINE_BYTES:
                    raise _malformed("a line of it is too long")
                if end >= 0:
                    line = bytes(self._line).removesuffix(b"\n").removesuffix(b"\r")
                    self._line.clear()
                    self._take_line(line)

    def finish(self) -> None:
        """Say that the body has ended; raises `S3Error` where it is cut off or its end unsigned."""
        signed_trailers = self._checked and self._has_trailers
        if self._state is _State.TRAILERS and not self._line and not signed_trailers:
            self._state = _State.DONE  # some clients leave out the empty line at the end
        if self._state is not _State.DONE:
            raise S3Error("IncompleteBody", "The body ends before its last chunk; send it again.")
        if self._line:
            raise _malformed("something follows its end")

    def _take(self, piece: memoryview) -> None:
        if self._checked:
            self._digest.update(piece)
        self._left -= len(piece)
        if self._left == 0:
            self._state = _State.DATA_END

    def _take_line(self, line: bytes) -> None:
        if self._state is _State.HEAD:
            self._begin_chunk(line)
        elif self._state is _State.DATA_END:
            if line:
                raise _malformed("a chunk is longer than it says")
            self._check_chunk()
            self._state = _State.HEAD
        elif self._state is _State.TRAILERS:
            self._take_trailer(line)
        elif line:
            raise _malformed("something follows its end")

    def _begin_chunk(self, line: bytes) -> None:
        match = _HEAD.fullmatch(line)
        if match is None or (match[2] is not None) != self._checked:
            raise _malformed("a chunk has no usable size and signature")
        self._left = int(match[1], 16)
        self._claimed = match[2].decode() if self._checked else ""
        if self._left:
            self._state = _State.DATA
        else:
            self._check_chunk()
            self._state = _State.TRAILERS

    def _check_chunk(self) -> None:
        if not self._checked:
            return
        expected = self._key.sign(
            "AWS4-HMAC-SHA256-PAYLOAD", self._previous, _EMPTY_SHA256, self._digest.hexdigest()
        )
        self._expect(expected, self._claimed)
        self._digest = hashlib.sha256()

    def _expect(self, expected: str, given: str) -> None:
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise S3Error(
                "SignatureDoesNotMatch", "The signature of a chunk is not that of its data."
            )
        self._previous = expected

    def _take_trailer(self, line: bytes) -> None:
        if not line:
            self._end_trailers()
            return
        match = _TRAILER.fullmatch(line)
        if match is None or not self._has_trailers or len(self.trailers) >= _TRAILERS_MAX:
            raise _malformed("a trailer is not NAME:VALUE, or is not expected")
        name, value = match[1].decode().lower(), match[2].decode()
        if name in self.trailers:
            raise _malformed(f"the trailer {name} stands there twice")
        self.trailers[name] = value
        if name != _SIGNATURE_TRAILER:
            self._trailer_lines.append(f"{name}:{value}\n")

    def _end_trailers(self) -> None:
        given = self.trailers.get(_SIGNATURE_TRAILER)
        if self._checked and self._has_trailers:
            if given is None:
                if self._trailer_lines:
                    return  # an empty line may stand between the trailers and their signature
                raise _malformed("its trailers have no signature")
            text = "".join(self._trailer_lines).encode()
            digest = hashlib.sha256(text).hexdigest()
            self._expect(self._key.sign("AWS4-HMAC-SHA256-TRAILER", self._previous, digest), given)
        self._state = _State.DONE


def _malformed(what: str) -> S3Error:
    return S3Error("InvalidRequest", f"The aws-chunked body is malformed: {what}.")
