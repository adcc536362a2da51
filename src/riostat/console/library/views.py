"""Works and statements as the API answers them and the pages show them."""

import re
from typing import Any
from urllib.parse import quote

import msgspec

from riostat.citations.browsing import CountedWork
from riostat.citations.reports import CitedStatement, Tally, Work
from riostat.console.library.measured import MeasuredClaim

__all__ = [
    "CitedView",
    "SearchAnswer",
    "StatementView",
    "Tallies",
    "TallyView",
    "WorkReport",
    "WorkView",
    "counted_view",
    "statement_view",
    "tallies_of",
    "work_href",
    "work_view",
]

# What a browser leaves as it is in an address; it would take "." and ".." for folders.
_PLAIN_DOI = re.compile(r"(?!.*(?://|/\.{1,2}(?:/|$)))10\.[\d.]+/[\w.;()/:+<>\[\]#-]+", re.ASCII)


class WorkView(msgspec.Struct, frozen=True):
    """A work; `href` is its page, None where a reference could be given to no work."""

    id: int | None
    doi: str | None
    title: str
    year: int | None
    journal: str
    href: str | None


class Tallies(msgspec.Struct, frozen=True):
    """How many statements cite a work, by what they say; `total` is the sum of the others."""

    supporting: int
    contrasting: int
    mentioning: int
    abstained: int
    unclassified: int
    total: int


class TallyView(msgspec.Struct, frozen=True):
    """A work and its tallies."""

    work: WorkView
    tally: Tallies


class CitedView(msgspec.Struct, frozen=True):
    """A work that a document cites, in so many of its statements."""

    work: WorkView
    statements: int


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    """A statement; ``sentence[start:end]``, in code points, is the marker of the cited work.

    `label` is the most probable one also where the classifier abstained, None where it was not
    asked; `resolution` says how the reference was given to `cited`.
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
    probabilities: dict[str, float] | None
    resolution: dict[str, str | float]
    citing: WorkView
    cited: WorkView


class WorkReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one work.

    `found` counts the statements that the filters let through, of which `statements` are a page;
    `measured` are riostat's own claims after this work, which no tally counts; `references` are
    the works that it cites, where it was read.
    """

    work: WorkView
    authors: list[str]
    tally: Tallies
    found: int
    statements: list[StatementView]
    notices: list[dict[str, Any]]
    measured: list[MeasuredClaim]
    references: list[CitedView]


class SearchAnswer(msgspec.Struct, frozen=True):
    """Works whose titles have the words, and a page of the `found` statements that have them."""

    works: list[TallyView]
    found: int
    statements: list[StatementView]


def work_href(work: Work) -> str | None:
    """Return the address of a work's page: by DOI, else by its number in the index."""
    if work.id is None:
        return None
    if work.doi is not None and _PLAIN_DOI.fullmatch(work.doi):
        return f"/works/{quote(work.doi, safe='/:()')}"
    return f"/works/{work.id}"


def work_view(work: Work) -> WorkView:
    """Return what is said of a work."""
    return WorkView(work.id, work.doi, work.title, work.year, work.journal, work_href(work))


def tallies_of(tally: Tally) -> Tallies:
    """Return a tally as it is answered."""
    return Tallies(
        tally.supporting,
        tally.contrasting,
        tally.mentioning,
        tally.abstained,
        tally.unclassified,
        tally.total,
    )


def counted_view(counted: CountedWork) -> TallyView:
    """Return a work and its tally as they are answered."""
    return TallyView(work_view(counted.work), tallies_of(counted.tally))


def statement_view(statement: CitedStatement) -> StatementView:
    """Return a statement as it is answered."""
    probabilities = None
    if statement.probabilities is not None:
        names = ("supporting", "contrasting", "mentioning")
        probabilities = dict(zip(names, statement.probabilities, strict=True))
    return StatementView(
        id=statement.id,
        sentence=statement.sentence,
        start=statement.start,
        end=statement.end,
        previous=statement.previous,
        next=statement.next,
        section=statement.section,
        heading=statement.heading,
        place=statement.place,
        label=statement.label,
        abstained=statement.abstained,
        probabilities=probabilities,
        resolution={"method": statement.method, "score": statement.score},
        citing=work_view(statement.citing),
        cited=work_view(statement.cited),
    )
