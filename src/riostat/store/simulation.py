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


@dataclass(frozen=True, slots=True)
class SimulatedDelays:
    """The delays of simulated requests, in mean service times of all disks.

    `counts` i64[n] are by eighths, the last of them all that is longer than 128; `beyond` found a
    queue of more than 1,024 requests.
    """

    counts: NDArray[np.int64]
    beyond: int

    @property
    def requests(self) -> int:
        """How many requests were counted."""
        return int(self.counts.sum())

    def late(self, bound: float) -> int:
        """Return how many took longer than a bound, which is a multiple of an eighth."""
        assert bound * _BINS_PER_UNIT == int(bound * _BINS_PER_UNIT) < len(self.counts), bound
        return int(self.counts[int(bound * _BINS_PER_UNIT) :].sum())


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
    counts = np.zeros(_UNITS * _BINS_PER_UNIT + 1, np.int64)
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
