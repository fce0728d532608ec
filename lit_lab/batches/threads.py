"""Work in threads that a cancelled task waits for: what it uses can be closed afterwards."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


async def finished(function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
    """Run a function in a thread. A task that is cancelled meanwhile is cancelled when the function has returned."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait({work})
        work.exception()  # else it would be reported as never retrieved
        raise


@contextlib.asynccontextmanager
async def in_thread(context: AbstractContextManager[_R]) -> AsyncGenerator[_R, None]:
    """Enter and leave a context in threads, because both wait for files or processes."""
    entering = asyncio.ensure_future(asyncio.to_thread(context.__enter__))
    try:
        value = await asyncio.shield(entering)
    except asyncio.CancelledError:
        await asyncio.wait({entering})
        if entering.exception() is None:
            await finished(context.__exit__, None, None, None)
        raise
    try:
        yield value
    finally:
        await finished(context.__exit__, None, None, None)
