"""riostat up."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

import click

from riostat.commands.options import settings_options
from riostat.core.datadir import DataDirectory
from riostat.core.errors import RiostatError, RunError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

__all__ = ["command", "forget_old"]


@click.command(name="up")
@settings_options(
    "data",
    "host",
    "port",
    "frequency_hz",
    "keep_seconds",
    "keep_bytes",
    "parts",
    "store",
    "store_port",
)
def command(settings: Settings) -> None:
    """Start the console and record this machine, until Ctrl-C.

    Beside it run a switch between guests that are small processes, and a store on four local
    disks, made at the first start. The recording has a low rate and goes, with the counters of
    both, into a rolling run, of which the newest part is kept. riostat's own notes are read into
    the citation library.

    The address that is printed opens the console; it holds the token, so keep it to yourself.
    """
    from riostat.commands.companions import Companions
    from riostat.console.app import serve  # heavy, and `--help` needs none of it

    data = DataDirectory(settings.data)
    data.make()
    with _alone(data):
        runs = RunDirectory(data.runs)
        runs.sweep()
        companions = Companions(settings, runs)

        def ready(url: str) -> None:
            forget_old(runs, keep_bytes=settings.keep_bytes)
            companions.start()
            click.echo(f"riostat is up: {url}\nCtrl-C ends it; runs are kept in {data.root}.")

        try:
            serve(settings, ready=ready, problems=companions.problems)
        finally:
            companions.stop()
    click.echo("riostat has ended.", err=True)


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
