"""Features are the same alone and in a batch, and those of n-grams cut out one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.citations.cues import COUNT
from riostat.citations.features import BUCKETS, Features, features
from tests.citations.statements_for_tests import Made

_text = st.text(st.characters(categories=["L", "N", "P", "Z"]), max_size=80)
_made = st.builds(Made, _text, previous=_text, next=_text, section=_text)


def _rows(seen: Features) -> list[dict[int, float]]:
    rows: list[dict[int, float]] = [{} for _ in seen.cues]
    for row, bucket, value in zip(seen.rows, seen.buckets, seen.values, strict=True):
        rows[row][bucket] = rows[row].get(bucket, 0.0) + float(value)
    return rows


@given(st.lists(_made, max_size=5))
def test_a_batch_is_what_its_statements_are(statements: list[Made]) -> None:
    batch = features(statements)
    assert batch.cues.shape == (len(statements), COUNT)
    alone = [features([statement]) for statement in statements]
    for row, seen in zip(_rows(batch), alone, strict=True):
        (single,) = _rows(seen)
        assert row.keys() == single.keys()
        assert all(row[key] == pytest.approx(single[key], rel=1e-6) for key in row)


def test_no_statement_has_no_features() -> None:
    seen = features([])
    assert seen.cues.shape == (0, COUNT)
    assert not len(seen.rows)


def test_buckets_are_within_bounds() -> None:
    seen = features([Made("We found that it is so [1].", 22, 25)])
    assert 0 <= seen.buckets.min() <= seen.buckets.max() < BUCKETS
    assert np.isfinite(seen.values).all()


def test_the_order_of_words_matters_and_names_of_the_cited_do_not() -> None:
    one = Made("We agree with Smith [1].", 20, 23)
    same = Made("We agree with Smith [234].", 20, 25)
    other = Made("Smith agree with We [1].", 20, 23)
    assert _rows(features([one])) == _rows(features([same]))
    assert _rows(features([one])) != _rows(features([other]))


def test_a_gigantic_sentence_is_cut() -> None:
    long = features([Made("word " * 100_000)])
    short = features([Made("word " * 1000)])
    assert np.array_equal(long.buckets, short.buckets)
