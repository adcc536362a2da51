"""The full text of statements."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import tantivy

from riostat.citations.index import CitationIndex
from riostat.citations.search import Filters, StatementSearch
from riostat.core.errors import CitationIndexError
from tests.citations.articles import article
from tests.citations.extractions import add, cite, opened


@pytest.fixture
def index(tmp_path: Path) -> Iterator[CitationIndex]:
    with opened(tmp_path) as found:
        sections = "".join(
            f"<sec><title>{title}</title><p>{text} [{cite(number)}].</p></sec>"
            for number, (title, text) in enumerate(
                [
                    ("Introduction", "Naïve trials were replicated in mice"),
                    ("Methods", "We replicate the trial of others"),
                    ("Results", "The mice of the trials differ"),
                ],
                start=1,
            )
        )
        add(found, article(sections, year=2010))
        add(found, article(f"<p>Open source trials {cite(1)}.</p>", doi="10.1000/b", year=2015))
        yield found


def sentences(index: CitationIndex, words: str, **filters: object) -> list[str]:
    search = StatementSearch(index)
    if search.behind:
        search.catch_up(lambda _: None)
    hits = search.search(words, Filters(**filters), limit=10)  # type: ignore[arg-type]  # of its fields
    assert hits.total == len(hits.statements)
    rows = [
        index.connection.execute("SELECT sentence FROM statement WHERE id = ?", (id_,)).fetchone()
        for id_ in hits.statements
    ]
    return sorted(row[0].split()[0] for row in rows)


@pytest.mark.parametrize(
    ("words", "filters", "expected"),
    [
        ("trial", {}, ["Naïve", "Open", "The", "We"]),
        ("NAIVE replicates", {}, ["Naïve"]),
        ("the trial of others", {}, ["We"]),
        ('"the trial"', {}, ["The", "We"]),
        ('"open source" trials', {}, ["Open"]),
        ("open-source", {}, ["Open"]),
        ("nowhere trial", {}, []),
        ("", {}, ["Naïve", "Open", "The", "We"]),
        ('label:x AND ( "', {}, []),
        ("trial", {"section": "results"}, ["The"]),
        ("trial", {"years": (2011, 2020)}, ["Open"]),
        ("trial", {"years": (2010, 2010)}, ["Naïve", "The", "We"]),
        ("trial", {"author": "ann tester"}, ["Naïve", "Open", "The", "We"]),
        ("trial", {"author": "nobody"}, []),
        ("trial", {"journal": "Tests"}, ["Naïve", "Open", "The", "We"]),
        ("trial", {"label": "unclassified"}, ["Naïve", "Open", "The", "We"]),
        ("trial", {"label": "supporting"}, []),
    ],
)
def test_words_and_filters(
    index: CitationIndex, words: str, filters: dict[str, object], expected: list[str]
) -> None:
    assert sentences(index, words, **filters) == expected


def test_the_text_follows_the_database(index: CitationIndex) -> None:
    assert sentences(index, "open") == ["Open"]
    add(index, article(f"<p>Closed source {cite(1)}.</p>", doi="10.1000/b"))
    assert StatementSearch(index).behind == 2
    assert sentences(index, "open") == []
    assert sentences(index, "closed") == ["Closed"]
    assert StatementSearch(index).behind == 0


def test_the_text_is_made_again_from_the_database(index: CitationIndex) -> None:
    assert sentences(index, "open") == ["Open"]
    shutil.rmtree(index.folder / "text")
    with pytest.raises(CitationIndexError, match="There is no full-text index"):
        StatementSearch(index).search("open", Filters(), limit=1)
    assert StatementSearch(index).behind == 4
    assert sentences(index, "open") == ["Open"]
    (index.folder / "text" / "identity.json").write_text('{"version": 0}')
    assert sentences(index, "open") == ["Open"]
    (index.folder / "text" / "meta.json").write_text("damaged")
    assert sentences(index, "open") == ["Open"]


def test_hits_are_paged(index: CitationIndex) -> None:
    search = StatementSearch(index)
    search.catch_up(lambda _: None)
    pages = [search.search("trial", Filters(), limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [hits.total for hits in pages] == [4, 4, 4]
    assert sorted(id_ for hits in pages for id_ in hits.statements) == [1, 2, 3, 4]


def test_two_cannot_write_it_at_once(index: CitationIndex) -> None:
    StatementSearch(index).catch_up(lambda _: None)
    text = tantivy.Index.open(str(index.folder / "text"))
    writer = text.writer(15_000_000, 1)
    with pytest.raises(CitationIndexError, match="is being written by another process"):
        StatementSearch(index).catch_up(lambda _: None)
    writer.wait_merging_threads()
