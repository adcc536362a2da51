"""The simulated disks against queueing theory."""

from pathlib import Path

import numpy as np
import pytest

from riostat.core.intervals import wilson
from riostat.store.simulation import SimulatedDelays, disk_service, simulate_delays


def test_one_copy_waits_as_pollaczek_and_khinchine_say(tmp_path: Path) -> None:
    """Each disk is an M/G/1 queue then: its mean wait is rate * E[S^2] / (2 * (1 - rate))."""
    service = disk_service(disks=4)
    utilisation = 0.7
    found = simulate_delays(
        service,
        requests=2_000_000,
        utilisation=utilisation,
        replication=0,
        seed=5,
        kernels=tmp_path,
    )
    second_moment = float((service[0] ** 2).mean())
    expected = 1 + utilisation * second_moment / (2 * (1 - utilisation))
    counts = found.counts.sum(axis=0)
    middles = (np.arange(len(counts)) + 0.5) / 8
    assert float(counts @ middles) / found.requests == pytest.approx(expected, rel=0.02)
    assert found.beyond == 0


def test_a_second_copy_helps_and_the_choice_is_what_helps(tmp_path: Path) -> None:
    late = [
        simulate_delays(
            disk_service(disks=8),
            requests=300_000,
            utilisation=0.9,
            replication=replication,
            seed=6,
            kernels=tmp_path,
        ).late(10)
        for replication in (0, 0.25, 1)
    ]
    assert late[0] > 5 * late[1] > 25 * late[2]


def test_service_times_have_mean_one() -> None:
    service = disk_service(disks=3)
    assert service.shape[0] == 3
    assert service.mean() == pytest.approx(1)
    assert (np.diff(service, axis=1) >= 0).all()


def test_intervals_that_know_of_bursts_cover_the_truth_and_others_do_not(tmp_path: Path) -> None:
    """The truth is what all runs together say, many times more than each of them."""
    bounds, runs, requests = (7, 9, 10, 12), 100, 400_000
    found = [
        simulate_delays(
            disk_service(disks=8),
            requests=requests,
            utilisation=0.9,
            replication=0.5,
            seed=seed,
            kernels=tmp_path,
        )
        for seed in range(runs)
    ]
    for bound in bounds:
        share = sum(delays.late(bound) for delays in found) / (runs * requests)
        covered = [0, 0]
        for delays in found:
            late = delays.late(bound)
            for known, dispersion in enumerate((1, delays.dispersion(bound))):
                interval = wilson(late / dispersion, requests / dispersion)
                covered[known] += interval.low <= share <= interval.high
        assert covered[0] < 75, bound
        assert covered[1] >= 90, bound


def test_what_is_never_late_says_nothing_of_bursts() -> None:
    none = SimulatedDelays(np.zeros((50, 200), np.int64), 0)
    assert none.dispersion(20) == 1
