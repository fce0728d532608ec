"""Computations as streams of events: a fair queue for each model, cancelled when the reader goes away.

A computation that is cancelled is over for its reader at once. Its thread ends at its next piece of work; where that is a
compiler's, nothing can end it before. The model's turn lasts until then, and what comes of it is dropped.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from pydantic import BaseModel

from lit_lab.protocol import DoneEvent, ErrorEvent, HeartbeatEvent, StateEvent
from lit_lab.timeouts import within

from . import fair_queue
from .cancellation import Cancellation, Cancelled
from .errors import ServiceError, unexpected
from .fair_queue import Place
from .registry import Registry

if TYPE_CHECKING:
    from .language_model import LanguageModel

HEARTBEAT = 5.0  # seconds without an event after which the reader is told that we are still there

BUSY = "Busy: position {} in the queue…"
"""What whoever waits is told."""

STOPPED = "Waiting for a computation that was stopped to end…"
"""What the next one is told while a thread goes on of which nobody wants the result."""

THREADS = 32  # models that compute at the same time; each does one thing at a time

log = logging.getLogger(__name__)


class Work:
    """Runs computations, one at a time for each model, in the order of its queue.

    Args:
        registry: The models.
        most: How many may wait for one model.
    """

    def __init__(self, registry: Registry, most: int = fair_queue.MOST) -> None:
        self._registry = registry
        self._most = most
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="compute")
        self._running: dict[asyncio.Task[None], Cancellation] = {}

    def end_all(self, why: ServiceError | None = None) -> bool:
        """End all computations, from any thread; tell whether there were any."""
        running = list(self._running.values())
        for cancellation in running:
            cancellation.set(why)
        return bool(running)

    async def stream(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str = "",
    ) -> AsyncIterator[bytes]:
        """Yield a computation's events as lines of JSON, with heartbeats in between; the last is `done` or `error`.

        Args:
            name: The model.
            compute: Runs in a thread; ends within one piece of work when this iterator is closed.
            owner: Who asks; turns go round among them, and nothing that was kept of one serves another.
        """
        cancellation = Cancellation()
        events: asyncio.Queue[BaseModel | None] = asyncio.Queue()
        self._begin(name, compute, owner, cancellation, events.put_nowait)
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
        """Return a computation's events once it has ended or is cancelled; it takes its turn as any other.

        Raises:
            ServiceError: Why it failed.
            Cancelled: The caller set `cancellation`.
        """
        events: asyncio.Queue[BaseModel | None] = asyncio.Queue()
        self._begin(name, compute, owner, cancellation, events.put_nowait)
        told = []
        while (event := await events.get()) is not None:
            told.append(event)
        last = told[-1] if told else None
        if isinstance(last, ErrorEvent):
            raise ServiceError(500, last.error, last.message, last.hint)
        if not isinstance(last, DoneEvent):
            raise Cancelled
        return told

    def _begin(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str,
        cancellation: Cancellation,
        tell: Callable[[BaseModel | None], None],
    ) -> None:
        """Begin a computation.

        Args:
            name: The model.
            compute: Runs in a thread.
            owner: Who asks.
            cancellation: Ends it.
            tell: Takes its events, at last None: once it has ended, or as soon as it is cancelled.
        """
        loop = asyncio.get_running_loop()
        is_told = False

        def until_told(event: BaseModel | None) -> None:
            nonlocal is_told
            if not is_told:
                is_told = event is None
                tell(event)

        def end() -> None:
            if cancellation.why is not None:
                until_told(cancellation.why.event())
            until_told(None)
            task.cancel()

        # A task of its own: the model's turn ends when the thread has, not when the reader goes away.
        task = asyncio.ensure_future(self._run(name, compute, owner, cancellation, until_told))
        self._running[task] = cancellation
        task.add_done_callback(self._running.pop)
        cancellation.watch(lambda: loop.call_soon_threadsafe(end))

    async def _run(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str,
        cancellation: Cancellation,
        tell: Callable[[BaseModel | None], None],
    ) -> None:
        try:
            seconds = None
            while seconds is None:
                seconds = await self._in_turn(name, compute, owner, cancellation, tell)
            tell(DoneEvent(seconds=seconds))
        except (Cancelled, asyncio.CancelledError):
            log.info("a computation was cancelled")
        except ServiceError as error:
            tell(error.event())
        except Exception as error:
            log.exception("a computation failed")
            tell(unexpected(error).event())
        finally:
            cancellation.watch(None)
            tell(None)
            if name in self._registry.entries:  # not removed meanwhile
                self._registry.rested(self._registry.entries[name])

    async def _in_turn(
        self,
        name: str,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str,
        cancellation: Cancellation,
        tell: Callable[[BaseModel | None], None],
    ) -> float | None:
        """Compute, and return the seconds it took; None where another model has got the name while this one waited."""
        entry = self._registry.get(name)
        # Before the model is loaded: those who ask first come first, however long that takes.
        place = entry.turn.join(owner, self._most)
        try:
            await self._ready(name, tell)
            await place.turn(lambda *waits: tell(StateEvent(message=_waiting(*waits))))
            if place.told is not None:
                tell(StateEvent(message="Computing…"))
            if entry.model is None:  # unloaded meanwhile
                await self._ready(name, tell)
            if entry.model is None:  # removed
                return None
            started = time.monotonic()
            await self._in_thread(entry.model, compute, owner, cancellation, tell, place)
            return time.monotonic() - started
        finally:
            place.leave()

    async def _ready(self, name: str, tell: Callable[[BaseModel | None], None]) -> None:
        async for message in self._registry.ready(name):
            tell(StateEvent(message=message))

    async def _in_thread(
        self,
        model: LanguageModel,
        compute: Callable[[LanguageModel, Cancellation], Iterator[BaseModel]],
        owner: str,
        cancellation: Cancellation,
        tell: Callable[[BaseModel | None], None],
        place: Place,
    ) -> None:
        loop = asyncio.get_running_loop()

        def run() -> None:
            cancellation.check()
            model.serve(owner)
            for event in compute(model, cancellation):
                loop.call_soon_threadsafe(tell, event)

        running = loop.run_in_executor(self._threads, run)
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            place.stop()
            await asyncio.wait([running])
            if not isinstance(error := running.exception(), Cancelled | ServiceError | None):
                log.warning("a computation that was stopped failed", exc_info=error)
            raise


def _waiting(position: int, is_stopped: bool) -> str:
    return STOPPED if is_stopped and position == 1 else BUSY.format(position)


async def _next(events: asyncio.Queue[BaseModel | None]) -> BaseModel | None:
    try:
        return await within(HEARTBEAT, events.get())
    except asyncio.TimeoutError:
        return HeartbeatEvent()
