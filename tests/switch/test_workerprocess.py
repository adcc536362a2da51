"""Orders to a worker that has ended, or refuses, end in a sentence."""

import os
from pathlib import Path

import pytest

from riostat.core.errors import GuestError, PortError
from riostat.switch.orders import Attach, Ready, RegionOrder
from riostat.switch.workerprocess import START_SECONDS, WorkerProcess


def test_a_worker_answers_refuses_and_ends(kernels_cache: Path) -> None:
    worker = WorkerProcess(0, -1, kernels_cache)
    assert worker.order(Ready(), seconds=START_SECONDS) == 0
    nothing = Attach(0, "vhost", "map", 0, 0, -1, [RegionOrder(0, 0, 4096, 0)], 0)
    with Path(os.devnull).open() as file, pytest.raises(GuestError):
        worker.order(nothing, [file.fileno()])
    assert worker.order(Ready()) == 0
    worker.process.kill()
    worker.process.wait()
    with pytest.raises(PortError):
        worker.order(Ready())
    worker.close()
