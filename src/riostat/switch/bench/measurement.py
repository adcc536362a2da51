"""Measuring: frames of a device go to guests in every configuration, in turns, and are counted.

A turn moves frames through each configuration once, and copies the same bytes with memcpy on the
worker's core, so that what changes on the machine meanwhile changes all of them.
"""

import os
import select
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from riostat.core.clock import Clock
from riostat.core.errors import SwitchError
from riostat.switch.bench.configurations import Configuration
from riostat.switch.bench.conversation import Begin, Received
from riostat.switch.bench.guestprocess import GuestProcess
from riostat.switch.bench.templates import guest_mac, make_templates, template_count
from riostat.switch.engine import Engine
from riostat.switch.kernels import limits
from riostat.switch.ports import FAULT_WORDS, PortCounters, PortDescription, PortKind, Region
from riostat.switch.recording import SwitchRecording

__all__ = ["Bench", "Placement", "Repetition", "place"]

_DEVICE: Final = "nic"
_TICK_SECONDS: Final = 0.25
_COPIED_FRAMES: Final = 500_000
_PLACES: Final = 256
_WARM_FRAMES: Final = 1024
_COUNTING_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Placement:
    """On which CPUs the driver domain and the guests run."""

    driver_domain: int
    guests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Repetition:
    """What one configuration did once: `frames` delivered between two times of CLOCK_MONOTONIC.

    The driver domain was at work for `busy_ns` of that, else it waited for buffers.
    """

    configuration: str
    frame_bytes: int
    frames: int
    corrupt: int
    dropped: int
    started_ns: int
    ended_ns: int
    busy_ns: int


def place() -> Placement:
    """Return the first CPU that this process may use for the driver domain, the next for guests."""
    cpus = sorted(os.sched_getaffinity(0))
    return Placement(cpus[0], cpus[1 % len(cpus)])


