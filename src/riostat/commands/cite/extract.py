"""riostat cite extract."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from riostat.commands.options import json_option
from riostat.core.text import printable

if TYPE_CHECKING:
    from riostat.citations.documents import Document
    from riostat.citations.statements import Statement

__all__ = ["command"]


@click.command(name="extract")
@click.argument(
    "file",
    type=click.Path(path_type=Path),
    help="JATS XML of an article: .xml, .nxml or .jats.",
)
@json_option
def command(file: Path, *, as_json: bool) -> None:
    """Print the citation statements of one document; nothing is kept.

    A sentence that cites several works is printed once for each, with the marker of the one that
    is meant between >> and <<.
    """
    from riostat.citations.documentfile import load_document  # lxml, which `--help` does not need
    from riostat.citations.statements import statements_of

    document = load_document(file)
    statements = statements_of(document)
    if as_json:
        click.echo(json.dumps(_result(document, statements)))
    else:
        _print(document, statements)


def _result(document: "Document", statements: "list[Statement]") -> dict[str, object]:
    return {
        "document": {
            "doi": document.doi,
            "title": document.title,
            "year": document.year,
            "journal": document.journal,
        },
        "references": [
            {"id": reference.id, "doi": reference.doi, "title": reference.title}
            for reference in document.references
        ],
        "statements": [
            {
                "id": statement.id,
                "reference": statement.reference,
                "sentence": statement.sentence,
                "start": statement.start,
                "end": statement.end,
                "previous": statement.previous,
                "next": statement.next,
                "section": statement.section,
                "heading": statement.heading,
                "place": statement.place,
                "hash": statement.hash,
            }
            for statement in statements
        ],
        "dangling": document.dangling,
    }


def _print(document: "Document", statements: "list[Statement]") -> None:
    titles = {reference.id: reference.title for reference in document.references}
    for statement in statements:
        sentence, start, end = statement.sentence, statement.start, statement.end
        marked = f"{sentence[:start]}>>{sentence[start:end]}<<{sentence[end:]}"
        title = titles[statement.reference] or statement.reference
        click.echo(f"{statement.id} [{statement.section}] {printable(title)}")
        click.echo(f"    {printable(marked)}")
    name = document.title or document.doi or "this document"
    click.echo(
        f"{len(statements)} statements, {len(document.references)} references in {printable(name)}",
        err=True,
    )
    if document.dangling:
        click.echo(f"{document.dangling} markers name a reference that is not in it", err=True)
