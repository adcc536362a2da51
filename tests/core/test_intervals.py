"""Intervals hold what they promise, for independent samples and for programs with phases."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from riostat.core.intervals import (
    Estimates,
    block_bootstrap_shares,
    difference,
    median_interval,
    wilson,
)

_BINS = 128
_SAMPLES = 4096
_REPETITIONS = 1000

_Floats = NDArray[np.float64]
_Process = Callable[[np.random.Generator], NDArray[np.bool_]]


def _independent(share: float, samples: int) -> _Process:
    return lambda generator: generator.random(samples) < share


def _alternating(
    mean: float, other_mean: float, lengths: Callable[[np.random.Generator, int], _Floats]
) -> _Process:
    """Phases of two functions in turn, of random lengths with the given means (in samples)."""

    def process(generator: np.random.Generator) -> NDArray[np.bool_]:
        cycles = int(3 * _SAMPLES / (mean + other_mean)) + 100
        phases = np.empty(2 * cycles)
        phases[0::2] = mean * lengths(generator, cycles)
        phases[1::2] = other_mean * lengths(generator, cycles)
        start = generator.uniform(10, 60) * (mean + other_mean)
        ended = np.searchsorted(np.cumsum(phases), start + np.arange(_SAMPLES))
        return np.asarray(ended % 2 == 0)

    return process


def _units(share: float, length: int) -> _Process:
    """Pieces of work of one length, of the first function with a probability of `share`."""

    def process(generator: np.random.Generator) -> NDArray[np.bool_]:
        pieces = generator.random(_SAMPLES // length + 2) < share
        return np.asarray(pieces[(np.arange(_SAMPLES) + generator.integers(length)) // length])

    return process


def _exponential(generator: np.random.Generator, size: int) -> _Floats:
    return generator.exponential(1, size)


def _uniform(generator: np.random.Generator, size: int) -> _Floats:
    return generator.uniform(0, 2, size)


def _repeat(process: _Process, *, seed: int) -> tuple[_Floats, _Floats]:
    """Return the weights [bins, repetitions] of the first function, and the totals [bins]."""
    generator = np.random.default_rng(seed)
    outcomes = np.stack([process(generator) for _ in range(_REPETITIONS)], axis=1)
    bins = np.arange(len(outcomes)) * _BINS // len(outcomes)
    weights = np.zeros((_BINS, _REPETITIONS))
    np.add.at(weights, bins, outcomes)
    return weights, np.bincount(bins, minlength=_BINS).astype(float)


def _estimates(process: _Process, *, seed: int) -> Estimates:
    weights, totals = _repeat(process, seed=seed)
    return block_bootstrap_shares(weights, totals, samples=totals.sum())


def _coverage(estimates: Estimates, truth: float) -> float:
    return float(np.mean((estimates.low <= truth) & (truth <= estimates.high)))


_PROCESSES = {
    "independent": (_independent(0.75, _SAMPLES), 0.75),
    "independent, rare": (_independent(0.01, _SAMPLES), 0.01),
    "independent, few": (_independent(0.75, 100), 0.75),
    "phases of 15 and 5, exponential": (_alternating(15, 5, _exponential), 0.75),
    "phases of 75 and 25, exponential": (_alternating(75, 25, _exponential), 0.75),
    "phases of 75 and 25, uniform": (_alternating(75, 25, _uniform), 0.75),
    "pieces of 10": (_units(0.75, 10), 0.75),
    "pieces of 50": (_units(0.75, 50), 0.75),
    "rare bursts": (_alternating(10, 490, _exponential), 0.02),
}


@pytest.mark.parametrize("name", _PROCESSES)
def test_intervals_cover_the_truth_as_often_as_they_promise(name: str) -> None:
    process, truth = _PROCESSES[name]
    assert 0.92 <= _coverage(_estimates(process, seed=2005), truth) <= 0.98


def test_with_only_ten_phases_the_promise_is_nearly_kept() -> None:
    process = _alternating(300, 100, _exponential)
    assert 0.89 <= _coverage(_estimates(process, seed=2005), 0.75) <= 0.98


def test_an_interval_for_independent_samples_would_miss_phases() -> None:
    """The reason for the bootstrap: without it the promise fails by far."""
    weights, totals = _repeat(_alternating(75, 25, _exponential), seed=2005)
    naive = [wilson(count, totals.sum()) for count in weights.sum(axis=0)]
    assert np.mean([interval.low <= 0.75 <= interval.high for interval in naive]) < 0.6


def test_differences_cover_the_truth_as_often_as_they_promise() -> None:
    before = _estimates(_alternating(75, 25, _exponential), seed=1998)
    after = _estimates(_units(0.6, 10), seed=10)
    assert 0.92 <= _coverage(difference(before, after), -0.15) <= 0.98


def test_the_variance_is_that_of_drawn_replicates() -> None:
    """The closed form against the bootstrap that it stands for, with replicates drawn."""
    generator = np.random.default_rng(1989)
    weights = generator.poisson(5, (_BINS, 3)).astype(float)
    weights[10:30, 0] += 9
    totals = weights.sum(axis=1)
    estimates = block_bootstrap_shares(weights, totals, samples=1e9)
    block, replicates = 15, 40_000
    residuals = weights - estimates.value * totals[:, None]
    starts = generator.integers(_BINS, size=(replicates, _BINS // block))
    sums = np.stack([np.roll(residuals, -i, axis=0)[:block].sum(axis=0) for i in range(_BINS)])
    drawn = sums[starts].sum(axis=1).std(axis=0) * np.sqrt(_BINS / (_BINS // block * block))
    fraction = block / _BINS
    critical = 1.96 + 2.9694 * fraction + 0.416 * fraction**2 - 0.5324 * fraction**3
    half = drawn / totals.sum() * critical
    assert (estimates.high - estimates.low) / 2 == pytest.approx(half, rel=0.02)


@given(st.data())
def test_an_interval_holds_its_estimate_and_is_never_shorter_than_wilson(
    data: st.DataObject,
) -> None:
    bins, rows = data.draw(st.integers(4, 40)), data.draw(st.integers(1, 5))
    counts = st.lists(st.integers(0, 50), min_size=bins * rows, max_size=bins * rows)
    weights = np.array(data.draw(counts), float).reshape(bins, rows)
    totals = weights.sum(axis=1)
    samples = int(totals.sum())
    estimates = block_bootstrap_shares(weights, totals, samples=samples)
    assert (estimates.low >= 0).all()
    assert (estimates.low <= estimates.value).all()
    assert (estimates.value <= estimates.high).all()
    assert (estimates.high <= 1).all()
    for row in range(rows):
        floor = wilson(weights[:, row].sum(), samples)
        assert estimates.low[row] <= floor.low + 1e-12
        assert estimates.high[row] >= floor.high - 1e-12


def test_rows_with_one_sample_none_or_all_have_a_width() -> None:
    weights = np.zeros((_BINS, 3))
    weights[:, 2] = 10
    totals = weights.sum(axis=1)
    alone = block_bootstrap_shares(weights, totals, samples=1280)
    assert alone.low[2] == pytest.approx(wilson(1280, 1280).low)
    assert alone.high[2] == 1
    assert alone.high[1] == pytest.approx(wilson(0, 1280).high)
    weights[7, 0] = 1
    one = block_bootstrap_shares(weights, weights.sum(axis=1), samples=1281)
    assert 0 < one.low[0] < 1 / 1281 < one.high[0] < 10 / 1281


@example([0.0] * 7 + [5e-324], 1)
@given(st.lists(st.floats(0, 1e19), min_size=8, max_size=8), st.integers(1, 1000))
def test_weights_of_any_size_have_an_interval(column: list[float], samples: int) -> None:
    weights = np.array([column, column[::-1]]).T
    for totals in (weights.sum(axis=1), weights[:, 0]):
        estimates = block_bootstrap_shares(weights[:, :1], totals, samples=samples)
        assert 0 <= estimates.low[0] <= estimates.value[0] <= estimates.high[0] <= 1


def test_a_burst_is_worth_less_than_scattered_samples() -> None:
    scattered, burst = np.zeros((_BINS, 1)), np.zeros((_BINS, 1))
    scattered[::4] = 1
    burst[40] = 32
    totals = np.full(_BINS, 100.0)
    calm = block_bootstrap_shares(scattered, totals, samples=12800)
    wild = block_bootstrap_shares(burst, totals, samples=12800)
    assert calm.value == wild.value
    assert wild.high - wild.low > 3 * (calm.high - calm.low)


def test_without_samples_nothing_is_known() -> None:
    estimates = block_bootstrap_shares(np.zeros((4, 2)), np.zeros(4), samples=0)
    assert estimates.low.tolist() == [0, 0]
    assert estimates.high.tolist() == [1, 1]
    nothing = wilson(0, 0)
    assert (nothing.low, nothing.high) == (0, 1)


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_yields_the_published_examples(
    successes: int, trials: int, low: float, high: float
) -> None:
    """The four examples of Newcombe, Statistics in Medicine 17, 1998, pages 857-872."""
    interval = wilson(successes, trials)
    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)


def test_difference_yields_the_published_example() -> None:
    """56/70 - 48/80 of Newcombe, Statistics in Medicine 17, 1998, pages 873-890."""
    before, after = (
        Estimates(np.array([value]), np.array([interval.low]), np.array([interval.high]))
        for value, interval in ((48 / 80, wilson(48, 80)), (56 / 70, wilson(56, 70)))
    )
    change = difference(before, after)
    assert change.low[0] == pytest.approx(0.0524, abs=5e-5)
    assert change.high[0] == pytest.approx(0.3339, abs=5e-5)


def test_the_median_lies_in_its_interval_as_often_as_promised() -> None:
    generator = np.random.default_rng(11)
    for count in (6, 9, 30):
        draws = generator.lognormal(0, 1, (4000, count))
        intervals = [median_interval(row) for row in draws.tolist()]
        inside = sum(interval.low <= 1 <= interval.high for interval in intervals)
        assert 0.945 <= inside / len(intervals) <= 0.99


def test_the_interval_of_a_median_is_two_of_the_values() -> None:
    interval = median_interval([5.0, 1.0, 3.0, 2.0, 6.0, 4.0])
    assert (interval.low, interval.high) == (1.0, 6.0)
    interval = median_interval([float(value) for value in range(1, 31)])
    assert (interval.low, interval.high) == (10.0, 21.0)
