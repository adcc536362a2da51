"""Bounds: some pass, some wait, and the rest are told to come again."""

import asyncio

import pytest

from riostat.store.s3.gates import Allowance, Gate
from riostat.store.s3.refusals import S3Error


def test_a_gate_lets_some_through_lets_some_wait_and_refuses_the_rest() -> None:
    async def check() -> None:
        gate, inside, opened = Gate(places=2, waiting=3), 0, asyncio.Event()

        async def pass_through() -> None:
            nonlocal inside
            async with gate:
                inside += 1
                assert inside <= 2
                await opened.wait()
                inside -= 1

        tasks = [asyncio.create_task(pass_through()) for _ in range(5)]
        await asyncio.sleep(0)
        assert inside == 2
        with pytest.raises(S3Error) as error:
            await pass_through()
        assert (error.value.code, error.value.status) == ("SlowDown", 503)
        tasks[4].cancel()  # one that waits may leave, and another takes its place
        await asyncio.gather(tasks[4], return_exceptions=True)
        tasks[4] = asyncio.create_task(pass_through())
        opened.set()
        await asyncio.gather(*tasks)
        assert inside == 0

    asyncio.run(check())


def test_an_allowance_is_taken_or_not() -> None:
    allowance = Allowance(2)
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    allowance.give()
    assert [allowance.take() for _ in range(2)] == [True, False]