class Bench:
    """A worker with a device and guests; nothing of it outlives the context."""

    def __init__(
        self,
        *,
        guests: int,
        placement: Placement,
        kernels: Path,
        recording: SwitchRecording,
        clock: Clock,
    ) -> None:
        self._recording = recording
        self._clock = clock
        self._templates = make_templates(guests)
        self._memory = os.memfd_create("riostat-memcpy", os.MFD_CLOEXEC)
        os.ftruncate(self._memory, _PLACES * 4096)
        self._engine = Engine.start(cpus=[placement.driver_domain], kernels_cache=kernels)
        self._guests = [
            GuestProcess(
                f"guest{k}", templates=self._templates, cpu=placement.guests, kernels=kernels
            )
            for k in range(guests)
        ]

    def __enter__(self) -> Self:
        try:
            self._join()
        except SwitchError:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def repetition(
        self, configuration: Configuration, *, frame_bytes: int, frames: int
    ) -> Repetition:
        """Move frames through a configuration; raises `SwitchError` where some are lost uncounted.

        Every guest gets the same number of them. Before the time is taken, each gets its buffers
        filled a few times, so that caches are warm and what is granted for long is granted.
        """
        for guest in self._guests:
            self._engine.set_policy(guest.name, configuration.policy)
        self._move(configuration, frame_bytes, _WARM_FRAMES * len(self._guests))
        self._say(configuration, frame_bytes, "started")
        before, busy_ns = self._counters(), self._busy_ns()
        started_ns, received = self._move(configuration, frame_bytes, frames)
        after = self._counters()
        self._say(configuration, frame_bytes, "ended")
        total = sum(result.frames for result in received)
        return Repetition(
            configuration=configuration.name,
            frame_bytes=frame_bytes,
            frames=total,
            corrupt=sum(result.corrupt for result in received),
            dropped=_check(before, after, total),
            started_ns=started_ns,
            ended_ns=max(result.ended_ns for result in received),
            busy_ns=self._busy_ns() - busy_ns,
        )

    def _counters(self) -> dict[str, PortCounters]:
        """Return the counters when all that came in is counted out or dropped.

        A guest has its last frames before the worker has counted their batch.
        """
        deadline_s = time.monotonic() + _COUNTING_S
        while True:
            counters = self._engine.counters()
            came, went, dropped = _totals(counters)
            if came == went + dropped or time.monotonic() > deadline_s:
                return counters
            time.sleep(0.001)

    def _busy_ns(self) -> int:
        (worker,) = self._engine.workers()
        return worker.busy_ns

    def _move(
        self, configuration: Configuration, frame_bytes: int, frames: int
    ) -> tuple[int, list[Received]]:
        """Move frames; return when that began, and what the guests received."""
        guests = len(self._guests)
        each = max(frames // guests, 1)
        for k, guest in enumerate(self._guests):
            guest.begin(Begin(frame_bytes, each, k, guests))
        started_ns = self._clock.monotonic_ns()
        self._engine.transmit(
            _DEVICE,
            frames=each * guests,
            frame_bytes=frame_bytes,
            queues=[guest.name for guest in self._guests] if configuration.per_guest else [],
        )
        return started_ns, self._wait()

    @property
    def worker_pid(self) -> int:
        """The process that is the driver domain, as profiles name it."""
        return self._engine.workers()[0].pid

    def perf_maps(self) -> dict[int, bytes]:
        """Return where the driver domain's compiled functions lie, by its process."""
        return self._engine.perf_maps()

    def memcpy_gbps(self, frame_bytes: int) -> float:
        """Return the rate, in Gb/s, at which the worker copies frames from the same templates.

        They go to as many pages as a guest has posted, behind the same header.
        """
        elapsed_ns = self._engine.measure_copy(
            _DEVICE,
            frames=_COPIED_FRAMES,
            frame_bytes=frame_bytes,
            descriptor=self._memory,
            places=_PLACES,
        )
        return _COPIED_FRAMES * frame_bytes * 8 / elapsed_ns

    def _join(self) -> None:
        length = template_count(len(self._guests)) * limits.TEMPLATE_BYTES
        region = Region(
            guest_address=0,
            user_address=0,
            length=length,
            offset=0,
            descriptor=self._templates,
            shrinkable=False,
        )
        description = PortDescription(kind=PortKind.DEVICE, regions=[region])
        self._engine.attach(_DEVICE, description)
        for k, guest in enumerate(self._guests):
            guest.join(self._engine)
            self._engine.teach(guest.name, guest_mac(k))

    def _wait(self) -> list[Received]:
        """Wait for all guests, writing the counters into the run meanwhile."""
        with select.epoll() as poll:
            poll.register(self._engine.descriptor, select.EPOLLIN)
            waiting = {guest.connection.fileno(): guest for guest in self._guests}
            for descriptor in waiting:
                poll.register(descriptor, select.EPOLLIN)
            received = []
            while waiting:
                for descriptor, _ in poll.poll(_TICK_SECONDS):
                    if descriptor in waiting:
                        received.append(waiting.pop(descriptor).received())
                        poll.unregister(descriptor)
                    else:
                        self._look_at_engine()
                self._recording.counters(self._engine.counters())
        return received

    def _look_at_engine(self) -> None:
        for name, fault in self._engine.events():
            raise SwitchError(
                f"The bench's port {name} broke ({FAULT_WORDS[fault]}); nothing was measured."
            )

    def _say(self, configuration: Configuration, frame_bytes: int, state: str) -> None:
        self._recording.counters(self._engine.counters())
        self._recording.event(
            "configuration",
            {
                "name": configuration.name,
                "frame_bytes": frame_bytes,
                "policy": configuration.policy,
                "queues": configuration.queues,
                "state": state,
            },
        )

    def _close(self) -> None:
        for guest in self._guests:
            guest.close()
        self._engine.close()
        for descriptor in (self._templates, self._memory):
            os.close(descriptor)


def _totals(counters: dict[str, PortCounters]) -> tuple[int, int, int]:
    """Return how many frames came in, went out and were dropped, over all ports."""
    ports = counters.values()
    return (
        sum(sum(queue.rx_frames for queue in port.queues) + port.flooded for port in ports),
        sum(queue.tx_frames for port in ports for queue in port.queues),
        sum(sum(port.drops.values()) for port in ports),
    )


def _check(before: dict[str, PortCounters], after: dict[str, PortCounters], frames: int) -> int:
    """Return how many frames were dropped; all that came in went out or were."""
    came, went, dropped = (
        now - was for was, now in zip(_totals(before), _totals(after), strict=True)
    )
    if came != went + dropped or came != frames:
        raise SwitchError(
            f"Of {frames} frames {came} were counted in, {went} out and {dropped} dropped; "
            "this is a fault of the switch."
        )
    return dropped
