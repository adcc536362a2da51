"""The child that reads the rolling run.

``python -m riostat.console.live.feed DATA BYTES SECONDS`` writes the state of the live profile to
standard output once a second, a line of JSON. It is a process of its own so that symbol tables
never sit in the server. When reading large ones has left it with more than BYTES of memory it ends,
though not before SECONDS, and the next one reads the open segment anew.
"""

import math
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from riostat.console.live.names import LiveNames
from riostat.console.live.state import WINDOW_S, LiveState, RecorderUse
from riostat.console.live.tail import SegmentTail
from riostat.console.live.window import Window
from riostat.console.usage import process_use
from riostat.core.clock import SYSTEM_CLOCK, Clock
from riostat.core.datadir import DataDirectory
from riostat.core.errors import RunError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.text import printable
from riostat.core.writer import FILE_SUFFIX, is_being_written
from riostat.profiler.recording import ROLLING_WRITER

__all__ = ["LiveFeed"]

_EARLY_S = 0.1  # by how much a step may come before its second
_CATCH_UP_NS = (WINDOW_S + 1) * 1_000_000_000
_WRITER_PID = re.compile(r"-(\d+)[.]")


class LiveFeed:
    """Finds the rolling run that is being recorded, follows its segments and sums them up."""

    def __init__(self, data: DataDirectory, clock: Clock) -> None:
        self._runs = RunDirectory(data.runs)
        self._names = LiveNames(data.symbols, clock)
        self._clock = clock
        self._run: Run | None = None
        self._segment: SegmentTail | None = None
        self._window = Window()
        self._last_words: str | None = None
        self._lost_before = 0
        self._samples = 0
        self._recorder: tuple[int, float, float] | None = None

    def step(self) -> LiveState:
        """Read what is new and return the state of now."""
        now = datetime.fromtimestamp(self._clock.realtime_ns() / 1e9, UTC)
        state = LiveState(time=now.strftime("%Y-%m-%dT%H:%M:%SZ"))
        try:
            if self._run is None or not _recorded(self._run):
                found = self._find_run()
                if found is None:
                    return self._without_recorder(state)
                self._run = found
            self._read(self._run)
            return self._described(state, self._run)
        except RunError:  # it was removed at this moment
            return self._without_recorder(state)

    def _find_run(self) -> Run | None:
        for path in reversed(self._runs.paths()):
            try:
                run = Run.open(path)
                if run.manifest.rolling and _recorded(run):
                    return run
            except RunError:
                continue  # the list of runs says what is wrong with it
        return None

    def _without_recorder(self, state: LiveState) -> LiveState:
        if self._run is None:
            return state
        if self._segment is not None:
            self._read_segment(self._segment)  # its last words may say why
            self._last_words = self._segment.pause
            self._segment = None
        reason = self._last_words or "The rolling recording has ended."
        return msgspec.structs.replace(state, state="stopped", reason=reason, run=self._run.id)

    def _read(self, run: Run) -> None:
        """Read the open segment to its end, then the one that follows it."""
        written = _recorded(run)
        if not written:
            return
        newest = max(written, key=_segment_number)
        if self._segment is not None and self._segment.path != newest:
            self._read_segment(self._segment)
            self._lost_before += self._segment.lost
            self._segment = None
        if self._segment is None:
            self._segment = SegmentTail(newest, run.id)
        self._read_segment(self._segment)

    def _read_segment(self, segment: SegmentTail) -> None:
        hits = segment.read(self._clock.monotonic_ns() - _CATCH_UP_NS)
        description = segment.description
        if description is not None:
            self._names.set_kernel(
                description.kernel_release, description.kernel_build_id, description.boot_id
            )
        places = ((hit.place, hit.pid) for hit in hits if hit.place is not None)
        self._window.add(hits, self._names.find(places))
        self._window.add_idle(segment.idle)
        self._samples += len(hits)

    def _described(self, state: LiveState, run: Run) -> LiveState:
        segment = self._segment
        if segment is None or segment.description is None or segment.drained_ns <= 0:
            return msgspec.structs.replace(state, state="starting", run=run.id)
        description = segment.description
        event = description.events[0]
        summary = self._window.summary(
            segment.drained_ns,
            math.floor(self._clock.realtime_ns() / 1e9 + _EARLY_S),
            full_rate=(event.frequency_hz or 1) * max(len(description.cpus), 1),
        )
        return msgspec.structs.replace(
            state,
            state="stopped" if segment.pause else "recording",
            reason=segment.pause,
            run=run.id,
            event=printable(event.name),
            fallback=_sentence(description.fallback, description.restriction),
            frequency_hz=float(event.frequency_hz or 0),
            cpus=len(description.cpus),
            samples=summary.samples,
            samples_per_second=round(summary.samples / summary.seconds, 2),
            samples_total=self._samples,
            lost=self._lost_before + segment.lost,
            window_s=round(summary.seconds, 3),
            busy=round(summary.busy, 5),
            idle=None if summary.idle is None else round(summary.idle, 5),
            domains=summary.domains,
            processes=summary.processes,
            symbols=summary.symbols,
            recorder=self._recorder_use(run, segment.path),
            moment=summary.moment,
        )

    def _recorder_use(self, run: Run, segment: Path) -> RecorderUse | None:
        """Return what the recorder costs, from its process number in the segment's name."""
        found = _WRITER_PID.search(segment.name)
        use = process_use(int(found[1])) if found else None
        if found is None or use is None:
            return None
        now_s, pid = self._clock.monotonic_ns() / 1e9, int(found[1])
        if self._recorder is None or self._recorder[0] != pid:
            self._recorder = (pid, now_s, use.cpu_seconds)
        _, since_s, before_s = self._recorder
        rate = (use.cpu_seconds - before_s) / max(now_s - since_s, 1.0)
        return RecorderUse(
            pid=pid,
            cpu=round(rate, 5),
            cpu_seconds=round(use.cpu_seconds, 2),
            memory_bytes=use.memory_bytes,
            bytes=sum(map(_size_of, run.files())),
        )


def _recorded(run: Run) -> list[Path]:
    """Return the segments that the recorder writes now; others may write into its run too."""
    return [
        path
        for path in run.files()
        if path.name.startswith(f"{ROLLING_WRITER}-") and is_being_written(path)
    ]


def _sentence(*texts: str | None) -> str | None:
    return printable(" ".join(filter(None, texts))) or None


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # the recorder dropped its oldest segment


def _segment_number(path: Path) -> int:
    number = path.name.removesuffix(FILE_SUFFIX).rpartition(".")[2]
    return int(number) if number.isdecimal() else 0


def _main(data: Path, most_bytes: int, least_s: float) -> None:
    feed = LiveFeed(DataDirectory(data), SYSTEM_CLOCK)
    started_s = time.monotonic()
    while time.monotonic() - started_s < least_s or not _has_more_than(most_bytes):
        sys.stdout.buffer.write(msgspec.json.encode(feed.step()) + b"\n")
        sys.stdout.buffer.flush()
        time.sleep(1 - time.time() % 1)  # at whole seconds, so that the history has no gaps


def _has_more_than(most_bytes: int) -> bool:
    use = process_use(os.getpid())
    return use is not None and use.memory_bytes > most_bytes


if __name__ == "__main__":
    _main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
