"""What a request asks of the library, and how the index answers it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from starlette.datastructures import QueryParams

from riostat.citations.browsing import (
    LABELS_SHOWN,
    CountedDocument,
    CountedWork,
    authors_of,
    count_by_label_and_section,
    find_source,
    index_size,
    list_cited,
    list_documents,
    list_works,
    statement_ids,
    work_of_id,
)
from riostat.citations.identifiers import normal_doi
from riostat.citations.index import CitationIndex
from riostat.citations.reports import Work, find_work, load_statements, notices, tally
from riostat.citations.sections import SECTIONS
from riostat.claims.claim import Claim, Source
from riostat.claims.verdicts import Verdict
from riostat.console import queries
from riostat.console.answers import refusal
from riostat.console.library.measured import measured_claims
from riostat.console.library.views import (
    CitedView,
    SearchAnswer,
    WorkReport,
    counted_view,
    statement_view,
    tallies_of,
    work_href,
    work_view,
)
from riostat.core.text import printable

__all__ = [
    "ClaimsWithVerdicts",
    "Counts",
    "SearchTerms",
    "Shelves",
    "StatementFilter",
    "find_report",
    "find_source_pages",
    "find_statements",
    "named_work",
    "search_terms",
    "shelves",
    "statement_filter",
]

ClaimsWithVerdicts: TypeAlias = Iterable[tuple[Claim, Verdict | None]]
Counts: TypeAlias = dict[tuple[str, str], int]

_LONGEST_WORDS = 400
_LONGEST_NAME = 600
_SHOWN = 60
_DIGITS_MAX = 15
_AUTHORS = 30
_REFERENCES = 1000
_LATEST_YEAR = 9999


@dataclass(frozen=True, slots=True)
class StatementFilter:
    """Which statements are asked for; None is any."""

    label: str | None
    section: str | None


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """What is searched for; the years are the citing document's."""

    words: str
    only: StatementFilter
    years: tuple[int, int] | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.words and self.only == StatementFilter(None, None) and self.years is None


@dataclass(frozen=True, slots=True)
class Shelves:
    """A page of the works and one of the documents, and how many there are of each."""

    work_count: int
    document_count: int
    works: list[CountedWork]
    documents: list[CountedDocument]


def statement_filter(query: QueryParams) -> StatementFilter:
    """Return the label and the section that are asked for; raises `HTTPException`."""
    return StatementFilter(
        _one_of(query, "label", LABELS_SHOWN), _one_of(query, "section", SECTIONS)
    )


def search_terms(query: QueryParams) -> SearchTerms:
    """Return what is searched for; raises `HTTPException`."""
    words = query.get("q", "").strip()
    if len(words) > _LONGEST_WORDS:
        raise refusal(400, f"q has {len(words)} characters; search for {_LONGEST_WORDS} at most.")
    years = None
    if query.get("from") or query.get("to"):
        first, last = (
            queries.whole_number(query, name, default=default, low=0, high=_LATEST_YEAR)
            for name, default in (("from", 0), ("to", _LATEST_YEAR))
        )
        if first > last:
            raise refusal(400, f"No year is from {first} on and not after {last}; swap them.")
        years = (first, last)
    return SearchTerms(words, statement_filter(query), years)


def _one_of(query: QueryParams, name: str, known: tuple[str, ...]) -> str | None:
    text = query.get(name, "")
    if not text:
        return None
    if text not in known:
        raise refusal(
            400, f"{name}={printable(text[:_SHOWN])} is unknown; there are {', '.join(known)}."
        )
    return text


def named_work(index: CitationIndex, name: str) -> Work:
    """Return the work with a DOI or a number of the index.

    Raises `HTTPException`, or `WorkNotFoundError`.
    """
    work = None
    if len(name) <= _LONGEST_NAME:
        if normal_doi(name) is not None:
            return find_work(index, name)
        if name.isascii() and name.isdigit() and len(name) <= _DIGITS_MAX:
            work = work_of_id(index, int(name))
    if work is None:
        raise refusal(
            404,
            f"There is no work {printable(name[:_SHOWN])!r} in the library; search for its title.",
        )
    return work


def shelves(index: CitationIndex, *, limit: int, works_from: int, documents_from: int) -> Shelves:
    """Return what the library's page shows when nothing is searched for."""
    count, works = list_works(index, limit=limit, offset=works_from)
    documents = list_documents(index, limit=limit, offset=documents_from)
    return Shelves(count, index_size(index).documents, works, documents)


def find_report(
    name: str, only: StatementFilter, claims: ClaimsWithVerdicts, *, limit: int, offset: int
) -> Callable[[CitationIndex], tuple[WorkReport, Counts]]:
    """Return the question for the report of one work, and for its statements by label and section.

    The claims are those that its source is compared with.
    """

    def answer(index: CitationIndex) -> tuple[WorkReport, Counts]:
        work = named_work(index, name)
        counts = count_by_label_and_section(index, work)
        found = sum(
            count
            for (label, section), count in counts.items()
            if only.label in {None, label} and only.section in {None, section}
        )
        ids = statement_ids(
            index, work, label=only.label, section=only.section, limit=limit, offset=offset
        )
        report = WorkReport(
            work=work_view(work),
            authors=authors_of(index, work, limit=_AUTHORS),
            tally=tallies_of(tally(index, work)),
            found=found,
            statements=[statement_view(one) for one in load_statements(index, ids=ids)],
            notices=notices(index, work),
            measured=measured_claims(work, claims),
            references=[
                CitedView(work_view(cited), count)
                for cited, count in list_cited(index, work, limit=_REFERENCES)
            ],
        )
        return report, counts

    return answer


def find_statements(
    terms: SearchTerms, *, works: int, limit: int, offset: int
) -> Callable[[CitationIndex], SearchAnswer]:
    """Return the question for statements with words, and for at most `works` with them."""

    def answer(index: CitationIndex) -> SearchAnswer:
        # tantivy, which most consoles never need
        from riostat.citations.search import Filters, StatementSearch

        filters = Filters(terms.only.label, terms.only.section, terms.years)
        search = StatementSearch(index)
        hits = search.search(terms.words, filters, limit=limit, offset=offset)
        statements = load_statements(index, ids=hits.statements)
        named = list_works(index, terms.words, limit=works)[1] if terms.words else []
        return SearchAnswer(
            [counted_view(work) for work in named],
            hits.total,
            [statement_view(one) for one in statements],
        )

    return answer


def find_source_pages(
    sources: Iterable[Source],
) -> Callable[[CitationIndex], dict[Source, str | None]]:
    """Return the question for the pages of claims' sources; those not in the index have none."""
    asked = set(sources)

    def answer(index: CitationIndex) -> dict[Source, str | None]:
        found = {
            source: find_source(index, source.doi, source.title, source.year) for source in asked
        }
        return {source: work_href(work) for source, work in found.items() if work is not None}

    return answer
