"""Samples of the machine, recorded into a run that another process made and writes too.

``python -m riostat.profiler.sampling`` records until SIGTERM, or until its parent ends, and says on
standard output in one line that it does, or in a sentence why it does not; `sampling` is that
program around what is to be sampled.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import RiostatError, SamplingError
from riostat.core.parentdeath import die_with_parent
from riostat.core.writer import RunWriter
from riostat.profiler.opening import SamplingRequest, open_sampler
from riostat.profiler.recorder import Recorder
from riostat.profiler.recording import RecordingFile
from riostat.profiler.signals import EndingSignals
from riostat.profiler.symbols.boot import save_kernel_symbols

__all__ = ["main", "sampling"]

_STARTED = "recording"
_SILENT = "its recorder has ended; what it said stands above."


@contextmanager
def sampling(run: Path, *, frequency_hz: int, symbols: Path) -> Iterator[None]:
    """Record this machine into the run at `run` until the context is left.

    Names of the running kernel's functions are kept in `symbols`. Raises `SamplingError`, with the
    recorder's own sentence, at the start where it cannot record, and at the end where it could not
    until then.
    """
    arguments = [f"--run={run}", f"--frequency={frequency_hz}", f"--symbols={symbols}"]
    with subprocess.Popen(
        [sys.executable, "-m", __spec__.name, *arguments, f"--parent={os.getpid()}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as recorder:
        assert recorder.stdout is not None
        try:
            said = recorder.stdout.readline().strip()
            if said != _STARTED:
                raise SamplingError(f"The machine cannot be sampled: {said or _SILENT}")
            yield
        finally:
            recorder.terminate()
        said = recorder.stdout.read().strip()
    if recorder.returncode != 0:
        raise SamplingError(f"The machine was not sampled to the end: {said or _SILENT}")


class _AnnouncedRecording(RecordingFile):
    """Says when the snapshot is taken, and sampling on."""

    def take_snapshot(self) -> None:
        super().take_snapshot()
        _say(_STARTED)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Record as the arguments say until a signal ends it; return the exit status."""
    parser = argparse.ArgumentParser(prog="riostat.profiler.sampling", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="directory of a run")
    parser.add_argument("--symbols", type=Path, required=True, help="cache of symbols")
    parser.add_argument("--frequency", type=int, required=True, help="samples a second and CPU")
    parser.add_argument("--parent", type=int, required=True, help="process to end with")
    given = parser.parse_args(arguments)
    with EndingSignals() as signals:
        if not die_with_parent(given.parent):
            return 0
        try:
            _record(given.run, SamplingRequest((), given.frequency, None), given.symbols, signals)
        except RiostatError as error:
            _say(str(error))
            return 1
    return 0


def _record(run: Path, request: SamplingRequest, symbols: Path, signals: EndingSignals) -> None:
    with closing(open_sampler(request)) as sampler:
        save_kernel_symbols(symbols)
        with RunWriter.create(run, writer="record", run_id=run.name) as writer:
            file = _AnnouncedRecording(writer, sampler, SYSTEM_CLOCK)
            file.describe(request, ())
            recorder = Recorder(sampler, file, SYSTEM_CLOCK)
            recorder.run(duration_s=None, signals=signals, workload=None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
