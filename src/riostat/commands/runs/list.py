"""riostat runs list."""

import json
from datetime import UTC, datetime

import click

from riostat.commands.options import json_option, settings_options
from riostat.commands.runs.summary import show_bytes, summary
from riostat.core.datadir import DataDirectory
from riostat.core.errors import RunError
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="list")
@json_option
@settings_options("data")
def command(settings: Settings, *, as_json: bool) -> None:
    """List the runs there are, the newest first.

    A run that cannot be read is named on standard error with the reason, and left out.
    """
    runs = []
    for path in RunDirectory(DataDirectory(settings.data).runs).paths():
        try:
            run = Run.open(path)
            runs.append((run, run.state()))
        except RunError as error:
            click.echo(f"riostat: {error}", err=True)
    runs.sort(key=lambda pair: pair[0].manifest.started_realtime_ns, reverse=True)
    if as_json:
        click.echo(json.dumps({"runs": [summary(run, state) for run, state in runs]}))
        return
    if not runs:
        click.echo("There is no run yet; `riostat profile record` makes one.", err=True)
        return
    click.echo(f"{'run':<24} {'started (UTC)':<19} {'seconds':>9} {'size':>9}  state       command")
    for run, state in runs:
        started = datetime.fromtimestamp(run.manifest.started_realtime_ns / 1e9, UTC)
        word = "recording" if state.recording else "complete" if state.complete else "incomplete"
        click.echo(
            f"{run.id:<24} {started:%Y-%m-%d %H:%M:%S} {state.seconds:>9.1f} "
            f"{show_bytes(state.bytes):>9}  {word:<11} {' '.join(run.manifest.command)}"
        )
