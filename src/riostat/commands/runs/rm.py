"""riostat runs rm."""

import click

from riostat.commands.options import RUN_HELP, settings_options
from riostat.core.datadir import DataDirectory
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="rm")
@click.argument("runs", nargs=-1, required=True, metavar="RUN...", help=RUN_HELP)
@settings_options("data")
def command(settings: Settings, runs: tuple[str, ...]) -> None:
    """Remove runs; names that answer to no run, or a run being recorded, remove nothing."""
    directory = RunDirectory(DataDirectory(settings.data).runs)
    for path in dict.fromkeys(map(directory.removable, runs)):
        directory.remove(path)
        click.echo(f"removed {path.name}", err=True)
