"""Conditional requests, by the rules of RFC 9110, section 13."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.store.http.preconditions import Outcome, evaluate, http_date, range_applies

MODIFIED_NS = 784_111_777_500_000_000
MODIFIED = "Sun, 06 Nov 1994 08:49:37 GMT"
BEFORE = "Sun, 06 Nov 1994 08:49:36 GMT"
PROCEED, SAME, FAILED = Outcome.PROCEED, Outcome.NOT_MODIFIED, Outcome.FAILED


def outcome(**headers: str) -> Outcome:
    given_ = {name.replace("_", "-"): value for name, value in headers.items()}
    return evaluate(given_.get, etag="abc", modified_ns=MODIFIED_NS)


def test_dates_are_those_of_the_rfc() -> None:
    assert http_date(MODIFIED_NS) == MODIFIED


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, PROCEED),
        ({"if_match": '"abc"'}, PROCEED),
        ({"if_match": '"x", "abc"'}, PROCEED),
        ({"if_match": "*"}, PROCEED),
        ({"if_match": "abc"}, PROCEED),
        ({"if_match": '"x"'}, FAILED),
        ({"if_match": 'W/"abc"'}, FAILED),
        ({"if_none_match": '"abc"'}, SAME),
        ({"if_none_match": 'W/"abc"'}, SAME),
        ({"if_none_match": "*"}, SAME),
        ({"if_none_match": '"x"'}, PROCEED),
        ({"if_modified_since": MODIFIED}, SAME),
        ({"if_modified_since": BEFORE}, PROCEED),
        ({"if_modified_since": "yesterday"}, PROCEED),
        ({"if_unmodified_since": MODIFIED}, PROCEED),
        ({"if_unmodified_since": BEFORE}, FAILED),
        # A tag that is given counts alone.
        ({"if_none_match": '"x"', "if_modified_since": MODIFIED}, PROCEED),
        ({"if_match": '"abc"', "if_unmodified_since": BEFORE}, PROCEED),
        ({"if_match": '"abc"', "if_none_match": '"abc"'}, SAME),
        ({"if_match": '"x"', "if_none_match": '"abc"'}, FAILED),
    ],
)
def test_conditions(headers: dict[str, str], expected: Outcome) -> None:
    assert outcome(**headers) is expected


@pytest.mark.parametrize(
    ("if_range", "applies"),
    [
        (None, True),
        ('"abc"', True),
        ('W/"abc"', False),
        ('"x"', False),
        (MODIFIED, True),
        (BEFORE, False),
        ("yesterday", False),
    ],
)
def test_a_range_of_another_version_is_not_served(if_range: str | None, *, applies: bool) -> None:
    assert range_applies(if_range, etag="abc", modified_ns=MODIFIED_NS) == applies


@given(st.text(max_size=40))
def test_whatever_arrives_comes_to_something(text: str) -> None:
    for name in ("if_match", "if_none_match", "if_modified_since", "if_unmodified_since"):
        assert outcome(**{name: text}) in Outcome
    range_applies(text, etag="abc", modified_ns=MODIFIED_NS)
