"""Stopping during compilation, which can't be interrupted: the service answers at once and drops the result."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel
from waiting import PATIENCE, SOON, until_async

from lit_lab.problem import Problem
from lit_lab.protocol import GenerateRequest, SalienceRequest
from lit_lab.service import fair_queue
from lit_lab.service.cached_pass import CachedPass
from lit_lab.service.cancellation import Cancellation, Cancelled
from lit_lab.service.registry import Registry, parse
from lit_lab.service.salience import EmbeddingGradients
from lit_lab.service.scheduler import BUSY, STOPPED, Scheduler

ASKED = GenerateRequest(model="tiny", prompt="Suggestion: Onion soup\n", max_new_tokens=3)
MAP = SalienceRequest.model_validate({"model": "tiny", "ids": [2, 300, 301, 302], "targets": [{"start": 2, "end": 4}]})


class Compiler:
    """A step that ignores stops, and blocks until it may end. After that it is the original step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cls: type, name: str) -> None:
        self.begun, self.may_end, self.ended = threading.Event(), threading.Event(), threading.Event()
        step = getattr(cls, name)

        def held(*args: Any, **how: Any) -> Any:
            self.begun.set()
            assert self.may_end.wait(PATIENCE)
            self.ended.set()
            return step(*args, **how)

        monkeypatch.setattr(cls, name, held)


