"""riostat profile diff."""

import json
from typing import TYPE_CHECKING

import click

from riostat.commands.options import SPAN_HELP, json_option, settings_options
from riostat.core.settings import Settings

if TYPE_CHECKING:
    from riostat.profiler.diff import Change
    from riostat.profiler.profile import Profile

__all__ = ["command"]

_DEFAULT_TOP = 40


@click.command(name="diff")
@click.argument("before", metavar="BEFORE[@FROM..TO]", help=SPAN_HELP)
@click.argument("after", metavar="AFTER[@FROM..TO]", help=SPAN_HELP)
@click.option(
    "--by",
    metavar="KEYS",
    default="domain,process,symbol",
    show_default=True,
    help="What to tell samples apart by, of domain, process, pid, module, symbol, cpu and mode.",
)
@click.option(
    "-e", "--event", metavar="EVENT", help="Which of the recorded events [default: the first]."
)
@click.option(
    "--children",
    is_flag=True,
    help="Count a sample for every function in its callchain; shares overlap then.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    metavar="N",
    help=f"Show the first N rows [default: {_DEFAULT_TOP}, with --json all].",
)
@json_option
@settings_options("data")
def command(
    settings: Settings,
    *,
    before: str,
    after: str,
    by: str,
    event: str | None,
    children: bool,
    top: int | None,
    as_json: bool,
) -> None:
    """Show which shares changed from one profile to another.

    Those that changed beyond their error bars come first, marked with a star, and the largest
    change first. Two spans of one run compare as well as two runs. Of shares that did not change,
    one in twenty has a star by chance.
    """
    from riostat.commands.profile.loading import load_profile
    from riostat.profiler.diff import diff_profiles
    from riostat.profiler.grouping import parse_keys

    keys = parse_keys(by)
    profiles = [load_profile(settings.data, run, event) for run in (before, after)]
    changes = diff_profiles(*profiles, by=keys, children=children)
    if top is None and not as_json:
        top = _DEFAULT_TOP
    if as_json:
        click.echo(json.dumps(_result(profiles, keys, changes[:top])))
    else:
        _show(profiles, keys, changes, top)


def _result(
    profiles: "list[Profile]", keys: tuple[str, ...], changes: "list[Change]"
) -> dict[str, object]:
    before, after = (
        {
            "samples": len(profile.weights),
            "lost": profile.lost,
            "seconds": profile.seconds,
            "notes": list(profile.notes),
        }
        for profile in profiles
    )
    rows = [
        {
            **dict(zip(keys, change.values, strict=True)),
            "before_samples": change.before_samples,
            "after_samples": change.after_samples,
            "before": change.before,
            "after": change.after,
            "change": change.change,
            "low": change.low,
            "high": change.high,
            "significant": change.significant,
        }
        for change in changes
    ]
    return {"event": profiles[0].event, "before": before, "after": after, "rows": rows}


def _show(
    profiles: "list[Profile]", keys: tuple[str, ...], changes: "list[Change]", top: int | None
) -> None:
    from riostat.commands.profile.table import echo_table, head_lines, percent

    for name, profile in zip(("before", "after"), profiles, strict=True):
        for line in head_lines(profile):
            click.echo(f"{name + ':':<8}{line}")
    click.echo()
    rows = [
        [
            "*" if change.significant else "",
            f"{100 * change.change:+.2f}",
            f"{100 * change.low:+.2f} .. {100 * change.high:+.2f}",
            percent(change.before),
            percent(change.after),
            *change.values,
        ]
        for change in changes[:top]
    ]
    head = ["", "change %", "95 % interval", "before %", "after %", *keys]
    echo_table(head, rows, numbers=5)
    if hidden := len(changes) - len(rows):
        click.echo(f"{hidden} more rows; show them with --top {len(changes)}.")
