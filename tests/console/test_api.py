"""The API answers as its own description says, whatever it is asked."""

import re
from typing import TypeVar

import httpx2
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from riostat.console.api import RunList
from riostat.console.runs import RunDetail
from riostat.console.schema import Diff, Domains, Node, Report, Row, Timeline
from riostat.core.text import printable
from tests.console.conftest import Recorded
from tests.console.serving import RunningConsole

# contracts of the command line, which the API keeps
SUMMARY_KEYS = {"id", "started", "seconds", "command", "channels", "bytes", "complete"}
REPORT_KEYS = {"event", "samples", "lost", "rows"}
ROW_KEYS = {"samples", "share", "low", "high"}


T = TypeVar("T")


def decoded(answer: httpx2.Response, kind: type[T]) -> T:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return msgspec.json.decode(answer.content, type=kind)


def number(row: Row, name: str) -> float:
    value = row[name]
    assert isinstance(value, int | float)
    return value


def refused(answer: httpx2.Response, *statuses: int) -> str:
    """The sentence of a refusal, which is one sentence and says no more than it should."""
    assert answer.status_code in statuses, answer.text
    sentence: str = answer.json()["error"]
    assert re.fullmatch(r"[A-Z0-9'\[a-z=].*\.", sentence), sentence
    assert printable(sentence) == sentence
    assert "Traceback" not in sentence
    return sentence


def test_health_and_metrics(client: httpx2.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert "riostat_runs " in client.get("/metrics").text


def test_runs_are_listed_as_the_contract_says(client: httpx2.Client, recorded: Recorded) -> None:
    answer = client.get("/api/runs")
    listed = decoded(answer, RunList)
    assert answer.json()["runs"][0].keys() >= SUMMARY_KEYS
    names = [run.id for run in listed.runs]
    assert {recorded.run, recorded.two_events, recorded.torn} <= {*names}
    assert [problem for problem in listed.problems if "foreign" in problem]
    states = {run.id: run.complete for run in listed.runs}
    assert states[recorded.run]
    assert not states[recorded.torn]


def test_one_run_has_its_channels_and_its_damage(client: httpx2.Client, recorded: Recorded) -> None:
    detail = decoded(client.get(f"/api/runs/{recorded.run}"), RunDetail)
    assert {"profile", "recording"} <= {channel.name for channel in detail.channels}
    assert detail.damage == []
    torn = decoded(client.get(f"/api/runs/{recorded.torn}"), RunDetail)
    assert len(torn.damage) == 1


def test_the_report_keeps_the_contract(client: httpx2.Client, recorded: Recorded) -> None:
    address = f"/api/runs/{recorded.run}/report"
    answer = client.get(address, params={"by": "domain,process,symbol", "top": "10000"})
    report = decoded(answer, Report)
    assert answer.json().keys() >= REPORT_KEYS
    assert {"domain", "process", "symbol"} | ROW_KEYS == report.rows[0].keys()
    shares = [number(row, "share") for row in report.rows]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1, abs=1e-3)
    assert sum(number(row, "samples") for row in report.rows) == report.samples
    assert all(number(r, "low") <= number(r, "share") <= number(r, "high") for r in report.rows)


def test_a_short_report_says_what_it_leaves_out(client: httpx2.Client, recorded: Recorded) -> None:
    report = decoded(client.get(f"/api/runs/{recorded.run}/report?top=2&by=symbol"), Report)
    assert len(report.rows) == 2
    assert report.rows_left_out > 0


def test_callers_have_their_callees_samples(client: httpx2.Client, recorded: Recorded) -> None:
    address = f"/api/runs/{recorded.run}/report?by=symbol"
    own = decoded(client.get(address), Report)
    all_ = decoded(client.get(address + "&children=1"), Report)
    assert sum(number(row, "share") for row in own.rows) <= 1.001
    assert sum(number(row, "share") for row in all_.rows) > 1.1


def test_a_span_has_fewer_samples(client: httpx2.Client, recorded: Recorded) -> None:
    address = f"/api/runs/{recorded.run}/report"
    whole = decoded(client.get(address), Report)
    part = decoded(client.get(address + "?from=0.5&to=1"), Report)
    assert 0 < part.samples < whole.samples
    assert part.seconds == pytest.approx(0.5, abs=0.01)


def test_domains_have_a_cell_for_each_event(client: httpx2.Client, recorded: Recorded) -> None:
    domains = decoded(client.get(f"/api/runs/{recorded.two_events}/domains"), Domains)
    assert domains.events == ["cpu-clock", "page-faults"]
    assert all(len(row.cells) == 2 for row in domains.rows)
    for column in range(2):
        cells = [row.cells[column] for row in domains.rows]
        assert sum(cell.share for cell in cells if cell) == pytest.approx(1, abs=1e-3)


def test_the_timeline_fills_the_machine(client: httpx2.Client, recorded: Recorded) -> None:
    timeline = decoded(client.get(f"/api/runs/{recorded.run}/timeline?bins=7"), Timeline)
    assert timeline.bins == 7
    assert timeline.idle is not None
    for place in range(7):
        busy = sum(series.shares[place] for series in timeline.series)
        assert 0 <= busy <= 1.5  # clocks of a loaded machine tick late
    assert timeline.marks[0].name == "started"
    other = client.get(f"/api/runs/{recorded.two_events}/timeline?event=page-faults")
    assert decoded(other, Timeline).idle is None


