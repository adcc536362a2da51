"""The queue of one disk: requests are served by deadline, the earliest first.

Everything that goes to a disk waits here: blocks of streams with their deadlines, and all other
work with one in the near future, so that it takes the slack and is never starved, since time
brings its deadline to the front. The queue knows how long a block takes on this disk, as an
exponentially weighted mean, which is what the choice of copy goes by.
"""

import heapq
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from riostat.core.clock import Clock
from riostat.core.errors import DiskError, StoreBusyError

__all__ = ["QUEUE_LENGTH_MAX", "DiskQueue"]

Result = TypeVar("Result")

QUEUE_LENGTH_MAX = 8192
"""Requests that may wait for one disk."""

_MEAN_WEIGHT = 1 / 8
_UNKNOWN_NS = 10_000_000

_Request = tuple[int, int, Callable[[], Any], Future[Any], int]


class DiskQueue:
    """Threads that serve the requests of one disk, earliest deadline first.

    Counters only grow: `busy_ns` is the time with a request in service, `bytes` what was moved.
    """

    def __init__(self, name: str, *, threads: int, expected_ns: int, clock: Clock) -> None:
        self.name = name
        self.busy_ns = 0
        self.bytes = 0
        self.expected_ns = float(expected_ns or _UNKNOWN_NS)
        self._clock = clock
        self._ready = threading.Condition()
        self._requests: list[_Request] = []
        self._submitted = 0
        self._in_service = 0
        self._busy_since_ns = 0
        self._closing = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"riostore-{name}-{n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        """Return how many requests wait or are in service."""
        return len(self._requests) + self._in_service

    @property
    def expected_finish_ns(self) -> float:
        """How long one more block would take from now on: (queued + 1) x expected service."""
        return (len(self) + 1) * self.expected_ns

    def submit(
        self, deadline_ns: int, work: Callable[[], Result], *, length: int = 0
    ) -> Future[Result]:
        """Have `work`, which moves `length` bytes, done in a thread of this disk.

        Raises `StoreBusyError` when too much waits already, `DiskError` after `close`.
        """
        future: Future[Result] = Future()
        with self._ready:
            if self._closing:
                raise DiskError(f"The disk {self.name} is closed; open the store again.")
            if len(self._requests) >= QUEUE_LENGTH_MAX:
                raise StoreBusyError(
                    f"{QUEUE_LENGTH_MAX} requests wait for the disk {self.name}; try again later."
                )
            self._submitted += 1
            request = (deadline_ns, self._submitted, work, future, length)
            heapq.heappush(self._requests, request)
            self._ready.notify()
        return future

    def close(self) -> None:
        """Serve what waits, then end the threads."""
        with self._ready:
            self._closing = True
            self._ready.notify_all()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while (request := self._next()) is not None:
            _, _, work, future, length = request
            if future.set_running_or_notify_cancel():
                started_ns = self._clock.monotonic_ns()
                in_service = self._in_service
                try:
                    result = work()
                except Exception as error:  # noqa: BLE001 - whoever waits for the future gets it
                    self._done(0)
                    future.set_exception(error)
                else:
                    if length:
                        self._learn((self._clock.monotonic_ns() - started_ns) / in_service)
                    self._done(length)
                    future.set_result(result)
            else:
                self._done(0)
            # A result that nobody else holds is not to live on in an idle thread.
            del request, work, future
            result = None

    def _next(self) -> _Request | None:
        with self._ready:
            while not self._requests:
                if self._closing:
                    return None
                self._ready.wait()
            if not self._in_service:
                self._busy_since_ns = self._clock.monotonic_ns()
            self._in_service += 1
            return heapq.heappop(self._requests)

    def _done(self, length: int) -> None:
        with self._ready:
            now_ns = self._clock.monotonic_ns()
            self.busy_ns += now_ns - self._busy_since_ns
            self._busy_since_ns = now_ns
            self._in_service -= 1
            self.bytes += length

    def _learn(self, service_ns: float) -> None:
        self.expected_ns += _MEAN_WEIGHT * (service_ns - self.expected_ns)
