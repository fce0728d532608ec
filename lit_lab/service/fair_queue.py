"""A model's queue: one computation at a time, and fair between those who ask."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, zip_longest

from .errors import ServiceError

MOST = 512
"""Computations that may wait for one model unless it is configured otherwise."""
TELL_SECONDS = 1.0
"""After a change, how long it may take until those who wait are told: a burst of changes is told once."""

Tell = Callable[[int, bool], None]
"""Takes a position in the queue, from 1: how many computations have to end before; and whether the one under way was
stopped."""


class Place:
    """A place in a queue, from `FairQueue.join` to `leave`.

    Attributes:
        owner: Who asks.
        told: What was told last: the position, and whether what is under way was stopped; None: nothing.
        tell: Takes that; None: nobody waits to hear it.
        is_stopped: Whether nobody waits for what is done in its turn, which lasts nevertheless.
    """

    def __init__(self, queue: FairQueue, owner: str) -> None:
        self.owner = owner
        self.told: tuple[int, bool] | None = None
        self.tell: Tell | None = None
        self.is_stopped = False
        self._queue = queue
        self._granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def turn(self, tell: Tell) -> None:
        """Wait until it is this one's turn.

        Args:
            tell: Called at once and whenever something has changed; not at all where there is no wait.
        """
        if not self._granted.done():
            self.tell = tell
            self.now_at(self._queue.position(self), self._queue.is_stopped)
        try:
            await asyncio.wait([self._granted])
        finally:
            self.tell = None

    def leave(self) -> None:
        """Give the turn to the next, or the place up. May be called again."""
        self._granted.cancel()  # nobody waits for it any more; without effect on a turn that was given
        self._queue.remove(self)

    def stop(self) -> None:
        """Have those who wait told that nobody waits for what is done in this turn any more."""
        self.is_stopped = True
        self._queue.tell_soon()

    def grant(self) -> None:
        """Let it be this one's turn."""
        self._granted.set_result(None)

    def now_at(self, position: int, is_stopped: bool) -> None:
        """Tell the position and whether what is under way was stopped, if that is new."""
        if self.tell is not None and self.told != (position, is_stopped):
            self.told = position, is_stopped
            self.tell(position, is_stopped)


class FairQueue:
    """Gives turns to places: round-robin over owners, first come first served among the places of one.

    Whoever asks for many things holds nobody else up by more than one of them. `async with` takes the next turn, before
    all who wait, for what isn't a computation: unloading.
    """

    def __init__(self) -> None:
        self._holder: Place | None = None
        self._first: deque[Place] = deque()
        # In the order in which their turns come. The holder's owner, who has just had one, is the last and always there.
        self._of: dict[str, deque[Place]] = {}
        self._telling: asyncio.TimerHandle | None = None

    def locked(self) -> bool:
        """Whether it is anybody's turn."""
        return self._holder is not None

    @property
    def is_stopped(self) -> bool:
        """Whether nobody waits for what is under way any more."""
        return self._holder is not None and self._holder.is_stopped

    def __len__(self) -> int:
        """How many wait."""
        return len(self._first) + sum(map(len, self._of.values()))

    def join(self, owner: str, most: int = MOST) -> Place:
        """Take a place.

        Args:
            owner: Who asks.
            most: How many may wait, half of them of one owner.

        Raises:
            ServiceError: `queue_full`.
        """
        own = len(self._of.get(owner, ()))
        waiting = len(self)
        if waiting >= most or own >= max(1, most // 2):
            whose = f"{own} of them yours" if own else "all of other users"
            raise ServiceError(
                503,
                "queue_full",
                f"The model is busy, and its queue is full: {waiting} computations wait ({whose}).",
                "Wait until some have ended, or stop some of yours; then run it again. "
                "The queue's length is c.LitLab.max_waiting.",
            )
        place = Place(self, owner)
        if self._holder is None:
            self._begin(place)
            return place
        if owner not in self._of:
            self._of[owner] = deque()
            self._put_last(self._holder.owner)
        self._of[owner].append(place)
        self.tell_soon()  # others may have to wait longer
        return place

    def remove(self, place: Place) -> None:
        """Take a place out, wherever it is."""
        if place is self._holder:
            self._holder = None
            self._drop_if_idle(place.owner)
            if (following := next(iter(self._places()), None)) is not None:
                self._take_out(following)
                self._begin(following)
        elif not self._take_out(place):
            return
        self.tell_soon()

    async def __aenter__(self) -> None:
        """Take the next turn."""
        place = Place(self, "")
        if self._holder is None:
            self._begin(place)
        else:
            self._first.append(place)
        try:
            await place.turn(lambda *_: None)
        except asyncio.CancelledError:
            place.leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        """Give it back."""
        assert self._holder is not None  # noqa: S101 - whoever entered
        self._holder.leave()

    def position(self, place: Place) -> int:
        """Return how many computations have to end before one that waits begins."""
        return next(position for position, other in enumerate(self._places(), 1) if other is place)

    def tell_soon(self) -> None:
        """Have those who wait told what has changed for them."""
        if self._telling is None and len(self):
            self._telling = asyncio.get_running_loop().call_later(TELL_SECONDS, self._tell)

    def _tell(self) -> None:
        self._telling = None
        for position, place in enumerate(self._places(), 1):
            place.now_at(position, self.is_stopped)

    def _begin(self, place: Place) -> None:
        self._holder = place
        self._of.setdefault(place.owner, deque())
        self._put_last(place.owner)
        place.grant()

    def _places(self) -> Iterator[Place]:
        """Yield all that wait in the order of their turns, should nobody else come."""
        rounds = zip_longest(*self._of.values())
        return chain(self._first, (place for turns in rounds for place in turns if place is not None))

    def _take_out(self, place: Place) -> bool:
        for waiting in (self._first, self._of.get(place.owner)):
            if waiting is not None and place in waiting:
                waiting.remove(place)
                self._drop_if_idle(place.owner)
                return True
        return False

    def _put_last(self, owner: str) -> None:
        self._of[owner] = self._of.pop(owner)

    def _drop_if_idle(self, owner: str) -> None:
        held = self._holder is not None and self._holder.owner == owner
        if not held and not self._of.get(owner, True):
            del self._of[owner]
