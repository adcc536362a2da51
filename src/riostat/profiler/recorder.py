"""The recorder: waits for rings to fill and appends them to a run, until something ends it.

It decodes nothing and imports neither numpy nor numba.
"""

import select
import signal
import time
from enum import StrEnum
from typing import NamedTuple

from riostat.core.clock import Clock
from riostat.profiler.idle import IdleTimes
from riostat.profiler.recording import RecordingFile
from riostat.profiler.sampler import Sampler
from riostat.profiler.signals import EndingSignals
from riostat.profiler.workload import Workload

__all__ = ["EndedBy", "Recorder", "RecordingSummary"]

_TICK_NS = 1_000_000_000


class EndedBy(StrEnum):
    """What ended a recording."""

    DURATION = "duration"
    COMMAND = "command"
    SIGNAL = "signal"


class RecordingSummary(NamedTuple):
    """How a recording went.

    `lost` counts records that found no room in a ring; `recorder_cpu_seconds` is the CPU time of
    this process since it was started, `steady_cpu_seconds` what of it fell between the snapshot and
    the end of sampling; `status` is the command's exit status, or minus the number of the signal
    that ended it.
    """

    seconds: float
    bytes: int
    lost: int
    recorder_cpu_seconds: float
    steady_cpu_seconds: float
    ended_by: EndedBy
    status: int | None


class Recorder:
    """Records what a sampler samples into one file of a run."""

    def __init__(self, sampler: Sampler, file: RecordingFile, clock: Clock) -> None:
        self._sampler = sampler
        self._file = file
        self._clock = clock
        self._idle = IdleTimes()

    def run(
        self,
        *,
        duration_s: float | None,
        signals: EndingSignals,
        workload: Workload | None,
    ) -> RecordingSummary:
        """Record for a duration, until the workload ends, or until a signal, whichever is first.

        A workload that is still there then is ended. Raises `RunFullError` when the disk is
        full: what was recorded until then stays readable.
        """
        started_ns, realtime_ns = self._begin(), self._clock.realtime_ns()
        before_s = time.process_time()
        try:
            if workload is not None:
                workload.release()
            ended_by = self._record(started_ns, duration_s, signals, workload)
        finally:
            self._sampler.disable()
        stopped_ns = self._clock.monotonic_ns()
        self._file.tick(self._idle)
        self._file.take_perf_maps(realtime_ns)
        steady_s = time.process_time() - before_s
        summary = RecordingSummary(
            seconds=(stopped_ns - started_ns) / 1e9,
            bytes=self._file.writer.bytes_written,
            lost=self._file.lost,
            recorder_cpu_seconds=time.process_time(),
            steady_cpu_seconds=steady_s,
            ended_by=ended_by,
            status=None if workload is None else workload.end(),
        )
        self._file.event(
            "stopped",
            seconds=summary.seconds,
            lost=summary.lost,
            ended_by=ended_by,
            recorder_cpu_seconds=summary.recorder_cpu_seconds,
            steady_cpu_seconds=steady_s,
        )
        return summary

    def _begin(self) -> int:
        self._sampler.enable()
        started_ns = self._clock.monotonic_ns()
        self._file.event("started")
        self._file.tick(self._idle)
        self._file.take_snapshot()
        return started_ns

    def _record(
        self,
        started_ns: int,
        duration_s: float | None,
        signals: EndingSignals,
        workload: Workload | None,
    ) -> EndedBy:
        rings = self._sampler.descriptors()
        end_ns = None if duration_s is None else started_ns + int(duration_s * 1e9)
        tick_ns = started_ns + _TICK_NS
        with select.epoll() as poll:
            for descriptor in (*rings, signals.descriptor):
                poll.register(descriptor, select.EPOLLIN)
            if workload is not None:
                poll.register(workload.descriptor, select.EPOLLIN)
            while True:
                now_ns = self._clock.monotonic_ns()
                if end_ns is not None and now_ns >= end_ns:
                    return EndedBy.DURATION
                if now_ns >= tick_ns:
                    self._file.tick(self._idle)
                    tick_ns = now_ns + _TICK_NS
                until_ns = tick_ns if end_ns is None else min(tick_ns, end_ns)
                for descriptor, _ in poll.poll(max(0, until_ns - now_ns) / 1e9):
                    if descriptor in rings:
                        self._file.drain(rings[descriptor])
                    elif descriptor != signals.descriptor:
                        return EndedBy.COMMAND
                    elif _ends(signals, workload):
                        return EndedBy.SIGNAL


def _ends(signals: EndingSignals, workload: Workload | None) -> bool:
    """Return whether a signal is for the recorder: what the terminal sends is the workload's."""
    return any(
        workload is None or not received.from_terminal or received.number == signal.SIGHUP
        for received in signals.read()
    )
