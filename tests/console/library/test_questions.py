"""What requests ask of the library."""

import pytest
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from riostat.citations.index import CitationIndex
from riostat.claims.catalogue import CLAIMS
from riostat.console.library.questions import (
    StatementFilter,
    find_report,
    find_source_pages,
    named_work,
    search_terms,
    shelves,
)
from tests.console.library.conftest import ARTICLES, CLAIM


def test_terms_are_read_and_nothing_asked_is_empty() -> None:
    assert search_terms(QueryParams("q=+&label=&from=")).is_empty
    terms = search_terms(QueryParams("q=+a+b+&label=abstained&section=methods&from=2000"))
    assert (terms.words, terms.years) == ("a b", (2000, 9999))
    assert terms.only == StatementFilter("abstained", "methods")
    assert search_terms(QueryParams("to=1999")).years == (0, 1999)


@pytest.mark.parametrize("query", ["label=bad", "section=bad", "from=x", "from=2&to=1", "to=10000"])
def test_terms_that_make_no_sense_are_refused(query: str) -> None:
    with pytest.raises(HTTPException) as raised:
        search_terms(QueryParams(query))
    assert raised.value.status_code == 400


def test_a_work_is_named_by_doi_or_number(index: CitationIndex) -> None:
    work = named_work(index, CLAIM.source.doi)
    assert named_work(index, str(work.id)) == work
    assert named_work(index, f"https://doi.org/{CLAIM.source.doi.upper()}") == work


def test_shelves_are_pages(index: CitationIndex) -> None:
    shown = shelves(index, limit=2, works_from=2, documents_from=0)
    assert (shown.work_count, shown.document_count) == (3, ARTICLES)
    assert (len(shown.works), len(shown.documents)) == (1, 2)


def test_a_report_counts_what_the_filters_leave(index: CitationIndex) -> None:
    only = StatementFilter(None, "results")
    report, counts = find_report(CLAIM.source.doi, only, [], limit=3, offset=0)(index)
    assert report.found == sum(counts.values()) == ARTICLES
    assert len(report.statements) == 3
    assert report.measured == []


def test_sources_that_the_library_knows_have_pages(index: CitationIndex) -> None:
    pages = find_source_pages([claim.source for claim in CLAIMS])(index)
    assert pages == {CLAIM.source: f"/works/{CLAIM.source.doi}"}
