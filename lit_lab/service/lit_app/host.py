"""Creates LIT's application on first need, and passes its page's requests to it."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pydantic import BaseModel

from lit_lab.problem import Problem
from lit_lab.protocol import DoneEvent, ErrorEvent, HeartbeatEvent, LitAnswer, LitAppRequest, LitCall, StateEvent

from .. import garbage_collection
from ..cancellation import Cancellation
from ..errors import error_event, unexpected
from ..registry import Registry
from ..scheduler import HEARTBEAT, Scheduler
from .turns import CALL, OWNER, InTurn

THREADS = 8  # concurrent requests of LIT's pages; most wait for a model's turn
MAX_INPUTS = 20_000  # after so many, LIT's caches are dropped; they have no bound

log = logging.getLogger(__name__)


class LitHost:
    """LIT's application and its threads.

    Args:
        registry: The models.
        scheduler: Runs their computations.
        datasets: Returns LIT's datasets by name; called in a thread.
    """

    def __init__(self, registry: Registry, scheduler: Scheduler, datasets: Callable[[], Mapping[str, Any]]) -> None:
        self._registry = registry
        self._scheduler = scheduler
        self._datasets = datasets
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lit")
        self._making = asyncio.Lock()
        self._app: Any = None
        self._make: Callable[[], Any] = lambda: None
        self._made_of: tuple[int | str, ...] = ()
        self._inputs = 0
        registry.gone.append(self._forget)

    @property
    def is_open(self) -> bool:
        """Whether LIT may be in use: it was opened, and all of its models are still loaded."""
        return self._app is not None

    def _forget(self) -> None:
        """Drop LIT, which refers to its models, because one of them was unloaded."""
        self._app, self._make, self._made_of = None, lambda: None, ()

    async def open(self, request: LitAppRequest) -> AsyncIterator[bytes]:
        """Make LIT ready, and yield as JSON lines what it waits for; at last `done` or `error`."""
        started = asyncio.get_running_loop().time()
        try:
            async for message in self._registry.ready(request.model):
                yield _line(StateEvent(message=message))
            yield _line(StateEvent(message="Starting LIT…"))
            making = asyncio.ensure_future(self._ready(request))
            while not (await asyncio.wait([making], timeout=HEARTBEAT))[0]:
                yield _line(HeartbeatEvent())
            await making
            yield _line(DoneEvent(seconds=asyncio.get_running_loop().time() - started))
        except Problem as error:
            yield _line(error_event(error))
        except Exception as error:
            log.exception("LIT could not be made ready")
            yield _line(error_event(unexpected(error)))

    async def call(self, call: LitCall, owner: str = "") -> AsyncIterator[bytes]:
        """Answer a request of LIT's page: heartbeats, then `lit_answer` or `error`. Ends early when it is closed.

        Args:
            call: The request.
            owner: The user who made the request; the queue takes turns among users.
        """
        cancellation = Cancellation()
        try:
            if self._app is None:
                raise Problem(
                    409,
                    "lit_not_open",
                    "LIT isn't running any more: the model service was restarted, or a model was unloaded.",
                    "Open LIT again.",
                )
            self._inputs += 1 + len(call.inputs)  # some cache something for a request without inputs, too
            if self._inputs > MAX_INPUTS:
                await self._make_anew()
            answering = asyncio.get_running_loop().run_in_executor(
                self._threads, _answer, self._app, call, owner, cancellation
            )
            while not (await asyncio.wait([answering], timeout=HEARTBEAT))[0]:
                yield _line(HeartbeatEvent())
            yield _line(answering.result())
        except Problem as error:
            yield _line(error_event(error))
        except Exception as error:
            log.exception("LIT failed")
            yield _line(error_event(unexpected(error)))
        finally:
            cancellation.set()

    async def _ready(self, request: LitAppRequest) -> None:
        async with self._making:
            loop = asyncio.get_running_loop()
            models = {
                entry.name: InTurn(self._scheduler, loop, entry.name, entry.model)
                for entry in self._registry.entries.values()
                if entry.model is not None
            }
            made_of = (request.max_new_tokens, request.chat, *models)
            if self._made_of != made_of:
                self._make = functools.partial(self._build, models, request)
                await self._make_anew()
                self._made_of = made_of

    async def _make_anew(self) -> None:
        self._inputs = 0
        self._app = await asyncio.get_running_loop().run_in_executor(self._threads, self._make)

    def _build(self, models: Mapping[str, InTurn], request: LitAppRequest) -> Any:
        from .building import build  # imports LIT's models

        with garbage_collection.paused():
            return build(models, self._datasets(), request.max_new_tokens, request.chat)


def _answer(app: Any, call: LitCall, owner: str, cancellation: Cancellation) -> LitAnswer | ErrorEvent:
    """Have LIT's WSGI application answer."""
    from werkzeug.test import Client

    from .bounded import check

    check(app, call)
    CALL.set(cancellation)
    OWNER.set(owner)
    inputs = [one if isinstance(one, str) else one.model_dump() for one in call.inputs]
    # As LIT's page sends it: without a configuration, the field is missing rather than null.
    body = {"inputs": inputs} | ({} if call.config is None else {"config": call.config})
    response = Client(app).post(f"/{call.endpoint}", query_string=dict(call.query), data=json.dumps(body))
    text = response.get_data(as_text=True)
    if response.status_code == 200:
        return LitAnswer(body=text)
    # LIT sends an exception's text, followed by its traceback, which is in the log.
    message = text.partition("\n\nDetails:")[0].removeprefix("Uncaught error: ").strip()
    return ErrorEvent(error="lit_failed", message=message[:2_000] or f"LIT answered with {response.status_code}.")


def _line(message: BaseModel) -> bytes:
    return message.model_dump_json().encode() + b"\n"
