"""The segments of a rolling recording: files of a run that come after one another and grow old."""

import re
from dataclasses import dataclass
from pathlib import Path

from riostat.core.clock import Clock
from riostat.core.errors import RunNotFoundError
from riostat.core.writer import FILE_SUFFIX, RunWriter

__all__ = ["Retention", "Segments"]

_SEGMENTS_KEPT = 16
_SEGMENT_SECONDS_MIN = 10
_SEGMENT_SECONDS_MAX = 600


@dataclass(frozen=True, slots=True)
class Retention:
    """How far a rolling recording reaches back, and how many bytes it may take on the disk."""

    seconds: int
    bytes: int

    @property
    def segment_ns(self) -> int:
        """How long one segment is written."""
        seconds = self.seconds // _SEGMENTS_KEPT
        return min(max(seconds, _SEGMENT_SECONDS_MIN), _SEGMENT_SECONDS_MAX) * 1_000_000_000

    @property
    def segment_bytes(self) -> int:
        """How many bytes one segment may hold besides its snapshot."""
        return self.bytes // _SEGMENTS_KEPT


@dataclass(frozen=True, slots=True)
class _Closed:
    path: Path
    bytes: int
    closed_ns: int


class Segments:
    """Opens the segments of a run one after another, and deletes those that are too old.

    The segments of an earlier process in the same run count as closed when they were last written.
    """

    def __init__(self, run: Path, writer: str, retention: Retention, clock: Clock) -> None:
        self._run = run
        self._writer = writer
        self._retention = retention
        self._clock = clock
        self._closed: list[_Closed] = []
        self._next = 0
        self._find_earlier()

    def open(self) -> RunWriter:
        """Open the next segment; raises `RunError`."""
        writer = RunWriter.create(
            self._run,
            writer=self._writer,
            run_id=self._run.name,
            segment=self._next,
            clock=self._clock,
        )
        self._next += 1
        return writer

    def close(self, writer: RunWriter) -> None:
        """Close a segment, to be deleted some day; raises `RunFullError`."""
        now_ns = self._clock.monotonic_ns()
        self._closed.append(_Closed(writer.path, writer.bytes_written, now_ns))
        writer.close()

    def forget(self, writing_bytes: int = 0) -> None:
        """Delete what is too old, and what leaves no room for the segment being written."""
        oldest_ns = self._clock.monotonic_ns() - self._retention.seconds * 1_000_000_000
        room = self._retention.bytes - writing_bytes
        while self._closed and (
            self._closed[0].closed_ns < oldest_ns
            or sum(segment.bytes for segment in self._closed) > room
        ):
            self._closed.pop(0).path.unlink(missing_ok=True)

    def _find_earlier(self) -> None:
        form = re.compile(rf"{re.escape(self._writer)}-\d+\.(\d+){re.escape(FILE_SUFFIX)}")
        now_ns, wall_ns = self._clock.monotonic_ns(), self._clock.realtime_ns()
        for path in self._files():
            found = form.fullmatch(path.name)
            if found is not None:
                status = path.stat()
                age_ns = max(0, wall_ns - status.st_mtime_ns)
                self._closed.append(_Closed(path, status.st_size, now_ns - age_ns))
                self._next = max(self._next, int(found[1]) + 1)
        self._closed.sort(key=lambda segment: segment.closed_ns)

    def _files(self) -> list[Path]:
        try:
            return list(self._run.iterdir())
        except OSError as error:
            raise RunNotFoundError(
                f"The rolling run {self._run} cannot be used ({error.strerror}); make one first."
            ) from error
