"""Bounds on what is under way at once: a few wait, and more are asked to come again."""

import asyncio
from types import TracebackType
from typing import Self

from riostat.store.s3.refusals import slow_down

__all__ = ["Allowance", "Gate"]


class Gate:
    """Lets `places` through at once and `waiting` more wait; the rest are refused with SlowDown."""

    def __init__(self, *, places: int, waiting: int) -> None:
        self._places = asyncio.Semaphore(places)
        self._room = waiting

    async def __aenter__(self) -> Self:
        if self._room == 0:
            raise slow_down("Too many requests of this kind are under way; try again.")
        self._room -= 1
        try:
            await self._places.acquire()
        finally:
            self._room += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._places.release()


class Allowance:
    """A number of places of which one is taken at once or not at all."""

    def __init__(self, places: int) -> None:
        self._free = places

    def take(self) -> bool:
        """Take a place where one is free, and say so."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    def give(self) -> None:
        """Give a place back."""
        self._free += 1
