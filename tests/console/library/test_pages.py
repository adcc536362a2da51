"""The pages of the library and of a work: as they stand without JavaScript."""

import re
from pathlib import Path

import httpx2
import pytest

from riostat.citations.index import CitationIndex
from riostat.citations.schema import DATABASE_NAME
from riostat.core.datadir import DataDirectory
from tests.console.library.conftest import ARTICLES, CLAIM, EVIL_DOI
from tests.console.serving import RunningConsole, new_console

WORK = f"/works/{CLAIM.source.doi}"
HOSTILE = [
    "/works/",
    "/works/0",
    "/works/-1",
    "/works/99999999",
    f"/works/{'9' * 300}",
    "/works/%D9%A3",
    "/works/..%2f..%2ftoken",
    "/works/%00%1b",
    "/works/'%20OR%201=1--",
    "/works/10.9999/no.such.work",
    f"/works/10.9999/{'a' * 2000}",
    "/works/<script>alert(1)</script>",
    "/works/%FF%FE",
]


def statements(page: str) -> list[str]:
    return re.findall(r"<blockquote>(.*?)</blockquote>", page, re.DOTALL)


def test_an_empty_library_says_how_to_fill_it(empty_console: RunningConsole) -> None:
    with empty_console.client() as client:
        for address in ("/library", "/library?q=xen"):
            page = client.get(address)
            assert page.status_code == 200
            assert "<code>riostat cite ingest PATH</code>" in page.text
            assert "<form" not in page.text
        assert client.get("/works/10.1/x").status_code == 404
        assert "riostat cite ingest" in client.get("/api/cite/search?q=xen").json()["error"]
        assert client.get("/claims").status_code == 200


def test_the_library_lists_works_with_tallies_and_documents(reader: httpx2.Client) -> None:
    page = reader.get("/library").text
    assert f'href="{WORK}"' in page
    assert len(re.findall(r'<svg class="tally"', page)) == 3
    assert f"{3 * ARTICLES} statements cite 3 works" in page
    assert "alert(1)" not in page, "the first article stands on the second page"
    second = reader.get("/library?documents=2").text
    assert "&lt;script&gt;alert(1)" in second
    assert "<script>alert" not in second


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("q=queues", 2 * ARTICLES),
        ("q=differ&section=introduction", ARTICLES),
        ("q=differ&section=methods", 0),
        ("q=queues&from=1995&to=1996", 4),
        ("label=unclassified", 0),
        ('q="agrees with"', 2 * ARTICLES),
        ("q=%00'%22)(*:^~", 3 * ARTICLES),
    ],
)
def test_a_search_finds_statements(reader: httpx2.Client, query: str, count: int) -> None:
    page = reader.get(f"/library?{query}")
    assert page.status_code == 200
    assert f">{count} statement" in page.text
    assert len(statements(page.text)) == min(count, 25)
    assert all(text.count("<mark>") == 1 for text in statements(page.text))


def test_a_search_finds_works_by_title_author_and_doi(reader: httpx2.Client) -> None:
    for words in ("overrules entirely", "author1", CLAIM.source.doi):
        page = reader.get("/library", params={"q": words}).text
        table = page[page.index('id="works-heading"') : page.index('id="statements"')]
        assert f'href="{WORK}"' in table
    assert 'id="works-heading"' not in reader.get("/library?q=nothing.is.called.so").text


def test_a_work_has_its_statements_with_the_target_marked(reader: httpx2.Client) -> None:
    page = reader.get(WORK).text
    assert f"Cited in {ARTICLES} statements" in page
    found = statements(page)
    assert len(found) == 25
    newest = ARTICLES - 1
    assert f"Trial {newest} of queues agrees with it <mark>1</mark>, 3." in found[0]
    assert '<span class="neighbour">Before &amp; it.</span>' in found[0]
    assert '<span class="neighbour">After it.</span>' in found[0]
    assert f"Article number {newest} of a library of them" in page
    rest = reader.get(f"{WORK}?page=2").text
    assert len(statements(rest)) == ARTICLES - 25
    assert reader.get(f"{WORK}?page=3").status_code == 404


def test_filters_are_links_that_say_what_they_leave(reader: httpx2.Client) -> None:
    page = reader.get(WORK).text
    links = re.findall(
        r'<a href="([^"]*)"[^>]* data-(?:label|section)="([^"]*)">.*?<span class="aside">(\d+)',
        page,
    )
    assert {text for _, text, _ in links} >= {"all", "results"}
    for address, _, count in links:
        filtered = reader.get(address.replace("&amp;", "&")).text
        assert f"{count} of {ARTICLES}, the newest" in filtered
        assert len(statements(filtered)) == min(int(count), 25)
    assert "No statement is like that." in reader.get(f"{WORK}?section=methods").text


def test_verdicts_stand_below_and_outside_the_tallies(reader: httpx2.Client) -> None:
    page = reader.get(WORK).text
    tallies, _, below = page.partition('id="measured"')
    assert CLAIM.sentence not in tallies
    assert CLAIM.sentence in below
    assert 'href="/runs/a%20run%2Fof%20it"' in below
    assert f"/claims#{CLAIM.id}" in below
    assert 'id="measured"' not in reader.get("/works/10.1000/article.3").text


def test_a_claim_leads_to_its_source(reader: httpx2.Client) -> None:
    page = reader.get("/claims").text
    assert f'<a href="{WORK}">{CLAIM.source.title}</a>' in page
    rows = {row["id"]: row["work"] for row in reader.get("/api/claims").json()["claims"]}
    assert rows[CLAIM.id] == WORK
    assert None in rows.values(), "the other sources are not in this library"


def test_a_doi_that_no_address_can_have_is_reached_by_number(
    reader: httpx2.Client, index: CitationIndex
) -> None:
    row = index.connection.execute("SELECT id FROM work WHERE doi = ?", (EVIL_DOI,)).fetchone()
    page = reader.get(f"/works/{row[0]}")
    assert page.status_code == 200
    assert f"Cited in {ARTICLES} statements" in page.text
    assert "&lt;b&gt;work" in page.text
    assert f"doi:{EVIL_DOI}" in page.text
    assert f"/works/{EVIL_DOI}" not in page.text + reader.get("/library").text


@pytest.mark.parametrize("address", HOSTILE)
def test_what_is_no_work_is_a_sentence(reader: httpx2.Client, address: str) -> None:
    for path in (address, f"/api/cite{address}", f"/api/cite/tallies{address[6:]}"):
        answer = reader.get(path)
        assert answer.status_code == 404
        assert "no work" in answer.text or "nothing at" in answer.text
        if path == address:
            assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "query",
    ["label=no", "section=<b>", "page=0", "page=x", "from=2000&to=1999", "q=" + "a" * 401],
)
def test_what_makes_no_sense_is_a_sentence(reader: httpx2.Client, query: str) -> None:
    answer = reader.get(f"/library?{query}")
    assert answer.status_code == 400
    assert "<b>" not in answer.text


def test_a_damaged_index_is_a_sentence_and_the_rest_works(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path / "data")
    data.make()
    data.citations.mkdir()
    (data.citations / DATABASE_NAME).write_bytes(b"no database" * 1000)
    with new_console(data.root) as console, console.client() as client:
        page = client.get("/library")
        assert page.status_code == 503
        assert "citation index" in page.text
        assert client.get("/claims").status_code == client.get("/").status_code == 200


def test_a_document_leads_to_what_it_cites(reader: httpx2.Client) -> None:
    page = reader.get("/works/10.1000/article.3").text
    assert "No document in the library cites it" in page
    assert f'href="{WORK}"' in page[page.index('id="references"') :]
