"""Listeners: what comes is given in order, and who is slow is told what was lost."""

import asyncio

import pytest
from starlette.exceptions import HTTPException

from riostat.console.listeners import Listeners


def test_a_slow_listener_loses_the_oldest_and_is_told() -> None:
    async def scene() -> list[tuple[int, int]]:
        listeners: Listeners[int] = Listeners()
        async with listeners.listen(0) as updates:
            heard = [await anext(updates)]
            for number in range(1, 8):
                listeners.tell(number)
            heard += [await anext(updates) for _ in range(4)]
            listeners.end()
            heard += [update async for update in updates]
        assert listeners.dropped == 3
        assert len(listeners) == 0
        return heard

    assert asyncio.run(scene()) == [(0, 0), (4, 3), (5, 3), (6, 3), (7, 3)]


def test_there_is_room_for_so_many() -> None:
    async def scene() -> None:
        listeners: Listeners[int] = Listeners()
        contexts = [listeners.listen(0) for _ in range(32)]
        for context in contexts:
            listeners.check_room()
            await context.__aenter__()
        with pytest.raises(HTTPException, match="listen already"):
            listeners.check_room()
        await contexts[0].__aexit__(None, None, None)
        listeners.check_room()

    asyncio.run(scene())
