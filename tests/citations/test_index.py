"""What is added to an index, and what is counted of it."""

import sqlite3
from pathlib import Path

import pytest

from riostat.citations.index import CitationIndex
from tests.citations.articles import article, reference
from tests.citations.extractions import add, cite, extraction, library, opened


def column(index: CitationIndex, query: str) -> list[object]:
    return [value for (value,) in index.connection.execute(query)]


def test_documents_of_a_library(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        for path in library(tmp_path / "articles", 4):
            assert add(index, path.read_bytes())
        index.catch_up()
        assert column(index, "SELECT count(*) FROM statement") == [16]
        assert column(index, "SELECT count(*) FROM work") == [6]
        totals = "SELECT total FROM tally JOIN work ON work = id WHERE doi IS {} ORDER BY doi"
        assert column(index, totals.format("'10.1000/shared'")) == [4]
        assert column(index, totals.format("NULL")) == [8]
        assert column(index, "SELECT sum(total) FROM tally") == [16]
        assert column(index, "SELECT name FROM author") == ["Tester, Ann"]
        assert column(index, "SELECT count(*) FROM unsettled") == [0]
        assert column(index, "SELECT count(*) FROM unindexed") == [16]
        others = set(column(index, "SELECT others FROM statement WHERE sentence LIKE 'Trial%'"))
        assert others == {"24-25 24-27", "24-25 26-27", "24-27 26-27"}


def test_what_a_document_says_of_itself_is_believed_more(tmp_path: Path) -> None:
    references = reference(1, doi="10.1000/b", title="B, as others call it")
    with opened(tmp_path) as index:
        add(index, article(f"<p>{cite(1)}</p>", doi="10.1000/a", references=references))
        title = "SELECT title FROM work WHERE doi = '10.1000/b'"
        assert column(index, title) == ["B, as others call it"]
        add(index, article("<p>x</p>", doi="10.1000/b", title="B itself", references=0))
        assert column(index, title) == ["B itself"]
        assert column(index, "SELECT count(*) FROM work") == [2]


def test_the_same_bytes_are_added_once_and_newer_ones_replace_older(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        assert add(index, article(f"<p>One {cite(1)}.</p>"))
        assert not add(index, article(f"<p>One {cite(1)}.</p>"))
        index.catch_up()
        assert add(index, article(f"<p>Two {cite(2, 3)}.</p>"))
        index.catch_up()
        assert column(index, "SELECT sentence FROM statement") == ["Two 2, 3."] * 2
        assert column(index, "SELECT count(*) FROM document") == [1]
        works = "SELECT title FROM work JOIN tally ON work = id WHERE total > 0 ORDER BY title"
        assert column(index, works) == ["Work number 2", "Work number 3"]
        assert column(index, "SELECT count(*) FROM reference") == [12]
        assert column(index, "PRAGMA foreign_key_check") == []


def test_documents_without_a_doi_are_known_by_their_bytes(tmp_path: Path) -> None:
    nameless = article(f"<p>One {cite(1)}.</p>", doi="none")
    with opened(tmp_path) as index:
        assert add(index, nameless)
        assert not add(index, nameless)
        index.connection.execute("UPDATE document SET parser = 0")
        assert add(index, nameless)
        assert column(index, "SELECT count(*) FROM document") == [1]
        assert column(index, "SELECT count(*) FROM work WHERE own") == [1]


def test_a_document_without_a_doi_is_known_by_title_author_and_year(tmp_path: Path) -> None:
    cited = (
        '<ref id="B1"><element-citation><name><surname>Tester</surname></name><article-title>'
        "A note of no number</article-title><year>2020</year></element-citation></ref>"
    )
    with opened(tmp_path) as index:
        add(index, article(f"<p>{cite(1)}</p>", references=cited))
        add(index, _note(f"<p>One {cite(1)}.</p>"))
        add(index, _note(f"<p>Two {cite(1)}.</p>"))
        index.catch_up()
        works = "SELECT total FROM work JOIN tally ON work = id WHERE title = 'A note of no number'"
        assert column(index, works) == [1]
        assert column(index, "SELECT count(*) FROM document") == [2]
        assert "Two 1." in column(index, "SELECT sentence FROM statement")
        add(index, _note("<p>Another</p>", year=2021))
        assert column(index, "SELECT count(*) FROM document") == [3]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("title", ["A title that is long enough", "A title that is longg enough"])
def test_the_order_of_documents_does_not_matter(
    tmp_path: Path, order: tuple[int, ...], title: str
) -> None:
    known = reference(1, doi="10.1000/b", title="A title that is long enough")
    documents = [
        article(f"<p>{cite(1)}</p>", doi="10.1000/x", references=reference(1, title=title)),
        article(f"<p>{cite(1)}</p>", doi="10.1000/y", references=known),
    ]
    with opened(tmp_path) as index:
        for place in order:
            add(index, documents[place])
            index.catch_up()
        found = "SELECT work.doi FROM statement JOIN reference ON reference.id = reference"
        assert column(index, f"{found} JOIN work ON work.id = work") == ["10.1000/b"] * 2
        assert column(index, "SELECT max(total) FROM tally") == [2]
        assert column(index, "SELECT sum(total) FROM tally") == [2]


def test_a_transaction_is_done_whole_or_not_at_all(tmp_path: Path) -> None:
    with opened(tmp_path) as index:
        with pytest.raises(sqlite3.IntegrityError):
            _add_and_fail(index)
        assert column(index, "SELECT count(*) FROM work") == [0]
        with index.transaction():
            index.add(extraction(article("<p>x</p>")))
        assert column(index, "SELECT count(*) FROM document") == [1]


def _add_and_fail(index: CitationIndex) -> None:
    with index.transaction():
        index.add(extraction(article("<p>x</p>")))
        index.connection.execute("INSERT INTO notice VALUES (99, 'retraction', '10.1000/a')")


def _note(body: str, year: int = 2020) -> bytes:
    return article(body, doi="none", title="A note of no number", year=year)
