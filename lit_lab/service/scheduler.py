"""Runs computations as streams of events, with a fair queue for each model; a closed stream cancels its computation.

A cancelled computation ends for its reader at once. Its thread ends after its current step of work, and nothing can
interrupt a compiler. The model's turn lasts until the thread has ended, and the results are dropped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel

from lit_lab.problem import Problem
from lit_lab.protocol import DoneEvent, ErrorEvent, HeartbeatEvent, StateEvent
from lit_lab.timeouts import within

from . import fair_queue, shared_models
from .cancellation import Cancellation, Cancelled
from .errors import error_event, unexpected
from .fair_queue import Ticket
from .registry import Registry

if TYPE_CHECKING:
    from .language_model import LanguageModel

HEARTBEAT = 5.0  # seconds without an event after which the reader gets a heartbeat

BUSY = "Busy: position {} in the queue…"
"""The message to a reader that waits."""

STOPPED = "Waiting for a computation that was stopped to end…"
"""The message to the next reader while a stopped computation's thread still runs."""

THREADS = 32  # models that compute at the same time; each does one thing at a time

log = logging.getLogger(__name__)


class Observer(Protocol):
    """Learns how long computations wait and take."""

    def began(self, model: str, seconds: float) -> None:
        """Note how long a computation waited."""

    def ended(self, model: str, seconds: float, outcome: str) -> None:
        """Note how long a computation took, and how it ended: `done`, `cancelled` or `failed`."""


