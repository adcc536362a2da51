"""A worker sleeps when nothing comes, wakes for a kick, and ends with its engine."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from riostat.switch.engine import Engine
from riostat.switch.kernels import layout as at
from tests.switch.pools import PoolGuest, attach_to_engine, frame

_START = """
import sys, time
from pathlib import Path
from riostat.switch.engine import Engine
with Engine.start(cpus=[-1], kernels_cache=Path(sys.argv[1])) as engine:
    print(engine.workers()[0].pid, flush=True)
    sys.stdin.read()
"""


def _wait_for_sleep(engine: Engine) -> None:
    board = next(iter(engine._ports.values())).worker.board
    end = time.monotonic() + 20
    while not board.words[at.CONTROL_ASLEEP]:
        assert time.monotonic() < end
        os.sched_yield()


def test_a_worker_sleeps_and_wakes_for_a_kick(kernels_cache: Path) -> None:
    one, other = PoolGuest(kernels_cache), PoolGuest(kernels_cache)
    with Engine.start(cpus=[0], kernels_cache=kernels_cache) as engine:
        attach_to_engine(engine, "one", one)
        attach_to_engine(engine, "other", other)
        for _ in range(3):
            _wait_for_sleep(engine)
            one.send([frame(2, 1)])
            assert other.expect(1) == [frame(2, 1)]
        other.kernels.listen(other.queue, 1)
        one.send([frame(2, 1)])
        assert select.select([other.call], [], [], 20)[0], "the guest was not called"
    one.close()
    other.close()


def test_a_worker_ends_with_its_engine(kernels_cache: Path) -> None:
    engine = subprocess.Popen(
        [sys.executable, "-c", _START, str(kernels_cache)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert engine.stdout is not None
    worker = os.pidfd_open(int(engine.stdout.readline()))
    engine.send_signal(signal.SIGKILL)
    engine.communicate()
    assert select.select([worker], [], [], 20)[0], "the worker outlived its engine"
    os.close(worker)
