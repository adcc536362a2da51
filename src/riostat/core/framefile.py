"""Reading one file of a run, from its start or from where the last reading ended."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from riostat.core.channels import ChannelDeclaration, decode_declaration, decode_object
from riostat.core.errors import RunFormatError
from riostat.core.frames import HEADER_SIZE, MAX_PAYLOAD, FrameKind, FrameScanner, RawFrame
from riostat.core.memory import read_fresh
from riostat.core.text import printable

__all__ = ["Frame", "FrameFile"]

_WINDOW = 8 << 20
_LARGEST_FRAME = HEADER_SIZE + MAX_PAYLOAD
_CHANNELS = 4096


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole frame of a channel; `time_ns` is when it was written, on CLOCK_MONOTONIC."""

    kind: FrameKind
    domain: int
    channel: str
    time_ns: int
    payload: memoryview
    file: str


class FrameFile:
    """One file of a run. `frames` may be called again to read what was appended since.

    `closed` says that its writer ended it properly; `damage` says in a sentence why it cannot be
    read further, or is None; `last_ns` is the time of the last whole frame.
    """

    def __init__(self, path: Path, run_id: str, *, verify: bool = True) -> None:
        self.path = path
        self.name = printable(path.name)
        self.channels: dict[int, ChannelDeclaration] = {}
        self.closed = False
        self.damage: str | None = None
        self.last_ns = 0
        self._run_id = run_id
        self._scanner = FrameScanner(verify=verify)

    @property
    def unread_bytes(self) -> int:
        """Bytes that lie behind the last whole frame."""
        try:
            return max(0, self.path.stat().st_size - self._scanner.offset)
        except OSError:
            return 0

    def frames(self) -> Iterator[Frame]:
        """Yield the frames behind the last one that was read.

        Openings, declarations of channels and the closing frame are not yielded.
        """
        try:
            descriptor = os.open(
                self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            )
        except FileNotFoundError:
            return  # a rolling recording drops its oldest files at any time
        except OSError as error:
            self.damage = f"{self.name} cannot be read ({error.strerror})"
            return
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                self.damage = f"{self.name} is not a regular file"
                return
            yield from self._read(descriptor)
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> Iterator[Frame]:
        window = _WINDOW
        while self.damage is None and not self.closed:
            base = self._scanner.offset
            data = read_fresh(descriptor, window, base)
            for raw in self._scanner.scan(data, base=base):
                frame = self._accept(raw)
                if self.damage is not None:
                    return
                if frame is not None:
                    yield frame
            if self._scanner.damage is not None:
                self.damage = (
                    f"{self.name} is damaged at byte {self._scanner.offset}: {self._scanner.damage}"
                )
            elif self._scanner.offset > base:
                window = _WINDOW
            elif len(data) == window and window < _LARGEST_FRAME:
                window = _LARGEST_FRAME + 8
            else:
                return

    def _accept(self, raw: RawFrame) -> Frame | None:
        self.last_ns = max(self.last_ns, raw.time_ns)
        try:
            if raw.kind in {FrameKind.OPENING, FrameKind.CHANNEL, FrameKind.CLOSING}:
                self._control(raw)
                return None
            declaration = self._declaration(raw.channel)
        except RunFormatError as error:
            self.damage = f"{self.name} cannot be read past frame {raw.sequence}: {error}"
            return None
        return Frame(raw.kind, raw.domain, declaration.name, raw.time_ns, raw.payload, self.name)

    def _declaration(self, channel: int) -> ChannelDeclaration:
        if channel not in self.channels:
            raise RunFormatError("a frame belongs to a channel that was not declared")
        return self.channels[channel]

    def _control(self, raw: RawFrame) -> None:
        if (raw.kind is FrameKind.OPENING) != (raw.sequence == 0):
            raise RunFormatError("its opening frame is not where it belongs")
        if raw.kind is FrameKind.OPENING:
            if decode_object(raw.payload).get("run") != self._run_id:
                raise RunFormatError("it belongs to another run")
        elif raw.kind is FrameKind.CHANNEL:
            if raw.channel != len(self.channels) or raw.channel >= _CHANNELS:
                raise RunFormatError("channels are declared out of order")
            self.channels[raw.channel] = decode_declaration(raw.payload)
        else:
            self.closed = True
