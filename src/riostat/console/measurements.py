"""Claims measured from the page: one at a time, each in a process of its own."""

import asyncio
import contextlib
import os
from collections.abc import Sequence

import msgspec

from riostat.claims.catalogue import CLAIMS
from riostat.claims.claim import Claim
from riostat.claims.measuring import Step
from riostat.claims.verdicts import Verdict, Verdicts
from riostat.console.answers import refusal
from riostat.console.tether import interrupt, tethered
from riostat.core.clock import Clock
from riostat.core.datadir import DataDirectory
from riostat.core.text import printable

__all__ = ["EXTENTS", "Measurement", "Measurements"]

EXTENTS = ("quick", "full")

_SHOWN_ERROR = 400
_LINE_BYTES = 1 << 20


class Measurement(msgspec.Struct, frozen=True):
    """The claim that is being measured, `fraction` of it done."""

    claim: str
    extent: str
    elapsed_s: float
    fraction: float


class Measurements:
    """The claims, the last verdicts, and the measurement that runs now.

    `problem` says in a sentence why the last measurement from here came to no verdict.
    """

    def __init__(self, data: DataDirectory, clock: Clock) -> None:
        self.problem: str | None = None
        self._data = data
        self._clock = clock
        self._verdicts = Verdicts(data.claims)
        self._claim = ""
        self._extent = ""
        self._started_ns = 0
        self._step = Step(0, 1)
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> Measurement | None:
        """The measurement that runs now."""
        if self._task is None or self._task.done():
            return None
        elapsed_s = (self._clock.monotonic_ns() - self._started_ns) / 1e9
        fraction = self._step.done / max(self._step.of, 1)
        return Measurement(self._claim, self._extent, elapsed_s, min(fraction, 1.0))

    def claims(self) -> Sequence[tuple[Claim, Verdict | None]]:
        """Return every claim and the last verdict on it; reads files."""
        last = self._verdicts.last()
        return [(claim, last.get(claim.id)) for claim in CLAIMS]

    def start(self, claim: str, extent: str) -> None:
        """Start to measure a claim; raises `HTTPException` for an unknown one, or while one is."""
        if all(known.id != claim for known in CLAIMS):
            raise refusal(404, f"There is no claim {printable(claim[:40])!r}; /claims lists them.")
        if extent not in EXTENTS:
            raise refusal(400, f"A measurement is {' or '.join(EXTENTS)}; choose one of them.")
        running = self.running
        if running is not None:
            raise refusal(
                409,
                f"{running.claim} is being measured since {running.elapsed_s:.0f} s; wait for its "
                "end.",
            )
        self._claim, self._extent = claim, extent
        self._started_ns, self._step = self._clock.monotonic_ns(), Step(0, 1)
        self.problem = None
        self._task = asyncio.get_running_loop().create_task(self._measure(claim, extent))

    def end(self) -> None:
        """Break off the measurement that runs."""
        if self._task is not None:
            self._task.cancel()

    async def close(self) -> None:
        """Break off the measurement that runs and wait for its end."""
        self.end()
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def _measure(self, claim: str, extent: str) -> None:
        arguments = ["-m", "riostat.claims.measuring", str(self._data.root), claim, extent]
        try:
            child = await asyncio.create_subprocess_exec(
                *tethered(arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,  # a terminal's Ctrl-C is for the server, which ends it
                env=os.environ | {"NO_COLOR": "1"},
                limit=_LINE_BYTES,
            )
        except OSError as error:
            self.problem = f"{claim} cannot be measured: no process starts ({error.strerror})."
            return
        try:
            await self._follow(child, claim)
        finally:
            await interrupt(child)

    async def _follow(self, child: asyncio.subprocess.Process, claim: str) -> None:
        """Take what the child says until it ends."""
        assert child.stdout is not None
        assert child.stderr is not None
        errors = asyncio.ensure_future(child.stderr.read())
        async for line in child.stdout:
            with contextlib.suppress(msgspec.MsgspecError):
                self._step = msgspec.json.decode(line, type=Step)
        said = (await errors).decode(errors="replace").strip().splitlines()
        if await child.wait() != 0:
            reason = printable(said[-1].removeprefix("riostat: "))[:_SHOWN_ERROR] if said else ""
            self.problem = f"{claim} came to no verdict: {reason or 'the measurement was ended.'}"