class Scheduler:
    """Runs computations, one at a time for each model, in the order of its queue.

    Args:
        registry: The models.
        max_waiting: How many may wait for one model.

    Attributes:
        observer: Learns how long computations wait and take; None: nobody does.
        is_shared: Whether many users share the service. Those who wait then don't learn that another user's computation was
            stopped, and nobody where a model's files are.
    """

    def __init__(self, registry: Registry, max_waiting: int = fair_queue.MAX_WAITING) -> None:
        self._registry = registry
        self._max_waiting = max_waiting
        self.observer: Observer | None = None
        self.is_shared = False
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="compute")
        self._running: dict[asyncio.Task[None], Cancellation] = {}

    def end_all(self, why: Problem | None = None) -> bool:
        """End all computations, from any thread, and return whether there were any."""
        running = list(self._running.values())
        for cancellation in running:
            cancellation.set(why)
        return bool(running)

    def check_room(self, name: str, owner: str) -> None:
        """Refuse a computation for which a shared service's queue has no room, before its stream begins. Raises `Problem`."""
        if self.is_shared:
            self._registry.get(name).turn.check(owner, self._max_waiting, is_shared=True)

    async def stream(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str = "",
        is_last: bool = False,
    ) -> AsyncGenerator[bytes, None]:
        """Yield a computation's events as lines of JSON, with heartbeats in between; the last is `done` or `error`.

        Args:
            name: The model.
            compute: Runs in a thread. When this iterator is closed, it ends after its current step of work.
            owner: The user. Owners take turns, and no owner's request uses what was cached for another.
            is_last: Whether all others come first, as before a batch's rows.
        """
        cancellation = Cancellation()
        events: asyncio.Queue[BaseModel | None] = asyncio.Queue()
        self._begin(name, compute, owner, cancellation, events.put_nowait, is_last)
        try:
            while (event := await _next(events)) is not None:
                yield event.model_dump_json().encode() + b"\n"
        finally:
            cancellation.set()

    async def collect(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        cancellation: Cancellation,
        owner: str = "",
    ) -> list[BaseModel]:
        """Return a computation's events once it has ended or is cancelled; it waits for its turn like any other.

        Raises:
            Problem: The computation failed.
            Cancelled: `cancellation` was set.
        """
        events: asyncio.Queue[BaseModel | None] = asyncio.Queue()
        self._begin(name, compute, owner, cancellation, events.put_nowait)
        received = []
        while (event := await events.get()) is not None:
            received.append(event)
        last = received[-1] if received else None
        if isinstance(last, ErrorEvent):
            raise Problem(last.status, last.error, last.message, last.hint)
        if not isinstance(last, DoneEvent):
            raise Cancelled
        return received

    def _begin(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str,
        cancellation: Cancellation,
        send: Callable[[BaseModel | None], None],
        is_last: bool = False,
    ) -> None:
        """Begin a computation.

        Args:
            name: The model.
            compute: Runs in a thread.
            owner: The user.
            cancellation: Ends it.
            send: Takes its events, and then None, when it has ended or is cancelled.
            is_last: Whether all others come first.
        """
        loop = asyncio.get_running_loop()
        is_over = False

        def send_until_over(event: BaseModel | None) -> None:
            nonlocal is_over
            if not is_over:
                is_over = event is None
                send(event)

        def end() -> None:
            if cancellation.why is not None:
                send_until_over(error_event(cancellation.why))
            send_until_over(None)
            task.cancel()

        # A separate task: the model's turn lasts until the thread has ended, not until the reader goes away.
        task = asyncio.ensure_future(self._run(name, compute, owner, cancellation, send_until_over, is_last))
        self._running[task] = cancellation
        task.add_done_callback(self._running.pop)
        cancellation.watch(lambda: loop.call_soon_threadsafe(end))

    async def _run(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str,
        cancellation: Cancellation,
        send: Callable[[BaseModel | None], None],
        is_last: bool,
    ) -> None:
        try:
            seconds = None
            while seconds is None:
                seconds = await self._in_turn(name, compute, owner, cancellation, send, is_last)
            send(DoneEvent(seconds=seconds))
        except (Cancelled, asyncio.CancelledError):
            log.info("a computation was cancelled")
        except Problem as error:
            send(error_event(error))
        except Exception as error:
            log.exception("a computation failed")
            send(error_event(unexpected(error)))
        finally:
            cancellation.watch(None)
            send(None)
            if name in self._registry.entries:  # not removed meanwhile
                self._registry.rested(self._registry.entries[name])

    async def _in_turn(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str,
        cancellation: Cancellation,
        send: Callable[[BaseModel | None], None],
        is_last: bool,
    ) -> float | None:
        """Compute, and return the seconds it took; None if another model got the name during the wait."""
        entry = self._registry.get(name)
        joined = time.monotonic()
        # Before the model is loaded, so that loading doesn't change the order of the queue.
        ticket = entry.turn.join(owner, self._max_waiting, self.is_shared, is_last)
        try:
            await self._ready(name, send)
            await ticket.turn(lambda *waits: send(StateEvent(message=self._waiting(*waits))))
            if ticket.notified is not None:
                send(StateEvent(message="Computing…"))
            if entry.model is None:  # unloaded meanwhile
                await self._ready(name, send)
            if entry.model is None:  # removed
                return None
            started = time.monotonic()
            if self.observer is not None:
                self.observer.began(name, started - joined)
            outcome = "failed"
            try:
                await self._in_thread(entry.model, compute, owner, cancellation, send, ticket)
                outcome = "done"
            except (Cancelled, asyncio.CancelledError):
                outcome = "cancelled"
                raise
            finally:
                seconds = time.monotonic() - started
                if self.observer is not None:
                    self.observer.ended(name, seconds, outcome)
            return seconds
        finally:
            ticket.leave()

    def _waiting(self, position: int, is_stopped: bool) -> str:
        return STOPPED if is_stopped and position == 1 and not self.is_shared else BUSY.format(position)

    async def _ready(self, name: str, send: Callable[[BaseModel | None], None]) -> None:
        path = self._registry.get(name).path
        try:
            async for message in self._registry.ready(name):
                send(StateEvent(message=message.replace(path, name) if self.is_shared else message))
        except Problem as problem:
            if self.is_shared:
                raise shared_models.hidden(problem, name) from None
            raise

    async def _in_thread(
        self,
        model: LanguageModel,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str,
        cancellation: Cancellation,
        send: Callable[[BaseModel | None], None],
        ticket: Ticket,
    ) -> None:
        loop = asyncio.get_running_loop()

        def run() -> None:
            cancellation.check()
            model.serve(owner)
            for event in compute(model, cancellation):
                loop.call_soon_threadsafe(send, event)

        running = loop.run_in_executor(self._threads, run)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            ticket.stop()
            await asyncio.wait([running])
            if not isinstance(error := running.exception(), Cancelled | Problem | None):
                log.warning("a computation that was stopped failed", exc_info=error)
            raise


async def _next(events: asyncio.Queue[BaseModel | None]) -> BaseModel | None:
    try:
        return await within(HEARTBEAT, events.get())
    except asyncio.TimeoutError:
        return HeartbeatEvent()
