"""References to spans of runs."""

import pytest

from riostat.core.errors import RunError
from riostat.core.span import Span, parse_span


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("latest", Span("latest")),
        ("x@1..2", Span("x", 1, 2)),
        ("x@1.5..2.25", Span("x", 1.5, 2.25)),
        ("x@..3", Span("x", None, 3)),
        ("x@4..", Span("x", 4, None)),
        ("./a@b/c@1..2", Span("./a@b/c", 1, 2)),
        ("me@home", Span("me@home")),
    ],
)
def test_spans(text: str, span: Span) -> None:
    assert parse_span(text) == span


@pytest.mark.parametrize(
    "text", ["", "x@2..1", "x@1..1", "x@1.2.3..4", "x@9999999999..", "x@....1"]
)
def test_what_is_no_span_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(RunError, match=r"is no span of a run; write RUN@FROM\.\.TO"):
        parse_span(text)


def test_bounds() -> None:
    assert Span("x").bounds_ns(started_ns=5, ended_ns=9) == (5, 10)
    assert Span("x", 1.5, 2).bounds_ns(started_ns=5, ended_ns=9) == (1_500_000_005, 2_000_000_005)
