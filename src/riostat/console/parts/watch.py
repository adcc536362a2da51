"""Asking a part how it stands, once a second, for all who want to know."""

import asyncio
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from riostat.console.listeners import Listeners

__all__ = ["Watch"]

_PERIOD_S = 1.0

State = TypeVar("State")


class Watch(Generic[State]):
    """The newest state of one part, and who listens to it.

    `look` returns how the part stands; it may take a while, and runs in a thread.
    """

    def __init__(self, look: Callable[[], State], first: State) -> None:
        self.listeners: Listeners[State] = Listeners()
        self.state = first
        self._look = look
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        """Ask no more."""
        self.listeners.end()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        while True:
            self.state = await asyncio.to_thread(self._look)
            self.listeners.tell(self.state)
            await asyncio.sleep(_PERIOD_S - time.monotonic() % _PERIOD_S)
