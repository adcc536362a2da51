"""The live profile: what the machine did in the last seconds, told once a second to who listens.

A child process, `livefeed`, reads what is appended to the rolling run and looks up names; it says
one line a second. Here are the newest line, the history and the listeners. A listener that does
not take its updates loses the oldest, and is told how many.
"""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import msgspec

from riostat.console.answers import refusal
from riostat.console.live.state import HISTORY_S, LiveState, Moment
from riostat.console.schema import slots_of
from riostat.console.tether import tethered
from riostat.core.datadir import DataDirectory

__all__ = ["Live"]

_LISTENERS = 32
_PENDING = 4
_LINE_BYTES = 1 << 20
_RESTART_S = 2.0
_FEED_BYTES = 68 << 20
_FEED_S = 60.0
_RESTARTED = "The reader of the live profile ended unasked and is started again."


@dataclass(slots=True)
class _Listener:
    pending: deque[LiveState] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: int = 0

    def offer(self, state: LiveState) -> int:
        """Keep a state for this listener; return how many older ones it lost thereby."""
        lost = 0
        if len(self.pending) == _PENDING:
            self.pending.popleft()
            lost = 1
        self.dropped += lost
        self.pending.append(state)
        self.ready.set()
        return lost


class Live:
    """The newest state of the rolling run, its history, and the listeners.

    `problem` says why nothing is recorded, where whoever started the recorder knows. `dropped`
    counts the updates that slow listeners lost, `restarts` how often the child ended unasked. One
    that has more than `feed_bytes` of memory is renewed, but not in its first `feed_seconds`.
    """

    def __init__(
        self,
        data: DataDirectory,
        problem: Callable[[], str | None],
        *,
        feed_bytes: int = _FEED_BYTES,
        feed_seconds: float = _FEED_S,
    ) -> None:
        self.dropped = 0
        self.restarts = 0
        self._data = data
        self._problem = problem
        self._limits = (str(feed_bytes), str(feed_seconds))
        self._state = LiveState()
        self._history: deque[Moment] = deque(maxlen=HISTORY_S)
        self._domains: dict[str, str] = {}
        self._listeners: list[_Listener] = []
        self._ended = False
        self._feed: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

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

    def check_room(self) -> None:
        """Raise `HTTPException` when nobody more can listen."""
        if len(self._listeners) >= _LISTENERS:
            raise refusal(
                503, f"{_LISTENERS} pages listen already, which is the most; close one of them."
            )

    @contextlib.asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the newest state and every one that follows, as JSON."""
        listener = _Listener()
        listener.offer(self._judged(self._state))
        with self._listed(listener):
            yield self._updates(listener)

    def end(self) -> None:
        """Let every listener's stream come to its end."""
        self._ended = True
        for listener in self._listeners:
            listener.ready.set()

    async def close(self) -> None:
        """Stop following and end the child."""
        self.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextlib.contextmanager
    def _listed(self, listener: _Listener) -> Iterator[None]:
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    async def _updates(self, listener: _Listener) -> AsyncIterator[bytes]:
        while not self._ended:
            await listener.ready.wait()
            listener.ready.clear()
            while listener.pending and not self._ended:
                state = listener.pending.popleft()
                yield msgspec.json.encode(msgspec.structs.replace(state, dropped=listener.dropped))

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
        for listener in self._listeners:
            self.dropped += listener.offer(self._judged(state))

    def _judged(self, state: LiveState) -> LiveState:
        problem = None if state.state == "recording" else self._problem()
        if problem is None:
            return state
        return msgspec.structs.replace(state, state="failed", reason=problem)
