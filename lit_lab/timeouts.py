"""Waiting for a limited time, in the Jupyter server and in the model service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def within(seconds: float, awaitable: Awaitable[T]) -> T:
    """Return what an awaitable returns, as `asyncio.wait_for` does, and always end when cancelled.

    Before Python 3.12, `wait_for` ignores a cancellation that comes together with the result, and a loop that waits goes on.

    Args:
        seconds: After these it is cancelled.
        awaitable: What to wait for.

    Raises:
        asyncio.TimeoutError: It took longer.
    """
    task = asyncio.ensure_future(awaitable)
    try:
        if not (await asyncio.wait([task], timeout=seconds))[0]:
            raise asyncio.TimeoutError
        return task.result()
    finally:
        task.cancel()
