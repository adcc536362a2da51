"""Asking again and again, and telling who listens."""

import asyncio
from itertools import count

from riostat.console.parts.watch import Watch


def test_it_tells_what_it_sees() -> None:
    async def scene() -> list[int]:
        numbers = count(1)
        watch: Watch[int] = Watch(lambda: next(numbers), 0)
        async with watch.listeners.listen(watch.state) as states:
            watch.start()
            heard = [(await anext(states))[0] for _ in range(3)]
            await watch.close()
        return heard

    assert asyncio.run(scene()) == [0, 1, 2]


def test_one_that_was_never_started_can_be_closed() -> None:
    asyncio.run(Watch(lambda: 1, 0).close())
