"""Event simulation of disks with random placement, partial replication and choice of copy.

Requests come as a Poisson process; each disk serves its queue in the order of arrival. Delays are
counted in units of the mean service time.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["simulate"]

_QUEUE = 1024  # requests a disk's queue is followed over; what finds it full is counted
_QUEUE_MASK = _QUEUE - 1
# xorshift64*: Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled",
# ACM Transactions on Mathematical Software 42, 2016. The upper 53 bits make a double of 0..1.
_MULTIPLIER = np.uint64(2685821657736338717)
_SHIFT_A, _SHIFT_B, _SHIFT_C = np.uint64(12), np.uint64(25), np.uint64(27)
_SHIFT_DOUBLE = np.uint64(11)
_UNIT = 2.0**-53


@njit(cache=True, nogil=True, inline="always")
def _uniform(state: NDArray[np.uint64]) -> float:
    x = state[0]
    x ^= x >> _SHIFT_A
    x ^= x << _SHIFT_B
    x ^= x >> _SHIFT_C
    state[0] = x
    return float((x * _MULTIPLIER) >> _SHIFT_DOUBLE) * _UNIT


@njit(cache=True, nogil=True, inline="always")
def _queued(
    disk: int,
    now: float,
    heads: NDArray[np.int64],
    tails: NDArray[np.int64],
    departures: NDArray[np.float64],
) -> int:
    """Let go what has left a disk by now; return how many requests are there."""
    while heads[disk] < tails[disk] and departures[disk, heads[disk] & _QUEUE_MASK] <= now:
        heads[disk] += 1
    return int(tails[disk] - heads[disk])


@njit(cache=True, nogil=True)
def simulate(
    requests: int,
    rate: float,
    replicated: float,
    service: NDArray[np.float64],
    counted_from: int,
    bin_width: float,
    state: NDArray[np.uint64],
    departures: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> int:
    """Simulate requests, and count those from `counted_from` on by their delays.

    `rate` is requests per unit of time to all disks, `replicated` the share of blocks with a second
    copy, `service` f64[disks, q] the quantiles of each disk's service time, `state` u64[1] the
    random generator's (not 0), `departures` f64[disks, 1024] room for the queues, `counts`
    i64[spans, bins] takes delays by `bin_width`, the last bin those beyond, in a row for each of
    as many equal spans of requests. Returns how many requests found a queue of more than 1,024.
    """
    disks, quantiles = service.shape
    heads, tails = np.zeros(disks, np.int64), np.zeros(disks, np.int64)
    ends, means = np.zeros(disks), np.zeros(disks)
    for disk in range(disks):
        means[disk] = service[disk].mean()
    spans, bins = counts.shape
    span_requests = -(-(requests - counted_from) // spans)
    now, beyond, last = 0.0, 0, bins - 1
    for request in range(requests):
        now -= math.log(1.0 - _uniform(state)) / rate
        disk = int(_uniform(state) * disks)
        queued = _queued(disk, now, heads, tails, departures)
        if _uniform(state) < replicated:
            other = (disk + 1 + int(_uniform(state) * (disks - 1))) % disks
            there = _queued(other, now, heads, tails, departures)
            if (there + 1) * means[other] < (queued + 1) * means[disk]:
                disk, queued = other, there
        place = _uniform(state) * (quantiles - 1)
        low = int(place)
        time = service[disk, low] + (place - low) * (service[disk, low + 1] - service[disk, low])
        ends[disk] = max(ends[disk], now) + time
        if queued < _QUEUE:
            departures[disk, tails[disk] & _QUEUE_MASK] = ends[disk]
            tails[disk] += 1
        else:
            beyond += 1
        if request >= counted_from:
            span = (request - counted_from) // span_requests
            counts[span, min(int((ends[disk] - now) / bin_width), last)] += 1
    return beyond
