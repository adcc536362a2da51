"""95 % intervals: of a proportion, of shares of autocorrelated time, and of their differences.

A share is estimated from samples that a timer takes, and programs work in phases: neighbouring
samples tell the same story, so an interval that takes them for independent is too short. The
variance of a share therefore comes from a block bootstrap over time, and is turned into the number
of independent samples that would have told as much. Wilson's score interval with that number is
what is printed: it has a sensible width also for a row with one sample, with none, or with all.
This is the construction of Korn and Graubard ("Confidence intervals for proportions with small
expected number of positive counts estimated from survey data", Survey Methodology 24, 1998) with
Wilson's interval in place of the exact one, as Dean and Pagano recommend ("Evaluating confidence
interval methods for binomial proportions in clustered surveys", Journal of Survey Statistics and
Methodology 3, 2015).

No replicate is drawn. The variance of a mean over all block-bootstrap replicates is a sum over
blocks (Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of
Statistics 17, 1989), so the same run always yields the same interval.

What is left out: trends. The interval is about how a stationary program would fare if it ran on
under the same conditions. Phases of which a recording holds fewer than about ten are beyond what
any interval can tell from that recording.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CONFIDENCE",
    "Estimates",
    "Interval",
    "block_bootstrap_shares",
    "difference",
    "median_interval",
    "wilson",
]

CONFIDENCE: Final = 0.95
"""Every interval of riostat covers the truth this often."""

_Z = 1.959963984540054
_Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of a 95 % interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimates:
    """Estimates (f64[rows]) with the ends of their 95 % intervals (f64[rows] each)."""

    value: _Floats
    low: _Floats
    high: _Floats


def wilson(successes: float, trials: float) -> Interval:
    """Return the score interval of a proportion of independent trials; without trials 0..1.

    Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
    American Statistical Association 22, 1927.
    """
    assert 0 <= successes <= trials, (successes, trials)
    if not trials:
        return Interval(0.0, 1.0)
    share, size = np.array([successes / trials]), np.array([float(trials)])
    low, high = _score(share, size)
    return Interval(float(low[0]), float(high[0]))


def median_interval(values: Sequence[float]) -> Interval:
    """Return the interval of the median of at least six independent values, whatever they follow.

    Its ends are order statistics, of which a binomial says how often they enclose the median:
    Hahn and Meeker, "Statistical Intervals", 1991, section 5.2.
    """
    count = len(values)
    assert count >= 6, count
    ordered = sorted(values)
    outside, cut = 0.0, 0
    while outside + math.comb(count, cut) / 2**count <= (1 - CONFIDENCE) / 2:
        outside += math.comb(count, cut) / 2**count
        cut += 1
    return Interval(ordered[cut - 1], ordered[count - cut])


def block_bootstrap_shares(weights: _Floats, totals: _Floats, *, samples: float) -> Estimates:
    """Return the share of each row in the total, with its interval.

    `weights` (f64[bins, rows]) is what each row weighs in each of at least four equal bins of
    time, `totals` (f64[bins]) what everything weighs there; the share is a ratio of sums.
    `samples` is how many samples of equal weight are behind the totals: no interval is shorter
    than that many independent samples allow.

    Blocks wrap round the end (Politis and Romano, "A circular block-resampling procedure for
    stationary data", 1992), so that every bin counts equally. Their length is 1.3 sqrt(bins) and
    the critical value is that of fixed-b asymptotics for the lag window to which overlapping
    blocks amount (Bartlett's): Lazarus, Lewis, Stock and Watson, "HAR inference: recommendations
    for practice", Journal of Business and Economic Statistics 36, 2018; Kiefer and Vogelsang,
    Econometric Theory 21, 2005.
    """
    bins, rows = weights.shape
    assert bins >= 4, bins
    total = totals.sum()
    if not total or not samples:
        return Estimates(np.zeros(rows), np.zeros(rows), np.ones(rows))
    shares = np.minimum(weights.sum(axis=0) / total, 1.0)
    weights, totals = weights / total, totals / total  # no unit is too small or too large
    block = math.ceil(1.3 * math.sqrt(bins))
    residuals = weights - shares * totals[:, None]
    ratio = _fixed_b_critical_value(block / bins) / _Z
    variance = _circular_block_variance(residuals, block) * ratio**2
    independent = shares * (1 - shares)
    size = np.full(rows, float(samples))
    # Where a row has nothing or all, what is left of the variance is rounding.
    known = (independent > 0) & (variance > independent / samples)
    np.divide(independent, variance, out=size, where=known)
    low, high = _score(shares, size)
    return Estimates(shares, low, high)


def difference(before: Estimates, after: Estimates) -> Estimates:
    """Return after - before, row by row, with the interval of the difference.

    The distances of both estimates to the ends of their own intervals are added as squares:
    Newcombe, "Interval estimation for the difference between independent proportions", Statistics
    in Medicine 17, 1998, method 10.
    """
    change = after.value - before.value
    return Estimates(
        change,
        change - np.hypot(after.value - after.low, before.high - before.value),
        change + np.hypot(after.high - after.value, before.value - before.low),
    )


def _circular_block_variance(residuals: _Floats, block: int) -> _Floats:
    """Return the variance of the sum of each column over all circular block replicates."""
    bins = residuals.shape[0]
    sums = np.zeros((bins + block, residuals.shape[1]))
    np.cumsum(residuals, axis=0, out=sums[1 : bins + 1])
    # The residuals of a share sum to zero, so what wraps round goes on from the first sums.
    sums[bins + 1 :] = sums[1:block]
    blocks = sums[block:] - sums[:bins]
    variance: _Floats = np.einsum("ij,ij->j", blocks, blocks) / block
    return variance


def _fixed_b_critical_value(fraction: float) -> float:
    return 1.96 + 2.9694 * fraction + 0.4160 * fraction**2 - 0.5324 * fraction**3


def _score(share: _Floats, size: _Floats) -> tuple[_Floats, _Floats]:
    scale = 1 + _Z**2 / size
    centre = (share + _Z**2 / (2 * size)) / scale
    half = _Z / scale * np.sqrt(share * (1 - share) / size + (_Z / (2 * size)) ** 2)
    # Rounding must not put an estimate outside its own interval.
    return (
        np.minimum(np.maximum(centre - half, 0.0), share),
        np.maximum(np.minimum(centre + half, 1.0), share),
    )
