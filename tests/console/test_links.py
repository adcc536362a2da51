"""Links of a page take its span and its view along."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from riostat.console.links import ends_of, links_of
from riostat.console.queries import SpanChoice
from riostat.console.schema import Domains, Head, Report, RunPage, Timeline

SHOWN = RunPage(
    event="cpu-clock",
    events=["cpu-clock"],
    start_s=0.5,
    end_s=10.5,
    head=Head(
        samples=1, lost=0, seconds=10.0, frequency_hz=99, cpus=2, idle_share=None, notes=[]
    ),
    domains=Domains([], []),
    report=Report(
        event="cpu-clock", samples=1, lost=0, seconds=10.0, notes=[], rows=[], rows_left_out=0
    ),
    timeline=Timeline(
        run="r", event="cpu-clock", start_s=0.5, bin_s=1.0, bins=10, cpus=2, unit="all CPU time",
        series=[], idle=None, lost=[], marks=[],
    ),
    timeline_picture={},
    series=[],
    delays=None,
    treemap={},
    flame={},
    slots={},
)  # fmt: skip


def links(choice: SpanChoice) -> dict[str, str]:
    by, viewer = ("domain", "symbol"), "/static/1/viewer.html"
    found = links_of("r", SHOWN, choice, by=by, children=True, viewer=viewer)["links"]
    assert isinstance(found, dict)
    return found


def test_the_report_is_asked_for_as_it_is_shown() -> None:
    address = urlsplit(links(SpanChoice(1.25, None))["json"])
    assert address.path == "/api/runs/r/report"
    assert parse_qs(address.query) == {
        "from": ["1.25"],
        "by": ["domain", "symbol"],
        "event": ["cpu-clock"],
        "children": ["1"],
    }


def test_the_viewer_is_given_the_export() -> None:
    found = links(SpanChoice(1, 2))
    viewer, _, profile = found["speedscope_viewer"].partition("#profileURL=")
    assert viewer == "/static/1/viewer.html"
    assert unquote(profile) == found["speedscope"]
    assert "&" not in profile


@pytest.mark.parametrize(
    ("choice", "before", "after"),
    [
        (SpanChoice(None, None), "r@0.5..5.5", "r@5.5..10.5"),
        (SpanChoice(2.0, 3.0), "r@2..2.5", "r@2.5..3"),
    ],
)
def test_halves_meet_in_the_middle(choice: SpanChoice, before: str, after: str) -> None:
    query = parse_qs(urlsplit(links(choice)["diff"]).query)
    assert (query["before"], query["after"]) == ([before], [after])
    assert ends_of(SHOWN, choice)[1] in {10.5, 3.0}
