"""An event loop in a thread, so that plain functions work everywhere: in scripts, and in kernels, whose own loop is running."""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import importlib
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from lit_lab.problem import Problem

T = TypeVar("T")

END_TIMEOUT = 10.0  # seconds that what runs gets to end, after Ctrl+C and at the program's end


class Background:
    """A thread with an event loop, which ends with the program."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="lit-lab", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine, and return its result. Ctrl+C stops it, and waits until it has ended."""
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("this is called from a callback of LIT Lab's own; only lit_lab.aio works there")
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_signalling(work, ended), self.loop)
        try:
            return future.result()
        except Problem as problem:
            # Without the frames of the other thread, which say nothing to the caller.
            raise problem.with_traceback(None) from None
        except (KeyboardInterrupt, concurrent.futures.CancelledError):
            future.cancel()
            ended.wait(END_TIMEOUT)
            raise

    async def call_async(self, work: Coroutine[Any, Any, T]) -> T:
        """As `call`, for another event loop. Cancelling stops it, and waits until it has ended."""
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_signalling(work, ended), self.loop)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.to_thread(ended.wait, END_TIMEOUT))
            raise

    def close(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a last coroutine, and end the thread."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        with contextlib.suppress(Exception):
            future.result(END_TIMEOUT)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(END_TIMEOUT)


async def _signalling(work: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await work
    finally:
        ended.set()


_lock = threading.Lock()
_background: Background | None = None


def background() -> Background:
    """Return this process's, made on first use."""
    global _background
    with _lock:
        if _background is None:
            _background = Background()
            # Before Python ends the threads that write the history: `atexit` would be too late for them. The last function that is registered runs
            # first, so the executors' own is registered before it, by this import.
            importlib.import_module("concurrent.futures.thread")
            getattr(threading, "_register_atexit", atexit.register)(_end, _background)
        return _background


def _end(ending: Background) -> None:
    from lit_lab.client.clients import close_all

    if ending is _background:  # not the parent's, in a forked process
        ending.close(close_all())


def _forget() -> None:
    """A forked process has none of its parent's threads."""
    global _background, _lock
    _background, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
