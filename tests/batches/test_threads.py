"""What a cancelled task waits for."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest

from lit_lab.batches.threads import finished, in_thread


async def test_a_cancelled_task_waits_for_its_thread() -> None:
    may_end = threading.Event()
    task = asyncio.ensure_future(finished(may_end.wait, 10))
    await asyncio.sleep(0)
    task.cancel()
    for _ in range(2):
        done, _ = await asyncio.wait({task}, timeout=0.05)
        assert not done
        task.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_context_is_left_where_entering_is_cancelled() -> None:
    may_enter, states = threading.Event(), []

    @contextlib.contextmanager
    def slow() -> Iterator[None]:
        may_enter.wait(10)
        states.append("entered")
        yield
        states.append("left")

    async def use() -> None:
        async with in_thread(slow()):
            states.append("used")

    task = asyncio.ensure_future(use())
    await asyncio.sleep(0)
    task.cancel()
    may_enter.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert states == ["entered", "left"]


async def test_a_context_is_left_after_an_error() -> None:
    states = []

    @contextlib.contextmanager
    def plain() -> Iterator[str]:
        yield "value"
        states.append("left")

    with pytest.raises(KeyError):
        async with in_thread(plain()) as value:
            raise KeyError(value)
    assert states == ["left"]
