"""Writing a run: one append-only file of frames per writing process.

On the recording path: this module imports neither numpy nor msgspec, copies no payload, and
makes one system call per frame.
"""

import errno
import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from riostat.core.channels import (
    ChannelKind,
    FieldValue,
    encode_artefact,
    encode_event,
    encode_histogram,
    encode_object,
    encode_points,
)
from riostat.core.clock import SYSTEM_CLOCK, Clock
from riostat.core.errors import RunError, RunFullError
from riostat.core.frames import (
    HEADER_SIZE,
    BytesLike,
    FrameKind,
    encode_header,
    padding,
)

__all__ = ["FILE_SUFFIX", "RunWriter", "is_being_written"]

FILE_SUFFIX = ".frames"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ARTEFACT_PART = 4 << 20


class RunWriter:
    """One process's file of a run.

    A frame is whole in the file or not there: when the disk is full the file is cut back to its
    last whole frame and `RunFullError` is raised, and writing may be tried again later.
    """

    def __init__(self, path: Path, descriptor: int, clock: Clock) -> None:
        self.path = path
        self.bytes_written = 0
        self._descriptor = descriptor
        self._clock = clock
        self._sequence = 0
        self._channels = 0

    @classmethod
    def create(
        cls,
        run_directory: Path,
        *,
        writer: str,
        run_id: str,
        segment: int | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> Self:
        """Open a new file in a run's directory and write its opening frame.

        The file is named after the writer, the process and, for a recording that is rotated, the
        number of the segment. Raises `RunError` where it exists already or cannot be made.
        """
        tail = "" if segment is None else f".{segment:08d}"
        path = run_directory / f"{writer}-{os.getpid()}{tail}{FILE_SUFFIX}"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise RunError(
                f"The run's file {path} cannot be made ({error.strerror}); "
                "choose another place with --data or -o."
            ) from error
        fcntl.flock(descriptor, fcntl.LOCK_SH)  # held for as long as the file is being written
        self = cls(path, descriptor, clock)
        opening = {"run": run_id, "writer": writer, "pid": os.getpid()}
        self._append(FrameKind.OPENING, (encode_object(opening),))
        return self

    def channel(self, name: str, kind: ChannelKind, *, unit: str = "", encoding: str = "") -> int:
        """Declare a channel and return its number in this file."""
        declaration = {"name": name, "kind": kind, "unit": unit, "encoding": encoding}
        number = self._channels
        self._append(FrameKind.CHANNEL, (encode_object(declaration),), channel=number)
        self._channels += 1
        return number

    def samples(self, channel: int, parts: Sequence[BytesLike], *, domain: int = 0) -> None:
        """Append samples, in the channel's own encoding."""
        self._append(FrameKind.SAMPLES, parts, channel=channel, domain=domain)

    def series(self, channel: int, points: Sequence[tuple[int, float]], *, domain: int = 0) -> None:
        """Append points of a series: (CLOCK_MONOTONIC in ns, value in the channel's unit)."""
        self._append(FrameKind.SERIES, (encode_points(points),), channel=channel, domain=domain)

    def histogram(self, channel: int, time_ns: int, encoded: bytes, *, domain: int = 0) -> None:
        """Append what was counted since the last histogram of this channel."""
        payload = encode_histogram(time_ns, encoded)
        self._append(FrameKind.HISTOGRAM, (payload,), channel=channel, domain=domain)

    def event(
        self, channel: int, time_ns: int, name: str, fields: Mapping[str, FieldValue]
    ) -> None:
        """Append something that happened at one moment."""
        self._append(FrameKind.EVENT, (encode_event(time_ns, name, fields),), channel=channel)

    def artefact(self, channel: int, name: str, data: BytesLike) -> None:
        """Append a named piece of bytes, in parts where it is large."""
        view = memoryview(data)
        for part, start in enumerate(range(0, max(len(view), 1), _ARTEFACT_PART)):
            piece = view[start : start + _ARTEFACT_PART]
            head = encode_artefact(name, part)
            self._append(FrameKind.ARTEFACT, (head, piece), channel=channel)

    def close(self) -> None:
        """Write the closing frame and close the file; without room for it the run is incomplete."""
        if self._descriptor < 0:
            return
        try:
            self._append(FrameKind.CLOSING, ())
        finally:
            os.close(self._descriptor)
            self._descriptor = -1

    def abandon(self) -> None:
        """Close the file without a closing frame: what it holds stays readable, and incomplete."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()

    def _append(
        self,
        kind: FrameKind,
        parts: Sequence[BytesLike],
        *,
        channel: int = 0,
        domain: int = 0,
    ) -> None:
        header = encode_header(
            kind,
            parts,
            domain=domain,
            channel=channel,
            sequence=self._sequence,
            time_ns=self._clock.monotonic_ns(),
        )
        length = sum(map(len, parts))
        fill = padding(length)
        size = HEADER_SIZE + length + len(fill)
        try:
            written = os.writev(self._descriptor, (header, *parts, fill))
        except OSError as error:
            self._cut_back()
            raise self._refusal(error.errno or 0) from error
        if written != size:
            self._cut_back()
            raise self._refusal(errno.ENOSPC)
        self.bytes_written += size
        self._sequence += 1

    def _refusal(self, number: int) -> RunError:
        reason = os.strerror(number)
        if number in _NO_ROOM:
            return RunFullError(
                f"There is no room for the run's file {self.path} ({reason}); free space or choose "
                "another place with --data: what was recorded before stays readable."
            )
        return RunError(
            f"The run's file {self.path} cannot be written ({reason}); what was recorded before "
            "stays readable."
        )

    def _cut_back(self) -> None:
        os.ftruncate(self._descriptor, self.bytes_written)
        os.lseek(self._descriptor, self.bytes_written, os.SEEK_SET)


def is_being_written(path: Path) -> bool:
    """Tell whether a live process holds the file open for writing."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
