"""Queues of disks: the earliest deadline first, bounded, counted."""

import threading
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riostat.core.clock import SYSTEM_CLOCK
from riostat.core.errors import DiskError, StoreBusyError
from riostat.store.queues import QUEUE_LENGTH_MAX, DiskQueue


def new_queue(*, threads: int = 1) -> DiskQueue:
    return DiskQueue("d", threads=threads, expected_ns=1000, clock=SYSTEM_CLOCK)


def blocked(queue: DiskQueue) -> threading.Event:
    """Keep the queue's thread busy until the event is set."""
    started, go = threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        go.wait()

    queue.submit(0, work)
    started.wait()
    return go


@settings(max_examples=30)
@given(st.lists(st.integers(0, 20), max_size=50))
def test_the_earliest_deadline_is_served_first(deadlines: list[int]) -> None:
    queue = new_queue()
    go = blocked(queue)
    served: list[tuple[int, int]] = []
    for number, deadline in enumerate(deadlines):
        queue.submit(deadline, partial(served.append, (deadline, number)))
    assert len(queue) == len(deadlines) + 1
    go.set()
    queue.close()
    assert served == sorted(served)  # of equal deadlines the first that came


def test_a_full_queue_refuses() -> None:
    queue = new_queue()
    go = blocked(queue)
    for _ in range(QUEUE_LENGTH_MAX):
        queue.submit(1, lambda: None)
    with pytest.raises(StoreBusyError, match="try again later"):
        queue.submit(1, lambda: None)
    go.set()
    queue.close()
    with pytest.raises(DiskError, match="is closed"):
        queue.submit(1, lambda: None)


def test_what_was_cancelled_is_not_done() -> None:
    queue = new_queue()
    go = blocked(queue)
    done: list[int] = []
    future = queue.submit(1, lambda: done.append(1))
    assert future.cancel()
    go.set()
    queue.close()
    assert done == []


def test_errors_come_with_the_future_and_the_queue_goes_on() -> None:
    queue = new_queue(threads=2)

    def fail() -> None:
        raise DiskError("no")

    with pytest.raises(DiskError, match="no"):
        queue.submit(1, fail).result()
    assert queue.submit(1, lambda: 5).result() == 5
    queue.close()


def test_counters_and_the_expected_finish() -> None:
    queue = new_queue()
    assert queue.expected_finish_ns == 1000
    go = blocked(queue)
    assert queue.expected_finish_ns == 2000
    go.set()
    queue.submit(1, lambda: None, length=4096).result()
    queue.close()
    assert queue.bytes == 4096
    assert queue.busy_ns > 0
    assert queue.expected_ns != 1000
