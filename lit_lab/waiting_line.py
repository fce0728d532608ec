"""Jobs that a service elsewhere accepts no more of: only the first of a user's asks again, and the others wait for it.

The service refuses what exceeds a user's limit instead of holding it: a held request would take a connection, memory, and one of the few
requests that a replica accepts of all users. So the jobs wait here, in the order in which they were begun, and the service is asked once for all of
them. The first one asks as soon as another job of its user has ended, or after the time that the service names.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable

from lit_lab.timeouts import within

FREED_PAUSE = 0.2
"""Seconds between a job's end and the next request: the service may learn of the end a moment later."""

Key = tuple[str, str]
"""A user and a model: another model's jobs may reach another replica, which counts by itself."""


class WaitingLines:
    """All lines."""

    def __init__(self) -> None:
        self._lines: defaultdict[Key, list[Place]] = defaultdict(list)

    def place(self, owner: str, model: str, say: Callable[[str], None]) -> Place:
        """Return a job's place, which isn't in its line yet.

        Args:
            owner: The user.
            model: The model.
            say: Takes messages about the place, for the user.
        """
        return Place(self._lines, (owner, model), say)


class Place:
    """One job's place in its line."""

    def __init__(self, lines: defaultdict[Key, list[Place]], key: Key, say: Callable[[str], None]) -> None:
        self._lines = lines
        self._key = key
        self._say = say
        self._woken = asyncio.Event()
        self._is_accepted = False

    async def turn(self) -> None:
        """Wait behind those who wait already, if any does."""
        if self._line():
            self.join()
            await self._until_first()

    def join(self) -> bool:
        """Join the line, unless the place is in it, and return whether it is the first one."""
        line = self._lines[self._key]
        if self not in line:
            line.append(self)
        return line[0] is self

    async def wait(self, pause: Callable[[], float]) -> float:
        """Wait until this place is the first one; if it was, until the service may be asked again.

        Args:
            pause: Returns after how many seconds, or raises the job's error. Only the first in the line needs it.

        Returns:
            Seconds until the service may be asked.
        """
        if not self.join():
            await self._until_first()
            return 0.0
        seconds = pause()
        try:
            await within(seconds, self._woken.wait())  # at once, if another job ended while this one asked
        except asyncio.TimeoutError:
            return 0.0
        self._woken.clear()
        return FREED_PAUSE * random.uniform(0.5, 1.5)  # noqa: S311 - so that not all come at once

    def accepted(self) -> None:
        """Leave the line: the service computes, or has the job in its own queue. May be called again."""
        self._is_accepted = True
        self._leave()

    def end(self) -> None:
        """Leave the line: the job has ended. If the service had it, there is room for the first one now."""
        self._leave()
        if self._is_accepted and (line := self._line()):
            line[0].wake()

    def wake(self) -> None:
        """End the wait."""
        self._woken.set()

    def moved(self, before: int) -> None:
        """Learn how many come before."""
        if before:
            runs = "one of your runs comes" if before == 1 else f"{before} of your runs come"
            self._say(f"Waiting in the queue: {runs} before this one.")
        else:
            self.wake()

    async def _until_first(self) -> None:
        self._woken.clear()
        self.moved(self._line().index(self))
        await self._woken.wait()
        self._woken.clear()

    def _leave(self) -> None:
        line = self._line()
        if self not in line:
            return
        number = line.index(self)
        del line[number]
        for before, place in enumerate(line[number:], number):
            place.moved(before)
        if not line:
            del self._lines[self._key]

    def _line(self) -> list[Place]:
        return self._lines.get(self._key, [])
