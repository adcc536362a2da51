"""What pages ask of the index: works by how often they are cited, statements a page at a time."""

from dataclasses import dataclass
from typing import Any, Final

from riostat.citations.identifiers import normal_doi
from riostat.citations.index import CitationIndex
from riostat.citations.reports import Tally, Work
from riostat.citations.titles import title_key

__all__ = [
    "LABELS_SHOWN",
    "CountedDocument",
    "CountedWork",
    "IndexSize",
    "authors_of",
    "count_by_label_and_section",
    "find_source",
    "index_size",
    "list_cited",
    "list_documents",
    "list_works",
    "statement_ids",
    "work_of_id",
]

LABELS_SHOWN: Final = ("supporting", "contrasting", "mentioning", "abstained", "unclassified")
"""What a statement is counted as; the classifier's label only where it did not abstain."""

_WORDS_MAX: Final = 16
_WORK: Final = "work.id, work.doi, work.title, work.year, work.venue"
_COUNTS: Final = ", ".join(f"coalesce({name}, 0)" for name in (*LABELS_SHOWN, "total"))
_SHOWN: Final = (
    "CASE WHEN label IS NULL THEN 'unclassified' WHEN abstained THEN 'abstained' ELSE label END"
)
_OF_WORK: Final = """
    FROM reference JOIN statement ON statement.reference = reference.id
    JOIN document ON document.id = statement.document
    JOIN work AS citing ON citing.id = document.work
    LEFT JOIN classification ON classification.statement = statement.id
    WHERE reference.work = ?
"""


@dataclass(frozen=True, slots=True)
class IndexSize:
    """How much the index holds; `works` are those that are cited."""

    documents: int
    works: int
    statements: int


@dataclass(frozen=True, slots=True)
class CountedWork:
    """A work and its tally."""

    work: Work
    tally: Tally


@dataclass(frozen=True, slots=True)
class CountedDocument:
    """A document that was read, as the work that it is, and how many statements it makes."""

    work: Work
    licence: str
    statements: int


def index_size(index: CitationIndex) -> IndexSize:
    """Return how much the index holds."""
    row = index.connection.execute(
        "SELECT (SELECT count(*) FROM document),"
        " (SELECT count(*) FROM tally WHERE total > 0), (SELECT count(*) FROM statement)"
    ).fetchone()
    return IndexSize(*row)


def list_works(
    index: CitationIndex, words: str = "", *, limit: int, offset: int = 0
) -> tuple[int, list[CountedWork]]:
    """Return how many works there are and a page of them, the most cited first.

    `words` are a DOI, or words that must all stand in the title or the first author's name; without
    any these are the works that are cited, with some also those that were read.
    """
    doi = normal_doi(words)
    keys = title_key(words).split()[:_WORDS_MAX]
    if doi is not None:
        condition, values = "work.doi = ?", [doi]
    elif keys:
        alike = "(work.title_key || ' ' || work.author_key) LIKE ?"
        condition = " AND ".join(["(total > 0 OR own = 1)", *[alike] * len(keys)])
        values = [f"%{key}%" for key in keys]
    elif words.strip():
        return 0, []
    else:
        condition, values = "total > 0", []
    tables = f"FROM work LEFT JOIN tally ON tally.work = work.id WHERE {condition}"
    connection = index.connection
    total: int = connection.execute(f"SELECT count(*) {tables}", values).fetchone()[0]
    rows = connection.execute(
        f"SELECT {_WORK}, {_COUNTS} {tables}"
        " ORDER BY coalesce(total, 0) DESC, work.title_key, work.id LIMIT ? OFFSET ?",
        [*values, limit, offset],
    )
    return total, [CountedWork(Work(*row[:5]), Tally(*row[5:])) for row in rows]


