"""riostat profile top."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option, settings_options
from riostat.core.datadir import DataDirectory
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.profiler.profile import Profile
    from riostat.profiler.report import Report

__all__ = ["command"]

_DEFAULT_FREQUENCY_HZ = 999
_DEFAULT_TOP = 40


@click.command(name="top")
@click.option(
    "--by",
    metavar="KEYS",
    default="domain,process,symbol",
    show_default=True,
    help="What to tell samples apart by, of domain, process, pid, module, symbol, cpu and mode.",
)
@click.option(
    "-F",
    "--frequency",
    metavar="HZ",
    type=click.IntRange(1, 1_000_000),
    default=_DEFAULT_FREQUENCY_HZ,
    show_default=True,
    help="Samples a second on each CPU.",
)
@click.option(
    "-d",
    "--duration",
    metavar="SECONDS",
    type=click.FloatRange(min=0, min_open=True),
    help="End after so long [default: at Ctrl-C].",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    metavar="N",
    default=_DEFAULT_TOP,
    show_default=True,
    help="Show the N largest rows.",
)
@json_option
@settings_options("data")
def command(
    settings: Settings,
    *,
    by: str,
    frequency: int,
    duration: float | None,
    top: int,
    as_json: bool,
) -> None:
    """Show live which share of the samples each domain, process and function has.

    Every second the last two seconds are shown, with --json as one object a line. Nothing is kept.
    """
    from riostat.commands.profile.live import live_recording
    from riostat.profiler.grouping import parse_keys
    from riostat.profiler.profile import Profile
    from riostat.profiler.report import build_report
    from riostat.profiler.symbols.symbolizer import Symbolizer

    keys = parse_keys(by)
    data = DataDirectory(settings.data)
    data.make()
    symbols = Symbolizer(data.symbols)
    on_terminal = sys.stdout.isatty() and not as_json
    with (
        contextlib.suppress(KeyboardInterrupt),
        live_recording(data, frequency) as live,
        _screen()
        if on_terminal
        else contextlib.nullcontext(_echo_json if as_json else _echo) as show,
    ):
        for span in live.spans(duration):
            profile = Profile.load(live.run, span, symbols=symbols, kernels=data.kernels)
            show(profile, build_report(profile, by=keys, top=top))


def _echo_json(profile: "Profile", report: "Report") -> None:
    from riostat.commands.profile.result import report_object

    click.echo(json.dumps(report_object(profile, report)))


def _echo(profile: "Profile", report: "Report") -> None:
    for line in _lines(profile, report, None):
        click.echo(line)
    click.echo()


def _lines(profile: "Profile", report: "Report", width: int | None) -> Iterator[str]:
    from riostat.commands.profile.result import report_table
    from riostat.commands.profile.table import head_lines, table_lines

    yield from head_lines(profile)
    yield ""
    head, rows, numbers = report_table(report)
    yield from table_lines(head, rows, numbers=numbers, width=width)


@contextlib.contextmanager
def _screen() -> "Iterator[Callable[[Profile, Report], None]]":
    """Take the whole terminal; what is shown replaces what was shown before."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console()
    with Live(console=console, screen=True, auto_refresh=False) as live:

        def show(profile: "Profile", report: "Report") -> None:
            width, height = console.size
            lines = [line[:width] for line in _lines(profile, report, width)][:height]
            live.update(Text("\n".join(lines)), refresh=True)

        yield show