@pytest.mark.parametrize("kind", ["tree", "flame"])
def test_trees_hold_their_children(client: httpx2.Client, recorded: Recorded, kind: str) -> None:
    root = decoded(client.get(f"/api/runs/{recorded.run}/{kind}"), Node)
    assert (root.kind, root.share) == ("all", 1.0)
    assert root.children[0].kind == "domain"
    waiting = [root]
    while waiting:
        node = waiting.pop()
        assert sum(child.share for child in node.children) <= node.share + 1e-4
        waiting += node.children


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("speedscope", "application/json"),
        ("folded", "text/plain; charset=utf-8"),
        ("perf-script", "text/plain; charset=utf-8"),
    ],
)
def test_exports_are_downloads(
    client: httpx2.Client, recorded: Recorded, name: str, media: str
) -> None:
    answer = client.get(f"/api/runs/{recorded.run}/{name}?from=0&to=1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media
    assert recorded.run in answer.headers["content-disposition"]
    assert len(answer.content) > 100
    if name == "speedscope":
        assert answer.json()["profiles"]


def test_a_diff_of_two_spans(client: httpx2.Client, recorded: Recorded) -> None:
    before, after = f"{recorded.run}@0..0.7", f"{recorded.run}@0.7.."
    answer = client.get("/api/diff", params={"before": before, "after": after, "by": "domain"})
    diff = decoded(answer, Diff)
    assert (diff.before.reference, diff.after.reference) == (before, after)
    assert {"domain", "before", "after", "change", "low", "high", "significant"} == {
        *diff.rows[0].keys()
    }


def test_the_same_question_is_answered_the_same(client: httpx2.Client, recorded: Recorded) -> None:
    address = f"/api/runs/{recorded.run}/report?by=domain"
    assert client.get(address).content == client.get(address).content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/runs/absent", 404),
        ("/api/runs/absent/report", 404),
        ("/api/runs/RUN/report?from=2&to=1", 400),
        ("/api/runs/RUN/report?from=-1", 400),
        ("/api/runs/RUN/report?from=nan", 400),
        ("/api/runs/RUN/report?to=1e400", 400),
        ("/api/runs/RUN/report?by=password", 400),
        ("/api/runs/RUN/report?event=nothing", 422),
        ("/api/runs/RUN/report?event=%0a", 400),
        ("/api/runs/RUN/report?top=0", 400),
        ("/api/runs/RUN/report?top=99999999999999999999", 400),
        ("/api/runs/RUN/timeline?bins=1e9", 400),
        ("/api/runs/RUN/nothing", 404),
        ("/api/runs/foreign", 422),
        ("/api/runs/foreign/report", 422),
        ("/api/diff", 400),
        ("/api/diff?before=RUN", 400),
        ("/api/diff?before=RUN&after=absent", 404),
        ("/api/diff?before=RUN@2..1&after=RUN", 400),
        ("/api/diff?before=RUN@a..b&after=RUN", 404),
        ("/api/diff?before=%2Fetc&after=RUN", 404),
        ("/api/diff?before=..%2Fruns%2FRUN&after=RUN", 404),
        ("/api/recordings/x", 404),
        ("/api/recordings/x/events", 404),
        ("/api/runs/..%2F..%2Fetc", 404),
        ("/api/runs/%2e%2e", 404),
        ("/api/runs/%00", 404),
        ("/api/runs/latest%0a", 404),
    ],
)
def test_bad_questions_get_one_sentence(
    client: httpx2.Client, recorded: Recorded, path: str, status: int
) -> None:
    refused(client.get(path.replace("RUN", recorded.run)), status)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"", "application/x-www-form-urlencoded", 415),
        (b"[]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 10_000, "application/json", 400),
        (b'{"seconds": "x"}', "application/json", 400),
        (b'{"seconds": 1e99}', "application/json", 400),
        (b'{"seconds": -1}', "application/json", 400),
        (b'{"frequency_hz": 0}', "application/json", 400),
        (b'{"frequency_hz": 1e3}', "application/json", 400),
        (b'{"event": "--help"}', "application/json", 400),
        (b'{"command": "rm"}', "application/json", 400),
        (b" " * (1 << 20), "application/json", 413),
    ],
)
def test_bad_recording_requests_are_refused(
    client: httpx2.Client, body: bytes, kind: str, status: int
) -> None:
    refused(client.post("/api/record", content=body, headers={"content-type": kind}), status)


QUERIES = st.dictionaries(
    st.sampled_from(["from", "to", "by", "event", "top", "bins", "children", "x"]),
    st.one_of(st.text(max_size=20), st.floats().map(str), st.integers().map(str)),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    part=st.sampled_from(["", "/report", "/timeline", "/domains", "/tree", "/flame", "/folded"]),
    query=QUERIES,
)
def test_any_query_is_answered(
    client: httpx2.Client, recorded: Recorded, part: str, query: dict[str, str]
) -> None:
    answer = client.get(f"/api/runs/{recorded.run}{part}", params=query)
    if answer.status_code != 200:
        refused(answer, 400, 422)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reference=st.text(max_size=200))
def test_any_reference_is_answered(client: httpx2.Client, reference: str) -> None:
    answer = client.get("/api/diff", params={"before": reference, "after": reference})
    if answer.status_code != 200:  # the beginning of a run's name stands for it
        refused(answer, 400, 404, 422)


@pytest.mark.parametrize("path", ["/", "/runs", "/api/now", "/api/live", "/healthz", "/metrics"])
def test_a_head_has_an_end_and_no_body(client: httpx2.Client, path: str) -> None:
    answer = client.head(path)
    assert answer.status_code == 200
    assert answer.content == b""


def test_the_description_is_served(console: RunningConsole, client: httpx2.Client) -> None:
    document = client.get("/api").json()
    assert document["openapi"].startswith("3.1")
    assert "/api/live" in document["paths"]
    assert console.process.poll() is None