class Reader:
    """Reads a computation's events until it disconnects."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines
        self.received: list[dict[str, Any]] = []
        self.reading = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for line in self._lines:
            self.received.append(json.loads(line))

    @property
    def messages(self) -> list[str]:
        return [event["message"] for event in self.received if event["event"] == "state"]

    async def go_away(self) -> None:
        """Disconnect, as when the Jupyter server closes the connection."""
        self.reading.cancel()
        await asyncio.wait([self.reading])
        await self._lines.aclose()  # type: ignore[attr-defined]


@pytest.fixture
def scheduler(language_model: Any, without_warm_up: None, monkeypatch: pytest.MonkeyPatch) -> Scheduler:
    monkeypatch.setattr(fair_queue, "NOTIFY_SECONDS", 0.0)
    monkeypatch.setattr(Registry, "_make", lambda *_: language_model)
    monkeypatch.setattr(Registry, "rested", lambda *_: None)
    return Scheduler(Registry(parse(["tiny:./x"]), None, lambda say: None))


def answer(model: Any, cancellation: Cancellation) -> Iterator[BaseModel]:
    yield from model.generate(ASKED, cancellation)


def salience(model: Any, cancellation: Cancellation) -> Iterator[BaseModel]:
    yield from model.salience(MAP, cancellation)


@pytest.fixture(params=["answer", "map"])
def compiled(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Compiler]:
    """The computation, and the step that it compiles first."""
    if request.param == "answer":
        return answer, Compiler(monkeypatch, CachedPass, "next")
    return salience, Compiler(monkeypatch, EmbeddingGradients, "of")


async def test_it_is_over_at_once_and_the_next_one_waits_as_long_as_it_takes(
    scheduler: Scheduler, compiled: tuple[Callable[..., Iterator[BaseModel]], Compiler]
) -> None:
    compute, compiler = compiled
    stopped = Reader(scheduler.stream("tiny", compute, "a"))
    assert await asyncio.to_thread(compiler.begun.wait, PATIENCE)
    waiting = Reader(scheduler.stream("tiny", compute, "b"))
    third = Reader(scheduler.stream("tiny", compute, "c"))
    await until_async(lambda: waiting.messages[-1:] == [BUSY.format(1)] and third.messages[-1:] == [BUSY.format(2)])

    before = time.monotonic()
    await asyncio.wait_for(stopped.go_away(), SOON)
    assert time.monotonic() - before < SOON
    received = list(stopped.received)
    await until_async(lambda: waiting.messages[-1] == STOPPED)
    assert third.messages[-1] == BUSY.format(2)
    # New requests get the same message, and a request can leave the queue at once.
    await asyncio.wait_for(waiting.go_away(), SOON)
    await until_async(lambda: third.messages[-1] == STOPPED)
    newest = Reader(scheduler.stream("tiny", compute, "b"))
    await until_async(lambda: newest.messages[-1:] == [BUSY.format(2)])
    assert not compiler.ended.is_set()

    compiler.may_end.set()
    await asyncio.wait_for(asyncio.gather(third.reading, newest.reading), PATIENCE)
    assert [reader.received[-1]["event"] for reader in (third, newest)] == ["done", "done"]
    assert stopped.received == received
    assert received[-1]["event"] != "done"
    await until_async(lambda: not scheduler._registry.get("tiny").turn.locked() and not scheduler._running)


async def test_a_reason_is_reported_at_once(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = Compiler(monkeypatch, CachedPass, "next")
    reader = Reader(scheduler.stream("tiny", answer))
    assert await asyncio.to_thread(compiler.begun.wait, PATIENCE)
    # From another thread, like the memory watchdog.
    await asyncio.to_thread(scheduler.end_all, Problem(507, "memory_limit", "Too much.", "Use less."))
    await asyncio.wait_for(reader.reading, SOON)
    assert [event["error"] for event in reader.received if event["event"] == "error"] == ["memory_limit"]
    # It still holds memory, so the caller has something to wait for.
    assert scheduler.end_all()
    compiler.may_end.set()
    await until_async(lambda: not scheduler.end_all())


async def test_lits_requests_end_at_once_too(scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = Compiler(monkeypatch, CachedPass, "next")
    cancellation = Cancellation()
    collecting = asyncio.ensure_future(scheduler.collect("tiny", answer, cancellation))
    assert await asyncio.to_thread(compiler.begun.wait, PATIENCE)
    cancellation.set()
    with pytest.raises(Cancelled):
        await asyncio.wait_for(collecting, SOON)
    assert not compiler.ended.is_set()
    compiler.may_end.set()
    await until_async(lambda: not scheduler._running)


async def test_a_failure_of_what_was_stopped_harms_nobody(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    compiler = Compiler(monkeypatch, CachedPass, "next")

    def failing(model: Any, cancellation: Cancellation) -> Iterator[BaseModel]:
        yield from answer(model, Cancellation())
        raise RuntimeError("the compiler gave up")

    reader = Reader(scheduler.stream("tiny", failing))
    assert await asyncio.to_thread(compiler.begun.wait, PATIENCE)
    await reader.go_away()
    # Waiting requests get the message once the task knows that it is stopped. An earlier failure would be a running request's.
    after = Reader(scheduler.stream("tiny", answer))
    await until_async(lambda: after.messages[-1:] == [STOPPED])
    compiler.may_end.set()
    await asyncio.wait_for(after.reading, PATIENCE)
    assert after.received[-1]["event"] == "done"
    assert "a computation that was stopped failed" in caplog.text


async def test_what_it_asked_for_is_let_go_of_once_its_thread_has_ended(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Asked:
        """An object that a computation refers to."""

    compiler = Compiler(monkeypatch, CachedPass, "next")
    asked: list[Asked] = [Asked()]
    there = weakref.ref(asked[0])

    def compute(model: Any, cancellation: Cancellation, held: Any = asked[0]) -> Iterator[BaseModel]:
        yield from answer(model, cancellation)
        assert held

    reader = Reader(scheduler.stream("tiny", compute))
    assert await asyncio.to_thread(compiler.begun.wait, PATIENCE)
    await reader.go_away()
    asked.clear()
    del compute, reader
    compiler.may_end.set()
    await until_async(lambda: not scheduler._running)
    await until_async(lambda: gc.collect() >= 0 and there() is None)


async def test_a_run_that_is_stopped_while_its_model_is_loaded_leaves_the_queue(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch, language_model: Any
) -> None:
    loading, may_end = threading.Event(), threading.Event()

    def make(*_: Any) -> Any:
        loading.set()
        assert may_end.wait(PATIENCE)
        return language_model

    monkeypatch.setattr(Registry, "_make", make)
    reader = Reader(scheduler.stream("tiny", answer))
    assert await asyncio.to_thread(loading.wait, PATIENCE)
    entry = scheduler._registry.get("tiny")
    assert entry.turn.locked()
    await asyncio.wait_for(reader.go_away(), SOON)
    await until_async(lambda: not entry.turn.locked())
    # The model still loads: loading has its own Stop.
    assert entry.state == "loading"
    may_end.set()
    assert entry.loading is not None
    await entry.loading
    assert entry.state == "ready"
