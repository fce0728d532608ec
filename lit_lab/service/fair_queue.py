"""A model's queue: one computation at a time, and fair between owners."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, zip_longest

from lit_lab.problem import Problem

MAX_WAITING = 512
"""Default for the number of computations that may wait for one model."""
RETRY_SECONDS = 5
"""Seconds until a shared service with a full queue is asked again."""
MAX_PASSED = 16
"""Turns of others, one after the other, that may pass those who wait last: batches get on, however busy the service is."""
NOTIFY_SECONDS = 1.0
"""Maximum delay of notifications: a burst of changes sends one."""

Notify = Callable[[int, bool], None]
"""Takes a position in the queue, from 1 (how many computations must end first), and whether the running one was stopped."""


class Ticket:
    """A place in a queue, valid from `FairQueue.join` to `leave`.

    Attributes:
        owner: The user it belongs to.
        notified: The last notification: the position, and whether the running computation was stopped; None: none yet.
        notify: Receives notifications; None: it isn't waiting.
        is_stopped: Whether its computation was stopped. The turn lasts until that has ended.
    """

    def __init__(self, queue: FairQueue, owner: str) -> None:
        self.owner = owner
        self.notified: tuple[int, bool] | None = None
        self.notify: Notify | None = None
        self.is_stopped = False
        self._queue = queue
        self._granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def turn(self, notify: Notify) -> None:
        """Wait for this ticket's turn.

        Args:
            notify: Called at once and after each change; not at all if there is no wait.
        """
        if not self._granted.done():
            self.notify = notify
            self.update(self._queue.position(self), self._queue.is_stopped)
        try:
            await asyncio.wait([self._granted])
        finally:
            self.notify = None

    def leave(self) -> None:
        """Pass the turn on, or leave the queue. May be called again."""
        self._granted.cancel()  # has no effect on a turn that was granted
        self._queue.remove(self)

    def stop(self) -> None:
        """Mark this turn's computation as stopped, and notify the tickets that wait."""
        self.is_stopped = True
        self._queue.notify_soon()

    def grant(self) -> None:
        """Begin this ticket's turn."""
        self._granted.set_result(None)

    def update(self, position: int, is_stopped: bool) -> None:
        """Notify of the position and of whether the running computation was stopped, if either has changed."""
        if self.notify is not None and self.notified != (position, is_stopped):
            self.notified = position, is_stopped
            self.notify(position, is_stopped)


