"""A recording that is read while it grows: a child process writes it, and nothing of it is kept."""

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import SamplingError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.span import Span

__all__ = ["LiveRecording", "live_recording"]

_REFRESH_S = 1.0
_WINDOW_S = 2.0
# Rings are drained once a second: what is younger may not have been written yet.
_DELAY_S = 1.2
_KEEP_SECONDS = 20
_KEEP_BYTES = 256 << 20
_PATIENCE_S = 5


@dataclass(frozen=True, slots=True)
class LiveRecording:
    """The run that a recorder is writing, which tells in lines of JSON how it fares."""

    run: Run
    recorder: "subprocess.Popen[bytes]"

    def spans(self, duration_s: float | None) -> Iterator[Span]:
        """Yield the span to show, every second until `duration_s` are over, and once at least.

        Raises `SamplingError` when the recorder cannot go on.
        """
        told = select.poll()
        told.register(self._states, select.POLLIN)
        due_s = _DELAY_S + _REFRESH_S
        while True:
            while (now_s := self._seconds()) < due_s:
                if told.poll((due_s - now_s) * 1000):
                    self.listen()
            yield Span(self.run.id, max(now_s - _DELAY_S - _WINDOW_S, 0.0), now_s - _DELAY_S)
            if duration_s is not None and now_s >= duration_s:
                return
            # A view that takes longer than a second to draw leaves some out.
            due_s = max(due_s + _REFRESH_S, self._seconds())

    def listen(self) -> None:
        """Wait for the recorder's next word; raises `SamplingError` where it does not record."""
        line = self._states.readline()
        told = json.loads(line) if line else {"state": "stopped", "reason": ""}
        if told["state"] != "recording":
            raise SamplingError(
                told["reason"] or "The recorder ended; start `riostat profile top` again."
            )

    @property
    def _states(self) -> IO[bytes]:
        assert self.recorder.stdout is not None
        return self.recorder.stdout

    def _seconds(self) -> float:
        return (SYSTEM_CLOCK.monotonic_ns() - self.run.started_ns) / 1e9


@contextlib.contextmanager
def live_recording(data: DataDirectory, frequency_hz: int) -> Iterator[LiveRecording]:
    """Record this machine until the context is left; raises `SamplingError` where it may not."""
    with tempfile.TemporaryDirectory(prefix=".top-", dir=data.root) as folder:
        _, path = RunDirectory(Path(folder)).create(
            command=("riostat", *sys.argv[1:]), clock=SYSTEM_CLOCK, name=f"{folder}/top"
        )
        arguments = {
            "run": path,
            "symbols": data.symbols,
            "frequency": frequency_hz,
            "keep-seconds": _KEEP_SECONDS,
            "keep-bytes": _KEEP_BYTES,
            "parent": os.getpid(),
        }
        command = [f"--{name}={value}" for name, value in arguments.items()]
        with subprocess.Popen(
            [sys.executable, "-m", "riostat.profiler.rolling", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        ) as recorder:
            try:
                recording = LiveRecording(Run.open(path), recorder)
                recording.listen()
                yield recording
            finally:
                recorder.terminate()
                try:
                    recorder.wait(_PATIENCE_S)
                except subprocess.TimeoutExpired:
                    recorder.kill()
