"""riostat profile report."""

import json

import click

from riostat.commands.options import SPAN_HELP, json_option, settings_options
from riostat.core.settings import Settings

__all__ = ["command"]

_DEFAULT_KEYS = "domain,process,symbol"
_DEFAULT_TOP = 40


@click.command(name="report")
@click.argument("run", metavar="RUN[@FROM..TO]", help=SPAN_HELP)
@click.option(
    "--by",
    metavar="KEYS",
    default=_DEFAULT_KEYS,
    show_default=True,
    help="What to tell samples apart by, of domain, process, pid, module, symbol, cpu and mode.",
)
@click.option(
    "--per",
    "unit",
    type=click.Choice(["second", "frame", "byte", "block"]),
    help="Add the cost of each row per unit of work that the run counts.",
)
@click.option(
    "-e", "--event", metavar="EVENT", help="Which of the recorded events [default: the first]."
)
@click.option(
    "--children",
    is_flag=True,
    help="Count a sample for every function in its callchain; shares overlap then.",
)
@click.option("--idle", is_flag=True, help="Count the time for which CPUs were idle as well.")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Show the N largest rows [default: {_DEFAULT_TOP}, with --json all].",
)
@json_option
@settings_options("data")
def command(
    settings: Settings,
    *,
    run: str,
    by: str,
    unit: str | None,
    event: str | None,
    children: bool,
    idle: bool,
    top: int | None,
    as_json: bool,
) -> None:
    """Show which share of the samples each domain, process and function has.

    RUN is a name, the beginning of one, a path, or `latest`; seconds from its start choose a span
    of it. Every share has a 95 % interval, which knows that programs work in phases. Idle time and
    lost records stand outside the shares, which add up to 1. Frames and bytes are those that the
    ports of a switch were handed in the span, as the run counts them.
    """
    from riostat.commands.profile.loading import load_profile, load_work
    from riostat.commands.profile.result import report_object, report_table
    from riostat.commands.profile.table import echo_head, echo_table
    from riostat.profiler.grouping import parse_keys
    from riostat.profiler.report import build_report, rate_per

    keys = parse_keys(by)
    profile = load_profile(settings.data, run, event)
    rate = None
    if unit is not None:
        rate = rate_per(profile, unit, load_work(settings.data, run, profile, unit))
    if top is None and not as_json:
        top = _DEFAULT_TOP
    report = build_report(profile, by=keys, children=children, idle=idle, top=top)
    if as_json:
        click.echo(json.dumps(report_object(profile, report, rate)))
        return
    echo_head(profile)
    if not report.rows:
        click.echo("Nothing was sampled in this span.")
        return
    head, rows, numbers = report_table(report, rate)
    echo_table(head, rows, numbers=numbers)
