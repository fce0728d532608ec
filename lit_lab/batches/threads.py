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
    return await _waited(asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs)))


@contextlib.asynccontextmanager
async def in_thread(context: AbstractContextManager[_R]) -> AsyncGenerator[_R, None]:
    """Enter and leave a context in threads, because both wait for files or processes."""
    entering = asyncio.ensure_future(asyncio.to_thread(context.__enter__))
    try:
        value = await _waited(entering)
    except asyncio.CancelledError:
        if entering.exception() is None:
            await finished(context.__exit__, None, None, None)
        raise
    try:
        yield value
    finally:
        await finished(context.__exit__, None, None, None)


async def _waited(work: asyncio.Future[_R]) -> _R:
    """Return a future's result, and raise a cancellation only when it is there, however often the task is cancelled."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait({work})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        work.exception()  # else it would be reported as never retrieved
        raise cancelled
    return work.result()
