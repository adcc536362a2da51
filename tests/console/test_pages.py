"""The pages read without JavaScript, and say in one sentence what is wrong."""

import re
from html.parser import HTMLParser

import httpx2
import pytest

from tests.console.conftest import Recorded
from tests.console.serving import RunningConsole, new_console

EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """What tests look for in a page: its links, its forms' fields, its ids and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.fields: set[str] = set()
        self.tags: list[str] = []
        self.words = ""
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        for name in ("href", "src", "action"):
            if name in values:
                self.links.append(values[name])
        if tag in {"input", "select"}:
            self.fields.add(values.get("name", ""))
        if tag == "script" and "src" not in values and "json" not in values.get("type", ""):
            self.inline.append(tag)
        self.inline += [name for name in values if name == "style" or name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.words += data + " "


def page(answer: httpx2.Response, status: int = 200) -> Page:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    read = Page(answer.text)
    assert read.inline == [], "the policy forbids inline scripts and styles"
    assert [link for link in read.links if re.match(r"(\w+:)?//", link)] == []
    return read


@pytest.mark.parametrize("path", ["/", "/runs", "/diff"])
def test_pages_load_and_so_does_what_they_link(client: httpx2.Client, path: str) -> None:
    read = page(client.get(path))
    for link in read.links:
        if link.startswith("/") and link != "/record":
            assert client.get(link).status_code in {200, 303}, link


def test_the_overview_says_what_is_missing_and_how_to_record(client: httpx2.Client) -> None:
    read = page(client.get("/"))
    assert {"seconds", "frequency_hz", "event"} <= read.fields
    assert "/record" in read.links


def test_the_list_shows_good_and_damaged_runs(client: httpx2.Client, recorded: Recorded) -> None:
    read = page(client.get("/runs"))
    assert f"/runs/{recorded.run}" in read.links
    assert f"/runs/{recorded.torn}" in read.links
    assert "foreign" in read.words


def test_a_run_has_everything_on_its_page(client: httpx2.Client, recorded: Recorded) -> None:
    read = page(client.get(f"/runs/{recorded.run}"))
    assert {"from", "to", "by"} <= read.fields
    assert {"svg", "table", "polygon"} <= {*read.tags}
    exports = [link for link in read.links if "/api/runs/" in link]
    assert len(exports) >= 4
    for link in exports:
        assert client.get(link).status_code == 200, link


@pytest.mark.parametrize(
    "query",
    [
        "from=0.2&to=0.9",
        "from=0.5",
        "to=0.5",
        "from=&to=&by=domain&by=symbol",
        "by=pid,cpu,mode",
        "children=1",
        "from=500&to=600",
    ],
)
def test_any_view_of_a_run(client: httpx2.Client, recorded: Recorded, query: str) -> None:
    page(client.get(f"/runs/{recorded.run}?{query}"))


def test_a_run_of_two_events_has_a_column_for_each(
    client: httpx2.Client, recorded: Recorded
) -> None:
    for event in ("cpu-clock", "page-faults"):
        read = page(client.get(f"/runs/{recorded.two_events}?event={event}"))
        assert {"cpu-clock", "page-faults"} <= {*read.words.split()}


def test_a_damaged_run_shows_what_can_be_read(client: httpx2.Client, recorded: Recorded) -> None:
    read = page(client.get(f"/runs/{recorded.torn}"))
    assert "torn" in read.words


def test_a_run_without_such_an_event_says_so_on_its_page(
    client: httpx2.Client, recorded: Recorded
) -> None:
    read = page(client.get(f"/runs/{recorded.run}?event=nothing"))
    assert "nothing" in read.words


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/runs/absent", 404),
        (f"/runs/{EVIL}", 404),
        ("/runs/foreign", 422),
        ("/runs/RUN?from=2&to=1", 400),
        ("/runs/RUN?from=x", 400),
        ("/runs/RUN?by=nothing", 400),
        (f"/runs/RUN?event={EVIL}", 400),
        ("/diff?before=absent&after=RUN", 404),
        ("/diff?before_run=RUN&after_run=RUN&before_from=x", 400),
        ("/runs/absent/diff", 404),
        ("/recordings/absent", 404),
        (f"/{EVIL}", 404),
    ],
)
def test_errors_are_pages_with_one_sentence(
    client: httpx2.Client, recorded: Recorded, path: str, status: int
) -> None:
    answer = client.get(path.replace("RUN", recorded.run))
    assert EVIL not in answer.text
    page(answer, status)


def test_two_spans_are_compared(client: httpx2.Client, recorded: Recorded) -> None:
    run = recorded.run
    form = f"/diff?before_run={run}&before_to=0.7&after_run={run}&after_from=0.7&by=domain"
    answer = client.get(form)
    assert answer.status_code == 303
    assert answer.headers["location"] == (f"/diff?before={run}@..0.7&after={run}@0.7..&by=domain")
    read = page(client.get(answer.headers["location"]))
    assert "host" in read.words


def test_spans_of_one_run_have_an_address_of_their_own(
    client: httpx2.Client, recorded: Recorded
) -> None:
    answer = client.get(f"/runs/{recorded.run}/diff?from=0&to=1&from2=1&to2=1.5")
    assert answer.headers["location"].startswith(f"/diff?before={recorded.run}@0..1&after=")
    page(client.get(answer.headers["location"]))


def test_profiles_of_different_events_cannot_be_compared(
    client: httpx2.Client, recorded: Recorded
) -> None:
    query = {"before": recorded.two_events, "after": recorded.run, "event": "page-faults"}
    assert "page-faults" in page(client.get("/diff", params=query)).words


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"seconds": "0"}, 400),
        ({"seconds": "1e9"}, 400),
        ({"seconds": "nan"}, 400),
        ({"seconds": "ten"}, 400),
        ({"frequency_hz": "0.5"}, 400),
        ({"event": "--output=x"}, 400),
        ({"colour": "red"}, 400),
        ({f"f{n}": "x" for n in range(100)}, 400),
    ],
)
def test_a_bad_form_is_refused(client: httpx2.Client, fields: dict[str, str], status: int) -> None:
    page(client.post("/record", data=fields), status)


def test_a_form_of_another_kind_is_refused(client: httpx2.Client) -> None:
    answer = client.post("/record", content=b"{}", headers={"content-type": "application/json"})
    page(answer, 415)


def test_the_form_records_and_leads_to_the_run(console: RunningConsole) -> None:
    with console.client() as client:
        start = client.post("/record", data={"seconds": "1", "frequency_hz": "99", "event": ""})
        assert start.status_code == 303
        address = start.headers["location"]
        first = page(client.get(address))
        assert "meta" in first.tags
        with client.stream("GET", f"/api{address}/events") as events:
            last = [line for line in events.iter_lines() if line.startswith("data:")][-1]
        assert '"state":"done"' in last
        end = client.get(address)
        assert end.status_code == 303
        page(client.get(end.headers["location"]))


def test_why_nothing_is_recorded_stands_on_the_overview(recorded: Recorded) -> None:
    with (
        new_console(recorded.data, problem="The kernel <refuses> to sample.") as console,
        console.client() as client,
    ):
        assert "The kernel &lt;refuses&gt; to sample." in client.get("/").text
        assert client.get("/api/now").json()["state"] == "failed"
