"""What is known of a work."""

from pathlib import Path

import pytest

from riostat.citations.classifying import classify_index
from riostat.citations.index import CitationIndex
from riostat.citations.reports import find_work, load_statements, notices, tally
from riostat.core.errors import WorkNotFoundError
from tests.citations.articles import article
from tests.citations.extractions import CLASSIFIER, add, library, opened

LONG = "A work that has no DOI but a title that is long enough"


@pytest.fixture
def index(tmp_path: Path) -> CitationIndex:
    found = opened(tmp_path)
    for path in library(tmp_path / "articles", 12):
        add(found, path.read_bytes())
    found.catch_up()
    return found


@pytest.mark.parametrize(
    ("name", "doi"),
    [
        ("10.1000/shared", "10.1000/shared"),
        ("https://doi.org/10.1000/SHARED", "10.1000/shared"),
        ("The work that everybody cites", "10.1000/shared"),
        ("the WORK that everybody", "10.1000/shared"),
        (LONG, None),
        ("article number 7", "10.1000/article.7"),
    ],
)
def test_a_work_is_found_by_doi_or_title(index: CitationIndex, name: str, doi: str | None) -> None:
    assert find_work(index, name).doi == doi
    index.close()


def test_a_name_of_none_or_of_several_is_refused(index: CitationIndex) -> None:
    for name in ("10.1000/nowhere", "Nowhere", "...", ""):
        with pytest.raises(WorkNotFoundError, match="There is no work"):
            find_work(index, name)
    with pytest.raises(WorkNotFoundError, match=r"of several works \(10\.1000/article\.0; "):
        find_work(index, "Article number")
    index.close()


def test_tally_and_statements(index: CitationIndex) -> None:
    work = find_work(index, LONG)
    found = load_statements(index, work=work)
    assert tally(index, work).total == tally(index, work).unclassified == len(found) == 24
    years = [s.citing.year or 0 for s in found]
    assert years == sorted(years, reverse=True)
    assert {s.cited for s in found} == {work}
    assert {(s.label, s.probabilities, s.method) for s in found} == {(None, None, "title")}
    page = load_statements(index, work=work, limit=5, offset=3)
    assert page == found[3:8]
    ids = [s.id for s in reversed(page)]
    assert load_statements(index, ids=ids) == page[::-1]
    classify_index(index, CLASSIFIER, lambda _: None)
    counts = tally(index, work)
    assert counts.unclassified == 0
    assert counts.supporting + counts.contrasting + counts.mentioning + counts.abstained == 24
    (statement, *_) = load_statements(index, work=work)
    assert statement.probabilities is not None
    assert sum(statement.probabilities) == pytest.approx(1)
    index.close()


def test_notices_of_what_other_documents_say(index: CitationIndex) -> None:
    related = (
        '<related-article related-article-type="retracted-article" '
        'xlink:href="https://doi.org/10.1000/shared"/>'
    )
    add(index, article("<p>x</p>", doi="10.1000/r", title="Retraction", front=related))
    assert notices(index, find_work(index, "10.1000/shared")) == [
        {"kind": "retraction", "doi": "10.1000/r", "title": "Retraction", "year": 2020}
    ]
    assert notices(index, find_work(index, LONG)) == []
    index.close()
