"""The live profile: what the machine did in the last seconds, told once a second to who listens.

A child process, `feed`, reads what is appended to the rolling run and looks up names; it says
one line a second. Here are the newest line, the history and the listeners.
"""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncIterator, Callable

import msgspec

from riostat.console.listeners import Listeners
from riostat.console.live.state import HISTORY_S, Glance, LiveState, Moment
from riostat.console.schema import slots_of
from riostat.console.tether import tethered
from riostat.core.datadir import DataDirectory

__all__ = ["Live"]

_LINE_BYTES = 1 << 20
_RESTART_S = 2.0
_FEED_BYTES = 68 << 20
_FEED_S = 60.0
_RESTARTED = "The reader of the live profile ended unasked and is started again."


class Live:
    """The newest state of the rolling run, its history, and the listeners.

    `problem` says why nothing is recorded, where whoever started the recorder knows; `parts` says
    how the parts stand that run beside it. `restarts` counts how often the child ended unasked. One
    that has more than `feed_bytes` of memory is renewed, but not in its first `feed_seconds`.
    """

    def __init__(
        self,
        data: DataDirectory,
        problem: Callable[[], str | None],
        parts: Callable[[LiveState], list[Glance]],
        *,
        feed_bytes: int = _FEED_BYTES,
        feed_seconds: float = _FEED_S,
    ) -> None:
        self.listeners: Listeners[LiveState] = Listeners()
        self.restarts = 0
        self._data = data
        self._problem = problem
        self._parts = parts
        self._limits = (str(feed_bytes), str(feed_seconds))
        self._state = LiveState()
        self._history: deque[Moment] = deque(maxlen=HISTORY_S)
        self._domains: dict[str, str] = {}
        self._feed: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def feed_pid(self) -> int | None:
        """The child that reads the rolling run."""
        return None if self._feed is None else self._feed.pid

    def start(self) -> None:
        """Begin to follow the rolling run."""
        self._task = asyncio.get_running_loop().create_task(self._keep_feed())

    def now(self) -> LiveState:
        """Return the newest state, with the history."""
        return msgspec.structs.replace(self._judged(self._state), history=list(self._history))

    @contextlib.asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the newest state and every one that follows, as JSON."""
        async with self.listeners.listen(self._judged(self._state)) as states:
            yield (
                msgspec.json.encode(msgspec.structs.replace(state, dropped=dropped))
                async for state, dropped in states
            )

    async def close(self) -> None:
        """Stop following and end the child."""
        self.listeners.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_feed(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                if await self._follow_feed() == 0:
                    continue  # it had grown, and the next one begins where it was
            self.restarts += 1
            self._take(LiveState(state="stopped", reason=_RESTARTED))
            await asyncio.sleep(_RESTART_S)

    async def _follow_feed(self) -> int:
        """Take what a new child says until it ends; return its exit status."""
        self._feed = await asyncio.create_subprocess_exec(
            *tethered(["-m", "riostat.console.live.feed", str(self._data.root), *self._limits]),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # a terminal's Ctrl-C is for the server, which ends the child
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
            limit=_LINE_BYTES,
        )
        assert self._feed.stdout is not None
        try:
            async for line in self._feed.stdout:
                self._take(msgspec.json.decode(line, type=LiveState))
            return await self._feed.wait()
        finally:
            if self._feed.returncode is None:
                self._feed.kill()
                await self._feed.wait()

    def _take(self, state: LiveState) -> None:
        if state.moment is not None:
            self._history.append(state.moment)
        for domain in state.domains:
            self._domains.setdefault(domain.name, domain.kind)
        state = msgspec.structs.replace(state, slots=slots_of(self._domains.items()))
        self._state = state
        self.listeners.tell(self._judged(state))

    def _judged(self, state: LiveState) -> LiveState:
        problem = None if state.state == "recording" else self._problem()
        if problem is not None:
            state = msgspec.structs.replace(state, state="failed", reason=problem)
        return msgspec.structs.replace(state, parts=self._parts(state))
