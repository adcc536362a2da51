"""Queries are read, or refused in one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from riostat.console import queries
from riostat.console.runs import MachineEntry, RunDetail
from riostat.core.text import printable
from riostat.profiler import profile


def test_the_keys_are_those_of_a_profile() -> None:
    assert queries.KEYS == profile.KEYS


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [("", None, None), ("from=&to=", None, None), ("from=1.5&to=3", 1.5, 3.0), ("to=2", None, 2.0)],
)
def test_spans(query: str, start: float | None, end: float | None) -> None:
    choice = queries.span(QueryParams(query))
    assert (choice.from_s, choice.to_s) == (start, end)


@pytest.mark.parametrize("query", ["from=2&to=2", "from=-1", "to=inf", "from=1e10", "to=0x10"])
def test_spans_that_hold_nothing_are_refused(query: str) -> None:
    with pytest.raises(HTTPException, match=r"\.$"):
        queries.span(QueryParams(query))


def growing(seconds: float, *, recording: bool = True) -> RunDetail:
    machine = MachineEntry("h", "Linux", "6", "x86_64", "cpu", 2, 1)
    return RunDetail(
        id="r", started="", seconds=seconds, command="", channels=[], bytes=0, complete=False,
        rolling=True, recording=recording, href="", machine=machine, damage=[],
    )  # fmt: skip


ALL = queries.SpanChoice(None, None)
LATEST = queries.SpanChoice(400.0, None)


@pytest.mark.parametrize(
    ("run", "asked", "shown", "around"),
    [
        (growing(1000.5), ALL, LATEST, LATEST),
        (growing(300.0), ALL, ALL, ALL),
        (growing(1000.5, recording=False), ALL, ALL, ALL),
        (growing(1000.5), queries.SpanChoice(450.0, 460.0), None, LATEST),
        (growing(1000.5), queries.SpanChoice(10.0, 20.0), None, ALL),
        (growing(1000.5), queries.SpanChoice(None, 20.0), None, ALL),
    ],
)
def test_a_growing_run_shows_its_last_minutes(
    run: RunDetail,
    asked: queries.SpanChoice,
    shown: queries.SpanChoice | None,
    around: queries.SpanChoice,
) -> None:
    assert queries.shown_part(run, asked) == (shown or asked, around)


def test_keys_are_repeated_or_listed() -> None:
    both = QueryParams("by=domain,symbol&by=pid&by=domain&by=")
    assert queries.keys(both, ()) == ("domain", "symbol", "pid")
    assert queries.keys(QueryParams(""), ("cpu",)) == ("cpu",)
    with pytest.raises(HTTPException, match="the keys are domain"):
        queries.keys(QueryParams("by=x"), ())


def test_checkboxes() -> None:
    assert queries.flag(QueryParams("children=1"), "children")
    assert queries.flag(QueryParams("children=on"), "children")
    for text in ("", "children=", "children=0", "children=false"):
        assert not queries.flag(QueryParams(text), "children")


@given(st.text(max_size=30))
def test_whole_numbers_stay_within_their_bounds(text: str) -> None:
    try:
        value = queries.whole_number(QueryParams([("n", text)]), "n", default=5, low=1, high=9)
    except HTTPException as error:
        assert error.status_code == 400  # noqa: PT017 - either outcome is right
    else:
        assert value == (int(text) if text else 5)
        assert 1 <= value <= 9


@given(st.text(max_size=80))
def test_names_of_events_are_plain(text: str) -> None:
    try:
        name = queries.event_name(QueryParams([("event", text)]))
    except HTTPException as error:
        assert printable(error.detail) == error.detail  # noqa: PT017 - either outcome is right
    else:
        assert name is None or name.isascii()
