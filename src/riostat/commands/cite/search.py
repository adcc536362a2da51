"""riostat cite search."""

import json

import click

from riostat.citations.sections import SECTIONS
from riostat.commands.cite.showing import as_json as statement_json
from riostat.commands.cite.showing import as_lines
from riostat.commands.options import json_option, settings_options
from riostat.core.datadir import DataDirectory
from riostat.core.errors import CitationIndexError
from riostat.core.settings import Settings

__all__ = ["command"]

_LABELS = ("supporting", "contrasting", "mentioning", "abstained", "unclassified")


def _years(
    _ctx: click.Context, _parameter: click.Parameter, value: str | None
) -> tuple[int, int] | None:
    if value is None:
        return None
    first, dots, last = value.partition("..")
    try:
        years = (int(first or 0), int(last or 9999) if dots else int(first))
    except ValueError:
        raise click.BadParameter(
            f"{value!r} is no year and no span of years as 2005..2010."
        ) from None
    if not 0 <= years[0] <= years[1] <= 9999:
        raise click.BadParameter(f"{value!r} is no span of years as 2005..2010.")
    return years


@click.command(name="search")
@click.argument(
    "words",
    nargs=-1,
    metavar="WORDS...",
    help='Words to find; those in "double quotes" stand together.',
)
@click.option(
    "--label", type=click.Choice(_LABELS), help="What the statements say of what they cite."
)
@click.option("--section", type=click.Choice(SECTIONS), help="Where in the article they stand.")
@click.option(
    "--year", "years", metavar="YEAR[..YEAR]", callback=_years, help="When the article came out."
)
@click.option("--author", metavar="NAME", help="Words of the name of one of its authors.")
@click.option("--journal", metavar="NAME", help="Words of the journal's name.")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 10_000),
    default=20,
    show_default=True,
    help="Statements to print.",
)
@json_option
@settings_options("data")
def command(
    settings: Settings,
    *,
    words: tuple[str, ...],
    label: str | None,
    section: str | None,
    years: tuple[int, int] | None,
    author: str | None,
    journal: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Find statements by their words, the best first.

    All the words must be in the sentence, in any form: "replicates" finds "replicated".
    """
    from riostat.citations.index import CitationIndex
    from riostat.citations.reports import load_statements
    from riostat.citations.search import Filters, StatementSearch

    filters = Filters(label, section, years, author, journal)
    with CitationIndex.open(DataDirectory(settings.data).citations) as index:
        search = StatementSearch(index)
        if search.behind:
            try:
                search.catch_up(lambda _: None)
            except CitationIndexError as error:
                click.echo(f"riostat: {error} Searched is what it has by now.", err=True)
        hits = search.search(" ".join(words), filters, limit=limit)
        statements = load_statements(index, ids=hits.statements)
    if as_json:
        found = [statement_json(statement) for statement in statements]
        click.echo(json.dumps({"total": hits.total, "statements": found}))
        return
    for statement in statements:
        click.echo("\n".join(as_lines(statement, with_cited=True)))
    click.echo(f"{len(statements)} of {hits.total} statements", err=True)
