"""The simulated disks against queueing theory."""

from pathlib import Path

import numpy as np
import pytest

from riostat.store.simulation import disk_service, simulate_delays


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
    middles = (np.arange(len(found.counts)) + 0.5) / 8
    assert float(found.counts @ middles) / found.requests == pytest.approx(expected, rel=0.02)
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
