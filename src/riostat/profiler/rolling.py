"""The rolling recorder: a low rate for hours, of which the newest part is kept.

It runs as a process of its own, ``python -m riostat.profiler.rolling``, and ends with its parent.
Its run is written in segments, files that each read alone; the oldest are deleted. A full disk
pauses it. On standard output it writes a JSON object a line whenever its state changes:
``{"state": "recording" | "paused" | "stopped" | "failed", "reason": sentence}``.
"""

import argparse
import json
import os
import select
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from riostat.core.clock import SYSTEM_CLOCK, Clock
from riostat.core.errors import RiostatError, RunError, RunFullError
from riostat.core.parentdeath import die_with_parent
from riostat.core.segments import Retention, Segments
from riostat.core.writer import RunWriter
from riostat.profiler.idle import IdleTimes
from riostat.profiler.opening import SamplingRequest, open_sampler
from riostat.profiler.recording import ROLLING_WRITER, RecordingFile
from riostat.profiler.signals import EndingSignals
from riostat.profiler.symbols.boot import save_kernel_symbols

__all__ = ["RollingRecorder", "main"]

_TICK_NS = 1_000_000_000
_RETRY_MS = 2000
_ROOM_TO_RESUME = 8 << 20


class RollingRecorder:
    """Records this machine into segments of a run until it is told to end.

    `report` is called with the state and a sentence whenever the state changes.
    """

    def __init__(
        self,
        run: Path,
        *,
        frequency_hz: int,
        retention: Retention,
        clock: Clock,
        report: Callable[[str, str], None],
    ) -> None:
        self._run = run
        self._request = SamplingRequest((), frequency_hz, None)
        self._retention = retention
        self._clock = clock
        self._report = report
        self._segments = Segments(run, ROLLING_WRITER, retention, clock)
        self._sampler = open_sampler(self._request)
        self._idle = IdleTimes()
        self._state = "new"
        self._paused_ns = 0

    def run(self, signals: EndingSignals, parent: int) -> None:
        """Record until a signal arrives or the process `parent` has ended."""
        try:
            ended = False
            while not ended:
                try:
                    self._record(signals, parent)
                    ended = True
                except RunError as error:
                    self._pause(str(error))
                    ended = self._wait_for_room(signals, parent)
        finally:
            self._sampler.close()
        self._change("stopped", "")

    def _record(self, signals: EndingSignals, parent: int) -> None:
        """Write segments until it is time to end; raises `RunError` where there is no room."""
        ended = False
        self._sampler.enable()
        while not ended:
            writer = self._segments.open()
            try:
                file = self._begin(writer)
                ended = self._fill(file, signals, parent)
            except RunFullError:
                with suppress(RunFullError):
                    self._segments.close(writer)
                raise
            except BaseException:
                writer.abandon()
                raise
            self._segments.close(writer)
            self._renew_sampler()

    def _begin(self, writer: RunWriter) -> RecordingFile:
        """Write what every segment begins with; one without room for that is removed."""
        try:
            file = RecordingFile(writer, self._sampler, self._clock)
            file.describe(self._request, ())
            self._say_why(file)
            file.tick(self._idle)
            file.take_snapshot()
        except RunFullError:
            writer.path.unlink()
            raise
        if self._state != "recording":
            self._change("recording", self._sampler.fallback or self._sampler.restriction or "")
        return file

    def _say_why(self, file: RecordingFile) -> None:
        if self._state == "paused":
            paused_s = (self._clock.monotonic_ns() - self._paused_ns) / 1e9
            file.event("resumed", paused_seconds=paused_s)
        elif self._state == "new":
            file.event("started")

    def _change(self, state: str, reason: str) -> None:
        self._state = state
        self._report(state, reason)

    def _fill(self, file: RecordingFile, signals: EndingSignals, parent: int) -> bool:
        """Write one segment; return whether it was the last."""
        end_ns = self._clock.monotonic_ns() + self._retention.segment_ns
        end_bytes = file.writer.bytes_written + self._retention.segment_bytes
        try:
            self._segments.forget(file.writer.bytes_written)
            while True:
                ended = self._wait(file, signals) or os.getppid() != parent
                if ended:
                    self._sampler.disable()
                file.tick(self._idle)
                if ended:
                    file.event("stopped", lost=file.lost)
                    return True
                written = file.writer.bytes_written
                self._segments.forget(written)
                if self._clock.monotonic_ns() >= end_ns or written >= end_bytes:
                    return False
        except RunFullError as error:
            with suppress(RunFullError):  # small enough, perhaps, to fit where samples did not
                file.event("paused", reason=str(error))
            raise

    def _wait(self, file: RecordingFile, signals: EndingSignals) -> bool:
        """Append for a second what reaches the watermark; return whether a signal arrived."""
        until_ns = self._clock.monotonic_ns() + _TICK_NS
        rings = self._sampler.descriptors()
        with select.epoll() as poll:
            for descriptor in (*rings, signals.descriptor):
                poll.register(descriptor, select.EPOLLIN)
            while (left_ns := until_ns - self._clock.monotonic_ns()) > 0:
                for descriptor, _ in poll.poll(left_ns / 1e9):
                    if descriptor == signals.descriptor:
                        return True
                    file.drain(rings[descriptor])
        return False

    def _pause(self, reason: str) -> None:
        """Stop sampling and drop what the rings hold: it could not be said where it belongs."""
        self._sampler.disable()
        self._sampler.discard()
        if self._state != "paused":
            self._paused_ns = self._clock.monotonic_ns()
            self._change("paused", reason)

    def _wait_for_room(self, signals: EndingSignals, parent: int) -> bool:
        """Return False once there is room, True when it is time to end."""
        told = select.poll()
        told.register(signals.descriptor, select.POLLIN)
        while os.getppid() == parent:
            if told.poll(_RETRY_MS):
                return True
            self._segments.forget()
            free = os.statvfs(self._run)
            if free.f_bavail * free.f_frsize >= _ROOM_TO_RESUME:
                return False
        return True

    def _renew_sampler(self) -> None:
        """Find processes that were started since, where not all of them are sampled."""
        if not self._sampler.system:
            self._sampler.close()
            self._sampler = open_sampler(self._request)
            self._sampler.enable()


def main(arguments: Sequence[str]) -> int:
    """Record as the arguments say and return the exit code."""
    parser = argparse.ArgumentParser(prog="riostat.profiler.rolling", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="directory of a new rolling run")
    parser.add_argument("--symbols", type=Path, required=True, help="cache of symbols")
    parser.add_argument("--frequency", type=int, required=True, help="samples a second and CPU")
    parser.add_argument("--keep-seconds", type=int, required=True)
    parser.add_argument("--keep-bytes", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True, help="process to end with")
    given = parser.parse_args(arguments)
    with EndingSignals() as signals:
        if not die_with_parent(given.parent):
            return 0
        try:
            save_kernel_symbols(given.symbols)
            RollingRecorder(
                given.run,
                frequency_hz=given.frequency,
                retention=Retention(given.keep_seconds, given.keep_bytes),
                clock=SYSTEM_CLOCK,
                report=_report,
            ).run(signals, given.parent)
        except RiostatError as error:
            _report("failed", str(error))
            return 1
    return 0


def _report(state: str, reason: str) -> None:
    with suppress(BrokenPipeError):  # the parent does not listen any more
        sys.stdout.write(json.dumps({"state": state, "reason": reason}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
