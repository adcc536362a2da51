"""The clocks agree with the kernel's."""

import time

from riostat.core.clock import SYSTEM_CLOCK


def test_both_clocks_go_forward_from_the_kernels() -> None:
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC), time.time_ns()
    read = SYSTEM_CLOCK.monotonic_ns(), SYSTEM_CLOCK.realtime_ns()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC), time.time_ns()
    assert before[0] <= read[0] <= after[0]
    assert before[1] <= read[1] <= after[1]
