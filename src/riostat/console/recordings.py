"""Recordings started from a page: one at a time, each a ``riostat profile record`` of its own."""

import asyncio
import contextlib
import os
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Literal

import msgspec

from riostat.console.answers import refusal
from riostat.console.tether import interrupt, tethered
from riostat.core.clock import Clock
from riostat.core.datadir import DataDirectory
from riostat.core.text import printable

__all__ = [
    "LEAST_FREQUENCY_HZ",
    "LEAST_SECONDS",
    "MOST_FREQUENCY_HZ",
    "MOST_SECONDS",
    "Recording",
    "RecordingRequest",
    "Recordings",
]

LEAST_SECONDS, MOST_SECONDS = 1.0, 600.0
LEAST_FREQUENCY_HZ, MOST_FREQUENCY_HZ = 1, 10_000

_KEPT = 32
_GRACE_S = 60.0
_TICK_S = 0.5
_SHOWN_ERROR = 400


class RecordingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a page asks to be recorded; without an event the recorder chooses."""

    seconds: float = 10.0
    frequency_hz: int = 999
    event: str | None = None


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """How a recording fares; `run` is its result."""

    id: str
    state: Literal["running", "done", "failed"]
    seconds: float
    frequency_hz: int
    event: str | None
    elapsed_s: float
    fraction: float
    run: str | None
    problem: str | None
    href: str


class _Result(msgspec.Struct):
    """What ``riostat profile record --json`` prints, as far as it matters here."""

    run: str


class _Job:
    """One recording: the child that makes it and what came of it."""

    def __init__(self, request: RecordingRequest, started_ns: int) -> None:
        self.id = secrets.token_hex(4)
        self.request = request
        self.started_ns = started_ns
        self.ended_ns: int | None = None
        self.run: str | None = None
        self.problem: str | None = None
        self.ended = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def view(self, now_ns: int) -> Recording:
        elapsed_s = ((self.ended_ns or now_ns) - self.started_ns) / 1e9
        running = self.ended_ns is None
        # Starting and writing take a moment more than the recording: done is said, not reckoned.
        fraction = min(elapsed_s / self.request.seconds, 0.99) if running else 1.0
        return Recording(
            id=self.id,
            state="running" if running else "failed" if self.run is None else "done",
            seconds=self.request.seconds,
            frequency_hz=self.request.frequency_hz,
            event=self.request.event,
            elapsed_s=round(elapsed_s, 3),
            fraction=round(fraction, 4),
            run=self.run,
            problem=self.problem,
            href=f"/recordings/{self.id}",
        )


class Recordings:
    """The recording that runs now, and the last ones that ended."""

    def __init__(self, data: DataDirectory, events: tuple[str, ...], clock: Clock) -> None:
        self.events = events
        self._data = data
        self._clock = clock
        self._jobs: OrderedDict[str, _Job] = OrderedDict()

    @property
    def running(self) -> Recording | None:
        """The recording that runs now."""
        now_ns = self._clock.monotonic_ns()
        return next((j.view(now_ns) for j in self._jobs.values() if j.ended_ns is None), None)

    def start(self, request: RecordingRequest) -> Recording:
        """Start a recording; raises `HTTPException` for values out of bounds, or while one runs."""
        self._check(request)
        running = self.running
        if running is not None:
            raise refusal(
                409,
                f"A recording of {running.seconds:g} s is running since {running.elapsed_s:.0f} s; "
                "wait for its end.",
            )
        job = _Job(request, self._clock.monotonic_ns())
        self._jobs[job.id] = job
        while len(self._jobs) > _KEPT:
            self._jobs.popitem(last=False)
        job.task = asyncio.get_running_loop().create_task(self._carry_out(job))
        return job.view(self._clock.monotonic_ns())

    def find(self, identifier: str) -> Recording:
        """Return a recording; raises `HTTPException` where there is none."""
        return self._job(identifier).view(self._clock.monotonic_ns())

    async def follow(self, identifier: str) -> AsyncIterator[Recording]:
        """Yield how a recording fares, twice a second, and lastly how it ended."""
        job = self._job(identifier)
        while not job.ended.is_set():
            yield job.view(self._clock.monotonic_ns())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(job.ended.wait(), _TICK_S)
        yield job.view(self._clock.monotonic_ns())

    def end(self) -> None:
        """Let the recording that runs close its run; those who follow it see that it ended."""
        for task in self._tasks():
            task.cancel()

    async def close(self) -> None:
        """End the recording that runs and wait for it."""
        self.end()
        await asyncio.gather(*self._tasks(), return_exceptions=True)

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [job.task for job in self._jobs.values() if job.task and not job.task.done()]

    def _job(self, identifier: str) -> _Job:
        job = self._jobs.get(identifier)
        if job is None:
            raise refusal(
                404, f"There is no recording {printable(identifier[:40])!r}; /runs lists the runs."
            )
        return job

    def _check(self, request: RecordingRequest) -> None:
        if not LEAST_SECONDS <= request.seconds <= MOST_SECONDS:
            raise refusal(
                400,
                f"A recording of {request.seconds:g} s cannot be made; choose from "
                f"{LEAST_SECONDS:g} to {MOST_SECONDS:g} s.",
            )
        if not LEAST_FREQUENCY_HZ <= request.frequency_hz <= MOST_FREQUENCY_HZ:
            raise refusal(
                400,
                f"{request.frequency_hz} samples a second cannot be taken; choose from "
                f"{LEAST_FREQUENCY_HZ} to {MOST_FREQUENCY_HZ}.",
            )
        if request.event is not None and request.event not in self.events:
            raise refusal(
                400,
                f"There is no event {printable(request.event[:40])!r}; the events are "
                f"{', '.join(self.events)}.",
            )

    async def _carry_out(self, job: _Job) -> None:
        try:
            job.run, job.problem = await self._record(job.request)
        except OSError as error:
            job.problem = f"The recorder cannot be started ({error.strerror})."
        except asyncio.CancelledError:
            job.problem = "The console ended, and the recording with it; its run may be short."
            raise
        finally:
            job.ended_ns = self._clock.monotonic_ns()
            job.ended.set()

    async def _record(self, request: RecordingRequest) -> tuple[str | None, str | None]:
        """Return the run, or the sentence that says why there is none."""
        arguments = ["-m", "riostat", "profile", "record", "--json"]
        arguments += ["--data", str(self._data.root)]
        arguments += ["-d", f"{request.seconds:g}", "-F", str(request.frequency_hz)]
        if request.event is not None:
            arguments += ["-e", request.event]
        child = await asyncio.create_subprocess_exec(
            *tethered(arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=os.environ | {"NO_COLOR": "1"},
        )
        try:
            output, errors = await asyncio.wait_for(child.communicate(), request.seconds + _GRACE_S)
        except TimeoutError:
            return None, "The recorder did not end in time and was stopped; look at /runs."
        finally:
            await interrupt(child)
        if child.returncode != 0:
            return None, _last_line(errors) or f"The recorder ended with {child.returncode}."
        try:
            return msgspec.json.decode(output, type=_Result).run, None
        except msgspec.MsgspecError as error:
            return None, f"The recorder did not name its run ({printable(str(error))})."


def _last_line(errors: bytes) -> str:
    lines = errors.decode(errors="replace").strip().splitlines()
    return printable(lines[-1].removeprefix("riostat: "))[:_SHOWN_ERROR] if lines else ""
