"""Threads for long tasks, which don't keep the process alive.

When Python ends, it waits for the threads of `concurrent.futures` and `asyncio.to_thread`. A server would hang on a file that
takes an hour to read.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Result = TypeVar("Result")
_Work = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class DaemonThreads:
    """Runs functions in the order of their submission.

    Args:
        most: Maximum number of functions to run at the same time. Others wait.
        name: The name of the threads.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._work: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._started = 0
        self._busy = 0
        self._lock = threading.Lock()

    def run(self, function: Callable[[], Result]) -> asyncio.Future[Result]:
        """Run a function. Call this in an event loop's thread. The function runs even if nothing awaits the result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._work.put((loop, future, function))
        with self._lock:
            self._busy += 1
            if self._started < min(self._most, self._busy):
                self._started += 1
                threading.Thread(target=self._serve, name=f"{self._name}-{self._started}", daemon=True).start()
        return future

    def end(self) -> None:
        """Let the threads end after their remaining tasks, without waiting for them."""
        with self._lock:
            for _ in range(self._started):
                self._work.put(None)
            self._started = self._most

    def _serve(self) -> None:
        while (work := self._work.get()) is not None:
            loop, future, function = work
            result: Any = None
            failure: BaseException | None = None
            try:
                result = function()
            except BaseException as error:  # the caller gets it
                failure = error
            with self._lock:
                self._busy -= 1
            with contextlib.suppress(RuntimeError):  # the loop is closed: no caller waits
                loop.call_soon_threadsafe(_tell, future, result, failure)
            del work, loop, future, function, result, failure  # release references while waiting for the next function


def _tell(future: asyncio.Future[Any], result: Any, failure: BaseException | None) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)