def list_documents(index: CitationIndex, *, limit: int, offset: int = 0) -> list[CountedDocument]:
    """Return a page of the documents that were read, the latest first."""
    rows = index.connection.execute(
        f"SELECT {_WORK}, licence,"  # noqa: S608 - a constant
        " (SELECT count(*) FROM statement WHERE statement.document = document.id)"
        " FROM document JOIN work ON work.id = document.work"
        " ORDER BY document.id DESC LIMIT ? OFFSET ?",
        (limit, offset),
    )
    return [CountedDocument(Work(*row[:5]), *row[5:]) for row in rows]


def work_of_id(index: CitationIndex, number: int) -> Work | None:
    """Return the work with this number in the index, None where there is none."""
    row = index.connection.execute(
        f"SELECT {_WORK} FROM work WHERE id = ?",  # noqa: S608 - a constant
        (number,),
    ).fetchone()
    return None if row is None else Work(*row)


def find_source(index: CitationIndex, doi: str, title: str, year: int) -> Work | None:
    """Return the work with a DOI, else the most cited without another one of that title and year.

    `doi` may be empty.
    """
    named = normal_doi(doi)
    row = index.connection.execute(
        f"SELECT {_WORK} FROM work LEFT JOIN tally ON tally.work = work.id"  # noqa: S608 - a constant
        " WHERE doi = ? OR (title_key = ? AND title_key <> '' AND year = ?"
        " AND (doi IS NULL OR ? IS NULL))"
        " ORDER BY doi IS NOT ?, coalesce(total, 0) DESC, work.id LIMIT 1",
        (named, title_key(title), year, named, named),
    ).fetchone()
    return None if row is None else Work(*row)


def authors_of(index: CitationIndex, work: Work, *, limit: int) -> list[str]:
    """Return the authors of a work that was read; of others no more than one is known, if any."""
    names = index.connection.execute(
        "SELECT name FROM authorship JOIN author ON author.id = authorship.author WHERE work = ?"
        " ORDER BY position LIMIT ?",
        (work.id, limit),
    ).fetchall()
    if not names:
        names = index.connection.execute(
            "SELECT author FROM reference WHERE work = ? AND author <> '' GROUP BY author"
            " ORDER BY count(*) DESC, author LIMIT 1",
            (work.id,),
        ).fetchall()
    return [name for (name,) in names]


def list_cited(index: CitationIndex, work: Work, *, limit: int) -> list[tuple[Work, int]]:
    """Return the works that a document cites, each with how many of its statements do so.

    They come in the order of its references; of a work that was not read there are none.
    """
    rows = index.connection.execute(
        f"SELECT {_WORK}, count(statement.id)"  # noqa: S608 - a constant
        " FROM document JOIN reference ON reference.document = document.id"
        " JOIN work ON work.id = reference.work"
        " LEFT JOIN statement ON statement.reference = reference.id"
        " WHERE document.work = ? GROUP BY work.id ORDER BY min(reference.number) LIMIT ?",
        (work.id, limit),
    )
    return [(Work(*row[:5]), row[5]) for row in rows]


def count_by_label_and_section(index: CitationIndex, work: Work) -> dict[tuple[str, str], int]:
    """Return how many statements cite a work, by what they are counted as and where they stand."""
    rows = index.connection.execute(
        f"SELECT {_SHOWN}, section, count(*) {_OF_WORK} GROUP BY 1, 2", (work.id,)
    )
    return {(label, section): count for label, section, count in rows}


def statement_ids(
    index: CitationIndex,
    work: Work,
    *,
    label: str | None,
    section: str | None,
    limit: int,
    offset: int = 0,
) -> list[int]:
    """Return a page of the statements that cite a work, the newest documents first."""
    condition, values = "", [work.id]
    for column, value in ((_SHOWN, label), ("section", section)):
        if value is not None:
            condition += f" AND {column} = ?"
            values.append(value)  # type: ignore[arg-type]  # both are bound as they are
    rows: list[tuple[Any]] = index.connection.execute(
        f"SELECT statement.id {_OF_WORK}{condition}"
        " ORDER BY citing.year DESC, citing.id, statement.id LIMIT ? OFFSET ?",
        [*values, limit, offset],
    ).fetchall()
    return [id_ for (id_,) in rows]
