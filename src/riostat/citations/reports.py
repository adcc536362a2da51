"""What is known of one work: its tally, the statements that cite it, the notices about it."""

from dataclasses import dataclass
from typing import Any, Final

from riostat.citations.identifiers import normal_doi
from riostat.citations.index import CitationIndex
from riostat.citations.titles import title_key
from riostat.core.errors import WorkNotFoundError
from riostat.core.text import printable

__all__ = ["CitedStatement", "Tally", "Work", "find_work", "load_statements", "notices", "tally"]

_MATCHES_SHOWN: Final = 5

_STATEMENTS: Final = """
    SELECT statement.id, statement.sentence, statement.start, statement."end", statement.previous,
        statement.next, statement.section, statement.heading, statement.place,
        classification.label, classification.abstained, classification.supporting,
        classification.contrasting, classification.mentioning, reference.method, reference.score,
        citing.id, citing.doi, citing.title, citing.year, citing.venue,
        cited.id, cited.doi, coalesce(cited.title, reference.title), cited.year, cited.venue
    FROM statement
    JOIN reference ON reference.id = statement.reference
    JOIN document ON document.id = statement.document
    JOIN work AS citing ON citing.id = document.work
    LEFT JOIN work AS cited ON cited.id = reference.work
    LEFT JOIN classification ON classification.statement = statement.id
"""


@dataclass(frozen=True, slots=True)
class Work:
    """A work that is cited or cites; without a DOI where nobody has named one."""

    id: int | None
    doi: str | None
    title: str
    year: int | None
    journal: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many statements cite a work, by what they say; `total` is the sum of the others."""

    supporting: int
    contrasting: int
    mentioning: int
    abstained: int
    unclassified: int
    total: int


@dataclass(frozen=True, slots=True)
class CitedStatement:
    """A statement with both works, and what the classifier says of it, None where it said nothing.

    `method` and `score` say how the reference was resolved to `cited`.
    """

    id: int
    sentence: str
    start: int
    end: int
    previous: str | None
    next: str | None
    section: str
    heading: str
    place: str
    label: str | None
    abstained: bool
    probabilities: tuple[float, float, float] | None
    method: str
    score: float
    citing: Work
    cited: Work


def find_work(index: CitationIndex, name: str) -> Work:
    """Return the one work with a DOI or a title; raises `WorkNotFoundError`.

    Of a title the beginning is enough where it is that of one work only.
    """
    doi = normal_doi(name)
    if doi is not None:
        rows = _works(index, "doi = ?", (doi,))
    else:
        key = title_key(name)
        rows = _works(index, "title_key = ? AND title_key <> ''", (key,))
        if len(rows) != 1 and key:
            rows = (
                [row for row in rows if row.doi is not None][:2]
                or rows
                or _works(
                    index,
                    "title_key >= ? AND title_key < ? AND title_key <> ''",
                    (key, key + "\U0010ffff"),
                )
            )
    if len(rows) == 1:
        return rows[0]
    if rows:
        titles = "; ".join(printable(row.doi or row.title) for row in rows[:_MATCHES_SHOWN])
        raise WorkNotFoundError(
            f"{printable(name)!r} is the title, or its beginning, of several works ({titles}); "
            "give a DOI."
        )
    raise WorkNotFoundError(
        f"There is no work {printable(name)!r} in the index; `riostat cite search` finds what is."
    )


def _works(index: CitationIndex, condition: str, values: tuple[str, ...]) -> list[Work]:
    rows = index.connection.execute(
        f"SELECT id, doi, title, year, venue FROM work WHERE {condition} ORDER BY id LIMIT 20",  # noqa: S608 - constants
        values,
    )
    return [Work(*row) for row in rows]


def tally(index: CitationIndex, work: Work) -> Tally:
    """Return the tally of a work, all zeros where nothing cites it."""
    row = index.connection.execute(
        "SELECT supporting, contrasting, mentioning, abstained, unclassified, total FROM tally"
        " WHERE work = ?",
        (work.id,),
    ).fetchone()
    return Tally(*(row or (0,) * 6))


def notices(index: CitationIndex, work: Work) -> list[dict[str, Any]]:
    """Return what the documents of the index retract, correct or doubt of a work."""
    rows = index.connection.execute(
        "SELECT notice.kind, work.doi, work.title, work.year FROM notice"
        " JOIN document ON document.id = notice.document JOIN work ON work.id = document.work"
        " WHERE notice.doi = ? ORDER BY notice.kind, work.year, work.doi",
        (work.doi,),
    )
    return [dict(zip(("kind", "doi", "title", "year"), row, strict=True)) for row in rows]


def load_statements(
    index: CitationIndex,
    *,
    work: Work | None = None,
    ids: list[int] | None = None,
    limit: int = -1,
    offset: int = 0,
) -> list[CitedStatement]:
    """Return the statements that cite a work, the newest documents first, or those of `ids`."""
    if ids is not None:
        marks = ",".join("?" * len(ids))
        rows = index.connection.execute(
            f"{_STATEMENTS} WHERE statement.id IN ({marks})",
            ids,
        ).fetchall()
        places = {id_: place for place, id_ in enumerate(ids)}
        return sorted((_statement(row) for row in rows), key=lambda found: places[found.id])
    assert work is not None
    rows = index.connection.execute(
        f"{_STATEMENTS} WHERE reference.work = ?"
        " ORDER BY citing.year DESC, citing.id, statement.id LIMIT ? OFFSET ?",
        (work.id, limit, offset),
    ).fetchall()
    return [_statement(row) for row in rows]


def _statement(row: tuple[Any, ...]) -> CitedStatement:
    label, abstained, *probabilities = row[9:14]
    classified = (label, bool(abstained), None if label is None else tuple(probabilities))
    values = (*row[:9], *classified, *row[14:16], Work(*row[16:21]), Work(*row[21:26]))
    return CitedStatement(*values)