class FairQueue:
    """Grants turns to tickets: round-robin over owners, first come first served within one owner's.

    One owner's many requests delay another owner by at most one of them per round. `async with` takes the next turn,
    before all tickets that wait; unloading a model uses it. Tickets of batches come last, when no other waits.
    """

    def __init__(self) -> None:
        self._holder: Ticket | None = None
        self._first: deque[Ticket] = deque()
        self._last: deque[Ticket] = deque()
        self._passed = 0  # turns of others since one of the last began
        # In the order of the next turns. The holder's owner has just had one, so it is last, and always present.
        self._of: dict[str, deque[Ticket]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def locked(self) -> bool:
        """Return whether a ticket has the turn."""
        return self._holder is not None

    @property
    def is_stopped(self) -> bool:
        """Whether the running computation was stopped."""
        return self._holder is not None and self._holder.is_stopped

    def __len__(self) -> int:
        """Return how many tickets wait."""
        return len(self._first) + len(self._last) + sum(map(len, self._of.values()))

    def check(self, owner: str, max_waiting: int = MAX_WAITING, is_shared: bool = False) -> None:
        """Refuse a request for which the queue has no room.

        Args:
            owner: The user who requests a turn.
            max_waiting: How many may wait; one owner may have half of them.
            is_shared: Whether many users share the service, who can't set its options.

        Raises:
            Problem: `queue_full`.
        """
        own = len(self._of.get(owner, ()))
        if len(self) - len(self._last) < max_waiting and own < max(1, max_waiting // 2):
            return
        if is_shared:
            raise Problem(
                503,
                "queue_full",
                "The model is busy, and its queue is full.",
                "Run it again later.",
                RETRY_SECONDS,
            )
        raise Problem(
            503,
            "queue_full",
            f"The model is busy, and its queue is full; {own} of the computations in it are yours.",
            "Wait until some have ended, or stop some of yours; then run it again. "
            "The queue's length is c.LitLab.max_waiting.",
        )

    def join(
        self, owner: str, max_waiting: int = MAX_WAITING, is_shared: bool = False, is_last: bool = False
    ) -> Ticket:
        """Join the queue.

        Args:
            owner: The user who requests a turn.
            max_waiting: As for `check`.
            is_shared: As for `check`.
            is_last: Whether all others come first. There is always room for such a one: few batches run at a time.

        Raises:
            Problem: `queue_full`.
        """
        if not is_last:
            self.check(owner, max_waiting, is_shared)
        ticket = Ticket(self, owner)
        if self._holder is None:
            self._begin(ticket)
            return ticket
        if is_last:
            self._last.append(ticket)
            self.notify_soon()
            return ticket
        if owner not in self._of:
            self._of[owner] = deque()
            self._put_last(self._holder.owner)
        self._of[owner].append(ticket)
        self.notify_soon()  # others may wait longer now
        return ticket

    def remove(self, ticket: Ticket) -> None:
        """Remove a ticket, whether it waits or has the turn."""
        if ticket is self._holder:
            self._holder = None
            self._drop_if_idle(ticket.owner)
            if (following := next(iter(self._waiting()), None)) is not None:
                self._passed = self._passed + 1 if self._last and following not in self._last else 0
                self._take_out(following)
                self._begin(following)
        elif not self._take_out(ticket):
            return
        self.notify_soon()

    async def __aenter__(self) -> None:
        """Take the next turn."""
        ticket = Ticket(self, "")
        if self._holder is None:
            self._begin(ticket)
        else:
            self._first.append(ticket)
        try:
            await ticket.turn(lambda *_: None)
        except asyncio.CancelledError:
            ticket.leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        """Pass the turn on."""
        assert self._holder is not None  # noqa: S101 - taken on entry
        self._holder.leave()

    def position(self, ticket: Ticket) -> int:
        """Return how many computations must end before a waiting one begins."""
        return next(position for position, other in enumerate(self._waiting(), 1) if other is ticket)

    def notify_soon(self) -> None:
        """Schedule a notification of the tickets that wait."""
        if self._timer is None and len(self):
            self._timer = asyncio.get_running_loop().call_later(NOTIFY_SECONDS, self._notify)

    def _notify(self) -> None:
        self._timer = None
        for position, ticket in enumerate(self._waiting(), 1):
            ticket.update(position, self.is_stopped)

    def _begin(self, ticket: Ticket) -> None:
        self._holder = ticket
        self._of.setdefault(ticket.owner, deque())
        self._put_last(ticket.owner)
        ticket.grant()

    def _waiting(self) -> Iterator[Ticket]:
        """Yield the tickets that wait, in the order of their turns if no other joins."""
        rounds = zip_longest(*self._of.values())
        usual = [ticket for turns in rounds for ticket in turns if ticket is not None]
        num_due = int(self._passed >= MAX_PASSED)
        last = list(self._last)
        return chain(self._first, last[:num_due], usual, last[num_due:])

    def _take_out(self, ticket: Ticket) -> bool:
        for waiting in (self._first, self._last, self._of.get(ticket.owner)):
            if waiting is not None and ticket in waiting:
                waiting.remove(ticket)
                self._drop_if_idle(ticket.owner)
                return True
        return False

    def _put_last(self, owner: str) -> None:
        self._of[owner] = self._of.pop(owner)

    def _drop_if_idle(self, owner: str) -> None:
        held = self._holder is not None and self._holder.owner == owner
        if not held and not self._of.get(owner, True):
            del self._of[owner]
