"""How tests wait: for a condition, and never for a time.

`PATIENCE` is the only timeout. A test that passes never waits that long, however busy the machine; it only ends tests that
fail. See "How tests wait" in CONTRIBUTING.md.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 300.0 * float(os.environ.get("LIT_LAB_TEST_PATIENCE", "1"))
"""Seconds after which a test gives up. `LIT_LAB_TEST_PATIENCE=3` makes it three times as long, in the browser tests too."""

SOON = PATIENCE / 10
"""Seconds for what must be seen without waiting for a silence to be noticed, which takes the product a minute or more."""

_LOOK = 0.02


def until(condition: Callable[[], T], patience: float = PATIENCE) -> T:
    """Wait until a condition holds.

    Args:
        condition: A function whose result counts as true or false.
        patience: The timeout in seconds.

    Returns:
        The condition's result.

    Raises:
        AssertionError: If the condition still doesn't hold.
    """
    end = time.monotonic() + patience
    while not (value := condition()):
        assert time.monotonic() < end, _in_vain(condition, patience, value)
        time.sleep(_LOOK)
    return value


async def until_async(condition: Callable[[], T | Awaitable[T]], patience: float = PATIENCE) -> T:
    """Wait like `until`, but without blocking the event loop. The condition may be a coroutine function."""
    end = time.monotonic() + patience
    while True:
        found = condition()
        value: T = await found if inspect.isawaitable(found) else found
        if value:
            return value
        assert time.monotonic() < end, _in_vain(condition, patience, value)
        await asyncio.sleep(_LOOK)


def _in_vain(condition: object, patience: float, value: object) -> str:
    return f"not in {patience:g} seconds: {condition}; it is {value!r}"


def heeds_ctrl_c() -> None:
    """Prepare a process that is sent SIGINT: one that a shell has started in the background ignores it, and its children do, too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
