"""riostat runs export."""

from pathlib import Path

import click

from riostat.commands.options import RUN_HELP, settings_options
from riostat.core.datadir import DataDirectory
from riostat.core.run import Run
from riostat.core.runs import RunDirectory
from riostat.core.settings import Settings

__all__ = ["command"]


@click.command(name="export")
@click.argument("run", help=RUN_HELP)
@click.option(
    "--to",
    "form",
    type=click.Choice(["tar", "jsonl"]),
    default="tar",
    show_default=True,
    help="tar: the whole run, to be read elsewhere after unpacking; "
    "jsonl: its series, events and histograms, a JSON object a line.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, which must not exist [default: RUN.tar.gz or RUN.jsonl here].",
)
@settings_options("data")
def command(settings: Settings, run: str, form: str, output: Path | None) -> None:
    """Write a run to one file.

    An unpacked archive is read by its path: `riostat profile report ./RUN`.
    """
    from riostat.core.export import export_archive, export_lines  # needs numpy; `--help` does not

    opened = Run.open(RunDirectory(DataDirectory(settings.data).runs).find(run))
    ending, write = (".tar.gz", export_archive) if form == "tar" else (".jsonl", export_lines)
    path = output or Path(opened.id + ending)
    write(opened, path)
    click.echo(f"wrote {path}", err=True)
