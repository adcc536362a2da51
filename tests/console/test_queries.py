"""Queries are read, or refused in one sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from riostat.console import queries
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
