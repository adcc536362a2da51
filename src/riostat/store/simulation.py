"""Simulated disks: how late blocks come at a load, for a share of blocks that lie twice.

The model of Santos and Muntz, "Performance analysis of the RIO multimedia storage system with
heterogeneous disk configurations" (ACM Multimedia 1998): every request goes to a random disk, or
for a block with two copies to that of its two disks where it is expected to finish first, which is
the shortest queue in the disk's own mean service times. Left out here: deadlines, so each queue is
served in the order of arrival; and unequal loads, so all disks hold as much.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from riostat.core.kernelcache import import_kernels

__all__ = ["SimulatedDelays", "disk_service", "simulate_delays"]

_QUANTILES = 4096
_QUEUE = 1024
_WARMING = 100_000
_BINS_PER_UNIT = 8
_UNITS = 128
_SPANS = 50
_ENOUGH = 4000


@dataclass(frozen=True, slots=True)
class SimulatedDelays:
    """The delays of simulated requests, in mean service times of all disks.

    `counts` i64[spans, n] are by eighths, the last of them all that is longer than 128, in a row
    for each of equal spans of requests; `beyond` found a queue of more than 1,024 requests.
    """

    counts: NDArray[np.int64]
    beyond: int

    @property
    def requests(self) -> int:
        """How many requests were counted."""
        return int(self.counts.sum())

    def late(self, bound: float) -> int:
        """Return how many took longer than a bound, which is a multiple of an eighth."""
        return int(self._late_by_span(bound).sum())

    def dispersion(self, bound: float) -> float:
        """Return how much more late requests scatter over the spans than single ones would.

        That is the variance of their number in a span over its mean, at least 1. Late requests
        come in bursts, while a queue is long, so that many of them tell the same story: so many
        requests are worth one independent request. Where fewer than `_ENOUGH` are late it is
        that of the highest bound below for which so many are: bursts above a lower bound are
        longer, so what is made of it is cautious. Spans must be long against bursts.
        """
        while bound > 0 and self.late(bound) < _ENOUGH:
            bound -= 1 / _BINS_PER_UNIT
        late = self._late_by_span(bound)
        mean = float(late.mean())
        return max(1.0, float(late.var(ddof=1)) / mean) if mean else 1.0

    def _late_by_span(self, bound: float) -> NDArray[np.int64]:
        column = int(bound * _BINS_PER_UNIT)
        assert bound * _BINS_PER_UNIT == column < self.counts.shape[1], bound
        late: NDArray[np.int64] = self.counts[:, column:].sum(axis=1)
        return late


def disk_service(*, disks: int, seek_share: float = 0.4) -> NDArray[np.float64]:
    """Return the quantiles of the service times of equal disks, f64[disks, 4096], of mean 1.

    A read is a seek and a wait for the platter, together `seek_share` of the mean and uniformly
    distributed, and a transfer that takes as long each time.
    """
    assert disks >= 2, disks
    assert 0 <= seek_share <= 1, seek_share
    spread = np.linspace(0, 2 * seek_share, _QUANTILES)
    return np.tile(spread + (1 - seek_share), (disks, 1))


def simulate_delays(
    service: NDArray[np.float64],
    *,
    requests: int,
    utilisation: float,
    replication: float,
    seed: int,
    kernels: Path,
) -> SimulatedDelays:
    """Simulate so many requests after the queues have settled.

    `service` f64[disks, q] holds quantiles of each disk's service time, `utilisation` (0..1) is
    that of all disks together, `replication` (0..1) the share of blocks with a second copy.
    """
    assert 0 < utilisation < 1, utilisation
    assert 0 <= replication <= 1, replication
    compiled = import_kernels("riostat.store.kernels.simulation", kernels)
    mean = float(service.mean())
    rate = utilisation * float((1 / service.mean(axis=1)).sum())
    counts = np.zeros((_SPANS, _UNITS * _BINS_PER_UNIT + 1), np.int64)
    state = np.random.default_rng(seed).integers(1, 1 << 63, 1, np.uint64)
    departures = np.zeros((len(service), _QUEUE))
    beyond = compiled.simulate(
        requests + _WARMING,
        rate,
        replication,
        service,
        _WARMING,
        mean / _BINS_PER_UNIT,
        state,
        departures,
        counts,
    )
    return SimulatedDelays(counts, int(beyond))
