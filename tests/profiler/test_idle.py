"""Idle times, as the kernel accounts them."""

import os
import select

from riostat.profiler.idle import IdleTimes
from riostat.profiler.opening import online_cpus


def test_idle_times_begin_at_zero_and_grow_no_faster_than_time() -> None:
    idle = IdleTimes()
    first = idle.read()
    assert set(first) == set(online_cpus())
    select.select([], [], [], 0.2)
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    for cpu, seconds in idle.read().items():
        assert first[cpu] <= seconds + tick_s
        assert -tick_s <= first[cpu]
