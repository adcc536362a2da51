"""riostat profile export."""

import contextlib
import os
import sys
from pathlib import Path

import click

from riostat.commands.options import SPAN_HELP, settings_options
from riostat.core.errors import ProfileError
from riostat.core.settings import Settings
from riostat.core.text import printable

__all__ = ["command"]


@click.command(name="export")
@click.argument("run", metavar="RUN[@FROM..TO]", help=SPAN_HELP)
@click.option(
    "--to",
    "form",
    type=click.Choice(["folded", "speedscope", "perf-script"]),
    required=True,
    help="folded: for flamegraph.pl; speedscope: for speedscope.app; "
    "perf-script: the text of `perf script`, which many tools read.",
)
@click.option(
    "-e", "--event", metavar="EVENT", help="Which of the recorded events [default: the first]."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write, which must not exist [default: standard output].",
)
@settings_options("data")
def command(
    settings: Settings, *, run: str, form: str, event: str | None, output: Path | None
) -> None:
    """Write a profile for another tool.

    Weights are counts of the event, nanoseconds of CPU time for cpu-clock; they have the same
    total in every format.
    """
    from riostat.commands.profile.loading import load_profile
    from riostat.profiler.exports import folded, perf_script, speedscope

    writers = {
        "folded": folded.write,
        "speedscope": speedscope.write,
        "perf-script": perf_script.write,
    }
    profile = load_profile(settings.data, run, event)
    write = writers[form]
    if output is None:
        write(profile, sys.stdout)
        return
    try:
        with output.open("x", encoding="utf-8") as stream:
            write(profile, stream)
    except FileExistsError as error:
        raise ProfileError(
            f"{printable(str(output))} exists already; remove it or choose another file with -o."
        ) from error
    except OSError as error:
        with contextlib.suppress(OSError):  # there is none where it could not be made
            output.unlink()
        raise ProfileError(
            f"{printable(str(output))} cannot be written ({os.strerror(error.errno or 0)}); choose "
            "another file with -o."
        ) from error
    click.echo(f"wrote {printable(str(output))}", err=True)
