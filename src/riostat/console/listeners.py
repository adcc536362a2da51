"""Who listens to something that is said again and again, such as the state of each second.

A listener that does not take its updates loses the oldest, and is told how many it lost.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from riostat.console.answers import refusal

__all__ = ["Listeners"]

_LISTENERS = 32
_PENDING = 4

Update = TypeVar("Update")


@dataclass(slots=True)
class _Listener(Generic[Update]):
    pending: deque[Update] = field(default_factory=deque)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: int = 0

    def offer(self, update: Update) -> int:
        """Keep an update for this listener; return how many older ones it lost thereby."""
        lost = 0
        if len(self.pending) == _PENDING:
            self.pending.popleft()
            lost = 1
        self.dropped += lost
        self.pending.append(update)
        self.ready.set()
        return lost


class Listeners(Generic[Update]):
    """The listeners of one thing; `dropped` counts the updates that slow ones lost."""

    def __init__(self) -> None:
        self.dropped = 0
        self._listeners: list[_Listener[Update]] = []
        self._ended = False

    def __len__(self) -> int:
        return len(self._listeners)

    def check_room(self) -> None:
        """Raise `HTTPException` when nobody more can listen."""
        if len(self._listeners) >= _LISTENERS:
            raise refusal(
                503, f"{_LISTENERS} pages listen already, which is the most; close one of them."
            )

    def tell(self, update: Update) -> None:
        """Say something to everyone."""
        for listener in self._listeners:
            self.dropped += listener.offer(update)

    @contextlib.asynccontextmanager
    async def listen(self, first: Update) -> AsyncIterator[AsyncIterator[tuple[Update, int]]]:
        """Give `first` and every update that follows, each with how many were lost before it."""
        listener: _Listener[Update] = _Listener()
        listener.offer(first)
        with self._listed(listener):
            yield self._updates(listener)

    def end(self) -> None:
        """Let every listener's stream come to its end."""
        self._ended = True
        for listener in self._listeners:
            listener.ready.set()

    @contextlib.contextmanager
    def _listed(self, listener: _Listener[Update]) -> Iterator[None]:
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    async def _updates(self, listener: _Listener[Update]) -> AsyncIterator[tuple[Update, int]]:
        while not self._ended:
            await listener.ready.wait()
            listener.ready.clear()
            while listener.pending and not self._ended:
                yield listener.pending.popleft(), listener.dropped
