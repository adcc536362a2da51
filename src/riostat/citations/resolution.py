"""Which work a reference means: by DOI or PMID, else by title and year, else by likeness.

A DOI is taken from a reference or from a document, never guessed: a reference without one is given
to a work that has one only where title, year and first author agree, exactly or with a likeness of
at least `SCORE_MIN`. Whatever then is left and has a title becomes, with those of the same title,
year and author, a work without a DOI; when one with a DOI comes that agrees, it takes them over.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from riostat.citations.documents import Reference
from riostat.citations.titles import likeness, name_key, title_key

__all__ = ["SCORE_MIN", "Match", "resolve"]

SCORE_MIN: Final = 0.9

# A shorter title ("Editorial", "Statistical methods") says too little without its author.
_TITLE_CHARACTERS_MIN: Final = 20
_TITLE_WEIGHT, _AUTHOR_WEIGHT, _YEAR_WEIGHT = 0.75, 0.15, 0.1
_CANDIDATES_MAX: Final = 200

_ROMAN: Final = frozenset({"i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"})

# The plus keeps SQLite from looking for all works without a DOI in the index of DOIs.
_WITH_DOI, _WITHOUT_DOI = "+doi IS NOT NULL AND", "+doi IS NULL AND"


@dataclass(frozen=True, slots=True)
class Match:
    """The work that a reference means, how that was found, and how sure it is (0 to 1)."""

    work: int
    method: str
    score: float


def resolve(connection: sqlite3.Connection, reference: Reference) -> Match | None:
    """Return the work that a reference means, or None; makes one that only its title names."""
    if reference.doi is not None:
        return Match(_by_doi(connection, reference), "doi", 1.0)
    if reference.pmid is not None:
        row = connection.execute(
            "SELECT id FROM work WHERE pmid = ? ORDER BY doi IS NULL, id", (reference.pmid,)
        ).fetchone()
        if row is not None:
            return Match(row[0], "pmid", 1.0)
    key = title_key(reference.title)
    if not key:
        return None
    found = _by_title(connection, reference, key, _WITH_DOI)
    return (
        found or _by_likeness(connection, reference, key) or _of_its_own(connection, reference, key)
    )


def _by_doi(connection: sqlite3.Connection, reference: Reference) -> int:
    row = connection.execute("SELECT id FROM work WHERE doi = ?", (reference.doi,)).fetchone()
    if row is None:
        return _new_work(connection, reference, reference.doi)
    work: int = row[0]
    if reference.pmid is not None:
        connection.execute(
            "UPDATE work SET pmid = ? WHERE id = ? AND pmid IS NULL", (reference.pmid, work)
        )
    return work


def _new_work(connection: sqlite3.Connection, reference: Reference, doi: str | None) -> int:
    cursor = connection.execute(
        "INSERT INTO work (doi, pmid, title, title_key, author_key, year, venue, own)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
        (
            doi,
            reference.pmid,
            reference.title,
            title_key(reference.title),
            name_key(reference.author),
            reference.year,
            reference.venue,
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _by_title(
    connection: sqlite3.Connection, reference: Reference, key: str, condition: str
) -> Match | None:
    """Return the one work with this title and year whose author does not contradict."""
    author = name_key(reference.author)
    rows = connection.execute(
        f"SELECT id, author_key FROM work WHERE {condition} title_key = ? AND title_key <> ''"  # noqa: S608 - one of two constants
        " AND year IS ? LIMIT 50",
        (key, reference.year),
    ).fetchall()
    agreeing = [work for work, name in rows if author and name == author]
    silent = [work for work, name in rows if not author or not name]
    if len(key) < _TITLE_CHARACTERS_MIN or reference.year is None:
        silent = []
    found = agreeing or silent
    return Match(found[0], "title", 1.0) if len(found) == 1 else None


def _by_likeness(connection: sqlite3.Connection, reference: Reference, key: str) -> Match | None:
    """Return the work of the same first author that is most like a reference, if it is enough."""
    author, year = name_key(reference.author), reference.year
    if not author or year is None or len(key) < _TITLE_CHARACTERS_MIN:
        return None
    rows = connection.execute(
        f"SELECT id, title_key, year FROM work WHERE {_WITH_DOI} author_key = ?"  # noqa: S608 - a constant
        " AND author_key <> '' AND year BETWEEN ? AND ? LIMIT ?",
        (author, year - 1, year + 1, _CANDIDATES_MAX),
    ).fetchall()
    numbers = _numbers(key)
    scores = sorted(
        (
            (_score(key, year, other, other_year), -work)
            for work, other, other_year in rows
            if _numbers(other) == numbers
        ),
        reverse=True,
    )
    if not scores or scores[0][0] < SCORE_MIN:
        return None
    if len(scores) > 1 and scores[1][0] == scores[0][0]:
        return None  # two are equally like it
    return Match(-scores[0][1], "likeness", round(scores[0][0], 4))


def _score(key: str, year: int, other_key: str, other_year: int) -> float:
    """How likely two works of the same first author are the same: 1 where all agrees."""
    years = 1.0 if year == other_year else 0.5
    return _TITLE_WEIGHT * likeness(key, other_key) + _AUTHOR_WEIGHT + _YEAR_WEIGHT * years


def _numbers(key: str) -> set[str]:
    """What tells parts, editions and updates of a work apart."""
    return {word for word in key.split() if word.isdigit() or word in _ROMAN}


def _of_its_own(connection: sqlite3.Connection, reference: Reference, key: str) -> Match | None:
    """Return the work without a DOI that a title and a year name, making it if it is new."""
    if reference.year is None or (len(key) < _TITLE_CHARACTERS_MIN and not reference.author):
        return None
    found = _by_title(connection, reference, key, _WITHOUT_DOI)
    if found is not None:
        return found
    return Match(_new_work(connection, reference, None), "title", 1.0)
