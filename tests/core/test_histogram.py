"""The histogram keeps its error bound, merges in any order, and refuses what it did not write."""

import itertools
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riostat.core.errors import RunFormatError
from riostat.core.histogram import RELATIVE_ERROR, LogHistogram

_LARGEST = (1 << 64) - 1
_values = st.one_of(
    st.integers(0, _LARGEST),
    st.builds(
        lambda power, offset: min(max((1 << power) + offset, 0), _LARGEST),
        st.integers(0, 64),
        st.integers(-2, 2),
    ),
)


def _of(values: list[int]) -> LogHistogram:
    histogram = LogHistogram()
    histogram.record_many(np.array(values, np.uint64))
    return histogram


@given(st.lists(_values, min_size=1), st.floats(0, 1))
def test_a_quantile_lies_within_the_stated_error(values: list[int], quantile: float) -> None:
    estimate = _of(values).quantile(quantile)
    truth = sorted(values)[int(quantile * (len(values) - 1))]
    assert abs(estimate - truth) <= truth * RELATIVE_ERROR


@given(st.lists(_values, min_size=1))
def test_extremes_are_exact(values: list[int]) -> None:
    histogram = _of(values)
    assert histogram.quantile(0) == histogram.minimum == min(values)
    assert histogram.quantile(1) == histogram.maximum == max(values)
    assert histogram.count == len(values)


@given(st.lists(_values))
def test_one_by_one_equals_all_at_once(values: list[int]) -> None:
    histogram = LogHistogram()
    for value in values:
        histogram.record(value)
    assert histogram.encode() == _of(values).encode()


@given(st.lists(_values), st.lists(_values), st.lists(_values))
def test_merging_is_associative_and_commutative(a: list[int], b: list[int], c: list[int]) -> None:
    left = _of(a)
    left.merge(_of(b))
    left.merge(_of(c))
    tail = _of(c)
    tail.merge(_of(b))
    right = _of(a)
    right.merge(tail)
    assert left.encode() == right.encode() == _of(a + b + c).encode()


@given(st.lists(_values))
def test_what_was_encoded_is_decoded(values: list[int]) -> None:
    histogram = _of(values)
    assert LogHistogram.decode(histogram.encode()).encode() == histogram.encode()


@given(st.binary(max_size=200))
def test_foreign_bytes_are_refused(encoded: bytes) -> None:
    with pytest.raises(RunFormatError, match="histogram"):
        LogHistogram.decode(encoded)


@given(st.lists(_values, min_size=1), st.data())
def test_mutated_bytes_are_refused_or_are_another_histogram(
    values: list[int], data: st.DataObject
) -> None:
    encoded = bytearray(_of(values).encode())
    position = data.draw(st.integers(0, len(encoded) - 1))
    encoded[position] ^= data.draw(st.integers(1, 255))
    try:
        histogram = LogHistogram.decode(bytes(encoded))
    except RunFormatError:
        return
    assert histogram.encode() == bytes(encoded)
    assert histogram.minimum <= histogram.quantile(0.5) <= histogram.maximum


def test_a_sum_that_no_one_counted_is_refused_and_changes_nothing() -> None:
    one = bytearray(_of([7]).encode())
    one[-8:] = struct.pack("<Q", (1 << 63) - 1)
    hostile = LogHistogram.decode(bytes(one))
    histogram = _of([1, 2])
    with pytest.raises(RunFormatError, match="cannot be merged"):
        histogram.merge(hostile)
    assert histogram.encode() == _of([1, 2]).encode()


def test_integers_of_every_width_and_plain_lists_are_taken() -> None:
    histogram = LogHistogram()
    histogram.record_many(np.array([1, 2], np.int32))
    histogram.record_many([3])
    histogram.record_many([])
    assert histogram.encode() == _of([1, 2, 3]).encode()


@given(st.lists(_values | st.integers(0, 5000), max_size=50))
def test_coarse_parts_hold_the_values(values: list[int]) -> None:
    parts = _of(values).coarse()
    assert len(parts) <= 232
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(parts))
    for low, high, count in parts:
        assert low < high
        assert 4 * high <= max(5 * low, 4 * (low + 32))
        assert count == sum(low <= value < high for value in values)
    assert sum(count for *_, count in parts) == len(values)
