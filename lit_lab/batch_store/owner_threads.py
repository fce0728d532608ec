"""Threads that no user can take alone."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from lit_lab.datasets.threads import DaemonThreads

Result = TypeVar("Result")


class OwnerThreads:
    """Runs functions of users in threads. A user whose functions are slow waits for them, and the others don't.

    Args:
        most: Maximum number of functions to run at the same time.
        most_of_one: Maximum number of those of one user.
        name: The name of the threads.
    """

    def __init__(self, most: int, most_of_one: int, name: str) -> None:
        self._threads = DaemonThreads(most, name)
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(most_of_one))

    async def run(self, owner: str, function: Callable[[], Result]) -> Result:
        """Run a function of a user. Once begun, it runs to its end, even if nobody awaits the result."""
        turn = self._turns[owner]
        await turn.acquire()
        future = self._threads.run(function)
        # Not when the caller goes away: the thread is still taken then.
        future.add_done_callback(lambda _: turn.release())
        future.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        return await asyncio.shield(future)

    def end(self) -> None:
        """Let the threads end after their remaining functions, without waiting for them."""
        self._threads.end()
