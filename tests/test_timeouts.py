"""Waiting for a limited time ends when it is cancelled, whatever comes at the same moment."""

import asyncio

import pytest
from waiting import PATIENCE

from lit_lab.timeouts import within


async def test_a_cancellation_that_comes_with_the_result_is_heeded() -> None:
    events: asyncio.Queue[int] = asyncio.Queue()

    async def read() -> None:
        while True:
            await within(PATIENCE, events.get())

    for turns in range(6):
        reading = asyncio.ensure_future(read())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        events.put_nowait(1)
        for _ in range(turns):
            await asyncio.sleep(0)
        reading.cancel()
        assert (await asyncio.wait([reading], timeout=PATIENCE))[0], turns
        assert reading.cancelled()


async def test_what_takes_too_long_is_cancelled_and_nothing_is_lost() -> None:
    events: asyncio.Queue[int] = asyncio.Queue()
    with pytest.raises(asyncio.TimeoutError):
        await within(0.01, events.get())
    events.put_nowait(1)
    assert await within(PATIENCE, events.get()) == 1


async def test_what_fails_fails() -> None:
    async def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await within(PATIENCE, fail())
