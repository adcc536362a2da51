"""What pages ask of the index."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from riostat.citations.browsing import (
    LABELS_SHOWN,
    IndexSize,
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
from riostat.citations.classifying import classify_index
from riostat.citations.index import CitationIndex
from riostat.citations.reports import Work, find_work, load_statements, tally
from tests.citations.extractions import CLASSIFIER, add, library, opened

ARTICLES = 6
SHARED = "10.1000/shared"
UNNAMED = "A work that has no DOI but a title that is long enough"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[CitationIndex]:
    with opened(tmp_path) as found:
        for path in library(tmp_path / "articles", ARTICLES):
            add(found, path.read_bytes())
        found.catch_up()
        yield found


def shared(index: CitationIndex) -> Work:
    return find_work(index, SHARED)


def test_the_size_is_what_was_added(index: CitationIndex) -> None:
    count = index.connection.execute("SELECT count(*) FROM statement").fetchone()[0]
    assert index_size(index) == IndexSize(ARTICLES, ARTICLES + 2, count)


def test_works_come_with_their_tallies_the_most_cited_first(index: CitationIndex) -> None:
    total, works = list_works(index, limit=100)
    assert total == len(works) == ARTICLES + 2
    assert works[0].work.title == UNNAMED
    assert all(found.tally == tally(index, found.work) for found in works)
    totals = [found.tally.total for found in works]
    assert totals == sorted(totals, reverse=True)
    pages = [list_works(index, limit=3, offset=n)[1] for n in range(0, total, 3)]
    assert [found for page in pages for found in page] == works


@pytest.mark.parametrize(
    ("words", "count"),
    [
        (SHARED, 1),
        ("EVERYBODY \u2013 cites", 1),
        ("author3", 1),
        ("article library", ARTICLES),
        ("everybody nobody", 0),
        ("10.1000/nowhere", 0),
        ("%", 0),
        ("_", 0),
        ("\0", 0),
        ("'; DROP TABLE work --", 0),
    ],
)
def test_works_are_found_by_doi_and_words(index: CitationIndex, words: str, count: int) -> None:
    total, works = list_works(index, words, limit=100)
    assert total == len(works) == count


def test_documents_say_how_many_statements_they_make(index: CitationIndex) -> None:
    documents = list_documents(index, limit=100)
    assert len(documents) == ARTICLES
    assert sum(found.statements for found in documents) == index_size(index).statements
    assert "creativecommons" in documents[0].licence
    assert list_documents(index, limit=2, offset=4) == documents[4:]


def test_a_work_has_a_number(index: CitationIndex) -> None:
    work = shared(index)
    assert work.id is not None
    assert work_of_id(index, work.id) == work
    assert work_of_id(index, 10**14) is None


def test_a_source_is_found_by_doi_else_by_title_and_year(index: CitationIndex) -> None:
    assert find_source(index, SHARED, "Any", 1900) == shared(index)
    unnamed = find_source(index, "", UNNAMED.upper(), 2002)
    assert unnamed is not None
    assert unnamed.title == UNNAMED
    assert find_source(index, "10.1000/other", UNNAMED, 2002) == unnamed
    assert find_source(index, "", UNNAMED, 2003) is None
    assert find_source(index, "10.1000/other", shared(index).title, 2003) is None
    assert find_source(index, "", "", 2002) is None


def test_authors_are_those_of_the_document_or_the_one_that_is_cited(index: CitationIndex) -> None:
    assert authors_of(index, find_work(index, "10.1000/article.1"), limit=9) == ["Tester, Ann"]
    assert authors_of(index, shared(index), limit=9) == ["Author3"]


def test_filters_leave_what_is_counted(index: CitationIndex) -> None:
    classify_index(index, CLASSIFIER, lambda _: None)
    work = shared(index)
    counts = count_by_label_and_section(index, work)
    everything = statement_ids(index, work, label=None, section=None, limit=100)
    assert len(everything) == sum(counts.values()) == tally(index, work).total
    assert everything == [one.id for one in load_statements(index, work=work)]
    found = []
    for label in LABELS_SHOWN:
        ids = statement_ids(index, work, label=label, section="results", limit=100)
        assert len(ids) == counts.get((label, "results"), 0) == getattr(tally(index, work), label)
        found += ids
    assert sorted(found) == sorted(everything)
    assert statement_ids(index, work, label=None, section="methods", limit=100) == []
    assert (
        statement_ids(index, work, label=None, section=None, limit=2, offset=1) == everything[1:3]
    )


def test_a_document_cites_works_in_the_order_of_its_references(index: CitationIndex) -> None:
    cited = list_cited(index, find_work(index, "10.1000/article.2"), limit=9)
    assert [(work.doi or work.title, count) for work, count in cited] == [
        ("10.1000/article.3", 1),
        (UNNAMED, 2),
        (SHARED, 1),
    ]
    assert list_cited(index, shared(index), limit=9) == []
