"""Samples of the machine, recorded into a run that another process made and writes too.

``python -m riostat.commands.switch.sampling RUN`` records until SIGTERM, and says on standard
output when it does; `Sampling` is that program as its starter holds it.
"""

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RiostatError, SamplingError
from riostat.core.writer import RunWriter
from riostat.profiler.opening import SamplingRequest, open_sampler
from riostat.profiler.recorder import Recorder
from riostat.profiler.recording import RecordingFile
from riostat.profiler.signals import EndingSignals

__all__ = ["Sampling", "main"]

_FREQUENCY_HZ = 1999
_STARTED = b"recording\n"


class Sampling:
    """Records into a run while it is entered."""

    def __init__(self, run: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __spec__.name, str(run)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        if self._process.stdout.readline() != _STARTED:
            self._process.communicate()
            raise SamplingError(
                "The machine cannot be sampled, as said above; bench without --profile."
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.communicate()


class _AnnouncedRecording(RecordingFile):
    """Says when the snapshot is taken, and sampling on."""

    def take_snapshot(self) -> None:
        super().take_snapshot()
        sys.stdout.buffer.write(_STARTED)
        sys.stdout.buffer.flush()


def main(run: Path) -> int:
    """Record until a signal ends it; return the exit status."""
    request = SamplingRequest((), _FREQUENCY_HZ, None)
    try:
        with EndingSignals() as signals:
            sampler = open_sampler(request, workload=None)
            with RunWriter.create(run, writer="record", run_id=run.name) as writer:
                file = _AnnouncedRecording(writer, sampler, SYSTEM_CLOCK)
                file.describe(request, ())
                recorder = Recorder(sampler, file, SYSTEM_CLOCK)
                recorder.run(duration_s=None, signals=signals, workload=None)
    except RiostatError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
