"""riostat cite report."""

import json
from dataclasses import asdict

import click

from riostat.commands.cite.showing import as_json as statement_json
from riostat.commands.cite.showing import as_lines, work_json
from riostat.commands.options import json_option, settings_options
from riostat.core.datadir import DataDirectory
from riostat.core.settings import Settings
from riostat.core.text import printable

__all__ = ["command"]

_SHOWN = 20


@click.command(name="report")
@click.argument(
    "work",
    metavar="DOI|TITLE",
    help="A DOI, with or without https://doi.org/, or a title; its beginning may do.",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(0),
    help=f"Statements to print [default: {_SHOWN}; with --json, all].",
)
@json_option
@settings_options("data")
def command(settings: Settings, work: str, limit: int | None, *, as_json: bool) -> None:
    """Show who cites a work: tallies, statements with the target marked, notices.

    Where the classifier abstains, its most probable label is printed after "perhaps" and counted
    as abstained.
    """
    from riostat.citations.index import CitationIndex
    from riostat.citations.reports import find_work, load_statements, notices, tally

    with CitationIndex.open(DataDirectory(settings.data).citations) as index:
        index.catch_up()  # an ingest that was killed may have left tallies behind
        found = find_work(index, work)
        counts = asdict(tally(index, found))
        shown = limit if limit is not None else -1 if as_json else _SHOWN
        statements = load_statements(index, work=found, limit=shown)
        warnings = notices(index, found)
    if as_json:
        result = {
            "work": work_json(found),
            "tally": counts,
            "statements": [statement_json(statement) for statement in statements],
            "notices": warnings,
        }
        click.echo(json.dumps(result))
        return
    click.echo(printable(found.title or found.doi or ""))
    click.echo(", ".join(map(str, filter(None, (found.doi, found.year, found.journal)))))
    click.echo(", ".join(f"{count} {name}" for name, count in counts.items()))
    for notice in warnings:
        click.echo(f"notice: {notice['kind']} by {notice['doi'] or printable(notice['title'])}")
    for statement in statements:
        click.echo("\n".join(as_lines(statement, with_cited=False)))
    if len(statements) < counts["total"]:
        click.echo(f"{counts['total'] - len(statements)} more; --limit shows them", err=True)
