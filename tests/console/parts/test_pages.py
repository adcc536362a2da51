"""The pages of the switch and the store: whole without scripts, and one sentence where not."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2

from riostat.core.datadir import DataDirectory
from riostat.core.runs import RunDirectory
from tests.console.parts.conftest import EVIL, Stocked
from tests.console.parts.standing import (
    port,
    said_store,
    said_switch,
    server_status,
    switch_status,
)
from tests.console.parts.test_benches import BENCH, run_with
from tests.console.serving import new_console

WRITTEN = '"><script>alert(1)</script>'


def live(shop: httpx2.Client, path: str, word: str) -> str:
    """The live part of a page as soon as it has a word."""
    with shop.stream("GET", path) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                html: str = json.loads(line.removeprefix("data: "))["html"]
                if word in html:
                    return html
    raise AssertionError(path)


def test_a_part_that_does_not_run_says_how_to_start_it(shop: httpx2.Client) -> None:
    live(shop, "/switch/live", "riostat switch run")
    assert "riostat switch run" in shop.get("/switch").text
    live(shop, "/store/live", "riostat store serve")
    page = shop.get("/store").text
    assert "riostat store serve" in page
    assert "film.mp4" in page, "objects are listed without a server"
    assert 'href="/switch"' not in shop.get("/runs").text
    assert 'href="/store"' in shop.get("/runs").text


def test_the_switch_is_shown(shop: httpx2.Client, stocked: Stocked) -> None:
    status = switch_status(
        port("web", rx=(10, 640), drops={"no_buffer": 3}),
        port("wan", role="uplink"),
        port("odd", state="broken", reason=f"it lies {WRITTEN}"),
    )
    with said_switch(stocked.data, lambda: status):
        html = live(shop, "/switch/live", "data-port=")
        page = shop.get("/switch").text
        assert 'href="/switch"' in shop.get("/runs").text
    for text in (html, page):
        assert re.findall(r'data-port="(\w+)"', text) == ["web", "odd", "wan"]
        assert "port-broken" in text
        assert "had posted no buffer" in text
        assert "it lies &#34;&gt;" in text
        assert "<script>alert" not in text
    assert html in page, "the live part is the same with and without scripts"


def test_the_store_is_shown(shop: httpx2.Client, stocked: Stocked) -> None:
    with said_store(stocked.data / "store", server_status(late=1)):
        html = live(shop, "/store/live", "delay-late")
        page = shop.get("/store").text
    assert "bound 1 s" in html
    assert "http://127.0.0.1:8181" in page
    assert str(stocked.data / "store" / "credentials") in page


def test_an_object_is_offered_for_playing_or_keeping(shop: httpx2.Client) -> None:
    page = shop.get("/store", params={"bucket": "media", "key": "film.mp4"}).text
    assert re.search(r'<video [^>]*src="/objects\?bucket=media&amp;key=film.mp4"', page)
    page = shop.get("/store", params={"bucket": "media", "key": "a/../evil.html"}).text
    assert "<video" not in page.partition('id="objects"')[0].partition('id="player"')[2]
    assert EVIL.decode() not in page
    page = shop.get("/store", params={"bucket": "media", "key": "notes.txt"}).text
    assert "Read it" in page


def pages_of(shop: httpx2.Client, path: str) -> Iterator[str]:
    while path:
        page = shop.get(path).text
        yield page
        found = re.search(r'href="(/store\?[^"]*after=[^"#]*)#objects"', page)
        path = found[1].replace("&amp;", "&") if found else ""


def test_a_long_list_has_pages(shop: httpx2.Client, stocked: Stocked) -> None:
    pages = list(pages_of(shop, "/store?bucket=media&prefix=many/"))
    keys = [key for page in pages for key in re.findall(r'data-object="(many/\d+)"', page)]
    assert len(pages) == 2
    assert keys == [key for key in stocked.objects if key.startswith("many/")]


def test_what_is_not_there_is_a_page_with_a_sentence(shop: httpx2.Client) -> None:
    for params in ({"bucket": "nothing"}, {"bucket": "media", "key": "nothing"}, {"bucket": ".up"}):
        answer = shop.get("/store", params=params)
        assert answer.status_code == 404
        assert "<h1>Not found</h1>" in answer.text


def test_the_last_bench_is_drawn(tmp_path: Path) -> None:
    data = DataDirectory(tmp_path)
    data.make()
    run_with(RunDirectory(data.runs), "measured", BENCH)
    with new_console(tmp_path) as console, console.client() as client:
        page = client.get("/switch").text
    assert re.findall(r'data-bench="(\w+)"', page) == ["baseline", "baseline", "both", "memcpy"]
    assert "10\u00d7" in page
    assert "beyond this scale" in page
