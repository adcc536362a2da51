"""riostat up."""

import fcntl
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from riostat.commands.options import settings_options
from riostat.commands.rollingrecorder import RollingRecorderProcess
from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.datadir import DataDirectory
from riostat.core.errors import RiostatError, RunError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

__all__ = ["command", "forget_old"]


@click.command(name="up")
@settings_options("data", "host", "port", "frequency_hz", "keep_seconds", "keep_bytes")
def command(settings: Settings) -> None:
    """Start the console and record this machine, until Ctrl-C.

    The recording has a low rate and goes into a rolling run, of which the newest part is kept.
    The address that is printed opens the console; it holds the token, so keep it to yourself.
    """
    from riostat.console.app import serve  # heavy, and `--help` needs none of it

    data = DataDirectory(settings.data)
    data.make()
    with _alone(data):
        runs = RunDirectory(data.runs)
        runs.sweep()
        rolling = _RollingRun(runs, settings)
        recorder = RollingRecorderProcess(rolling.command)

        def ready(url: str) -> None:
            forget_old(runs, keep_bytes=settings.keep_bytes)
            recorder.start()
            click.echo(f"riostat is up: {url}\nCtrl-C ends it; runs are kept in {data.root}.")

        try:
            serve(settings, ready=ready, problem=lambda: recorder.problem)
        finally:
            recorder.stop()
            rolling.drop_if_empty()
    click.echo("riostat has ended.", err=True)


@dataclass(slots=True)
class _RollingRun:
    """The run that is recorded from this start on; it is made when the recorder first starts."""

    runs: RunDirectory
    settings: Settings
    path: Path | None = None

    def command(self) -> Sequence[str]:
        """Return the command line of a recorder that ends with this process."""
        if self.path is None:
            _, self.path = self.runs.create(
                command=("riostat", "up"), clock=SYSTEM_CLOCK, rolling=True
            )
        return [
            sys.executable,
            "-m",
            "riostat.profiler.rolling",
            f"--run={self.path}",
            f"--symbols={DataDirectory(self.settings.data).symbols}",
            f"--frequency={self.settings.frequency_hz}",
            f"--keep-seconds={self.settings.keep_seconds}",
            f"--keep-bytes={self.settings.keep_bytes}",
            f"--parent={os.getpid()}",
        ]

    def drop_if_empty(self) -> None:
        """Remove the run where nothing could be recorded."""
        if self.path is not None and not Run.open(self.path).files():
            self.runs.remove(self.path)


@contextmanager
def _alone(data: DataDirectory) -> Iterator[None]:
    """Hold the data directory, so that two recorders do not forget each other's runs."""
    with (data.root / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RiostatError(
                f"Another `riostat up` works in {data.root}; end it, or choose another directory "
                "with --data."
            ) from error
        yield


def forget_old(runs: RunDirectory, *, keep_bytes: int) -> None:
    """Remove the oldest rolling runs of earlier starts that do not fit into `keep_bytes`."""
    rolling = []
    for path in runs.paths():
        try:
            run = Run.open(path)
            if run.manifest.rolling:
                size = sum(file.stat().st_size for file in run.files())
                rolling.append((run.manifest.started_realtime_ns, size, path))
        except (RunError, OSError):
            continue  # `riostat runs list` names it
    kept = 0
    for _, size, path in sorted(rolling, reverse=True):
        kept += size
        if size == 0 or kept > keep_bytes:
            runs.remove(path)
