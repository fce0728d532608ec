"""Models by name, and their turns. These tests need no libraries."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from waiting import PATIENCE, until_async

from lit_lab.problem import Problem
from lit_lab.protocol import CurvePoint, TokenEvent
from lit_lab.service import fair_queue
from lit_lab.service import registry as registry_module
from lit_lab.service import scheduler as scheduler_module
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import BUSY, Scheduler


def test_the_first_colon_divides() -> None:
    entries = parse(["gemma:kaggle://keras/gemma2/keras/gemma2_2b_en/1", "mine: ~/preset "])
    assert [(e.name, e.path) for e in entries.values()] == [
        ("gemma", "kaggle://keras/gemma2/keras/gemma2_2b_en/1"),
        ("mine", "~/preset"),
    ]


@pytest.mark.parametrize("models", [["demo"], [":embedded"], ["demo:"], [" : "], ["a:x", "a:y"], ["a:x", " a:y"]])
def test_entries_that_make_no_sense_are_refused(models: list[str]) -> None:
    with pytest.raises(Problem) as failure:
        parse(models)
    assert failure.value.code == "bad_model"
    assert "c.LitLab.models" in failure.value.hint


def test_the_embedded_model_carries_its_note() -> None:
    entries = parse(["demo:embedded", "other:folder"])
    assert "not Google's weights" in entries["demo"].info().note
    assert entries["other"].info().note == ""


class Model:
    """Stands in for a language model."""

    window = 8
    parameters = 1

    has_pending_compiles = True

    def compile_pending(self) -> None:
        pass

    is_large = False

    def warm_up_generation(self) -> None:
        pass

    def serve(self, owner: str) -> None:
        pass


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setattr(Registry, "_make", lambda *_: Model())
    return Registry(parse(["one:./x", "two:./y"]), None, lambda say: say("importing"))


async def lines(scheduler: Scheduler, name: str, compute: Callable[..., Iterator[BaseModel]]) -> list[dict[str, Any]]:
    return [json.loads(line) async for line in scheduler.stream(name, compute)]


def token(id: int) -> TokenEvent:
    return TokenEvent.model_validate({"token": {"id": id, "piece": "", "text": "", "kind": "text"}})


async def test_computations_of_one_model_take_turns_in_order(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = Scheduler(registry)
    order: list[str] = []
    received: dict[str, list[dict[str, Any]]] = {name: [] for name in "abc"}
    may_end = {name: threading.Event() for name in "abc"}
    monkeypatch.setattr(fair_queue, "NOTIFY_SECONDS", 0.0)

    def compute(name: str) -> Callable[..., Iterator[BaseModel]]:
        def run(_: Any, __: Cancellation) -> Iterator[BaseModel]:
            order.append(f"{name} begins")
            may_end[name].wait(PATIENCE)
            yield token(1)
            order.append(f"{name} ends")

        return run

    async def read(name: str) -> None:
        async for line in scheduler.stream("one", compute(name)):
            received[name].append(json.loads(line))

    def messages(name: str) -> list[str]:
        return [event["message"] for event in received[name] if event["event"] == "state"]

    tasks = [asyncio.ensure_future(read("a"))]
    await until_async(lambda: order == ["a begins"])
    tasks.append(asyncio.ensure_future(read("b")))
    await until_async(lambda: BUSY.format(1) in messages("b"))
    tasks.append(asyncio.ensure_future(read("c")))
    await until_async(lambda: BUSY.format(2) in messages("c"))
    assert order == ["a begins"]
    may_end["a"].set()
    await until_async(lambda: BUSY.format(1) in messages("c"))
    may_end["b"].set()
    may_end["c"].set()
    await asyncio.gather(*tasks)
    assert order == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]
    assert messages("c")[-3:] == [BUSY.format(2), BUSY.format(1), "Computing…"]
    assert [events[-1]["event"] for events in received.values()] == ["done"] * 3


async def test_a_long_silence_is_filled_with_heartbeats(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_module, "HEARTBEAT", 0.05)
    release = threading.Event()

    def slow(_: Any, __: Cancellation) -> Iterator[BaseModel]:
        release.wait(PATIENCE)
        yield token(1)

    seen = []
    async for line in Scheduler(registry).stream("one", slow):
        seen.append(json.loads(line)["event"])
        if seen.count("heartbeat") == 2:
            release.set()
    assert [event for event in seen if event != "heartbeat"][-2:] == ["token", "done"]


async def test_other_models_need_not_wait(registry: Registry) -> None:
    scheduler = Scheduler(registry)
    begun, release = threading.Event(), threading.Event()

    def slow(_: Any, __: Cancellation) -> Iterator[BaseModel]:
        begun.set()
        release.wait(PATIENCE)
        yield token(1)

    task = asyncio.ensure_future(lines(scheduler, "one", slow))
    await until_async(begun.is_set)
    try:
        assert (await lines(scheduler, "two", lambda *_: iter([token(2)])))[-1]["event"] == "done"
    finally:
        release.set()
        await task


async def test_a_reader_who_goes_away_ends_the_computation_and_frees_the_model(registry: Registry) -> None:
    scheduler = Scheduler(registry)
    ended = threading.Event()

    def endless(_: Any, cancellation: Cancellation) -> Iterator[BaseModel]:
        try:
            while True:
                cancellation.check()
                yield token(1)
        finally:
            ended.set()

    stream = scheduler.stream("one", endless)
    while b"token" not in await anext(stream):
        pass
    await stream.aclose()  # type: ignore[attr-defined]
    assert (await lines(scheduler, "one", lambda *_: iter([])))[-1]["event"] == "done"
    assert ended.is_set()


async def test_a_reader_who_goes_away_while_waiting_never_begins(registry: Registry) -> None:
    scheduler = Scheduler(registry)
    first_began, release, began = threading.Event(), threading.Event(), threading.Event()

    def slow(_: Any, __: Cancellation) -> Iterator[BaseModel]:
        first_began.set()
        release.wait(PATIENCE)
        yield token(1)

    def second(_: Any, __: Cancellation) -> Iterator[BaseModel]:
        began.set()
        yield token(2)

    first = asyncio.ensure_future(lines(scheduler, "one", slow))
    await until_async(first_began.is_set)
    waiting = scheduler.stream("one", second)
    await anext(waiting)
    await waiting.aclose()  # type: ignore[attr-defined]
    release.set()
    await first
    assert (await lines(scheduler, "one", lambda *_: iter([])))[-1]["event"] == "done"
    assert not began.is_set()


async def test_work_that_is_ended_for_a_reason_tells_it(registry: Registry) -> None:
    scheduler = Scheduler(registry)

    def endless(_: Any, cancellation: Cancellation) -> Iterator[BaseModel]:
        while True:
            cancellation.check()
            yield token(1)

    stream = scheduler.stream("one", endless)
    await anext(stream)
    assert scheduler.end_all(Problem(507, "memory_limit", "Too much.", "Use less."))
    last = [json.loads(line) async for line in stream][-1]
    assert (last["event"], last["error"], last["hint"]) == ("error", "memory_limit", "Use less.")
    await until_async(lambda: not scheduler.end_all())


def not_finite() -> Exception:
    try:
        CurvePoint(share=0.5, logprob=float("-inf"))
    except ValidationError as error:
        return error
    raise AssertionError("an event took a number that JSON has no word for")


@pytest.mark.parametrize(
    ("raised", "code"),
    [(MemoryError(), "out_of_memory"), (not_finite(), "not_finite"), (ValueError("odd"), "internal")],
)
async def test_unexpected_failures_are_reported_and_free_the_model(
    registry: Registry, raised: Exception, code: str
) -> None:
    scheduler = Scheduler(registry)

    def fail(_: Any, __: Cancellation) -> Iterator[BaseModel]:
        yield token(1)
        raise raised

    last = (await lines(scheduler, "one", fail))[-1]
    assert (last["event"], last["error"]) == ("error", code)
    assert last["hint"]
    assert (await lines(scheduler, "one", lambda *_: iter([])))[-1]["event"] == "done"


async def test_a_failed_load_is_reported_and_tried_again(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = True

    def make(*_: object) -> Model:
        if failing:
            raise RuntimeError("no such layer")
        return Model()

    monkeypatch.setattr(Registry, "_make", make)
    scheduler = Scheduler(registry)
    last = (await lines(scheduler, "one", lambda *_: iter([])))[-1]
    assert (last["event"], last["error"]) == ("error", "model_failed")
    assert "no such layer" in registry.get("one").info().detail
    failing = False
    assert (await lines(scheduler, "one", lambda *_: iter([])))[-1]["event"] == "done"
    assert registry.get("one").info().state == "ready"


async def test_what_fails_in_preparation_is_an_error_and_tried_again(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Model) -> None:
        raise RuntimeError("no such operation")

    scheduler = Scheduler(registry)
    with monkeypatch.context() as patch:
        patch.setattr(Model, "warm_up_generation", fail)
        last = (await lines(scheduler, "one", lambda *_: iter([])))[-1]
    assert (last["event"], last["error"]) == ("error", "model_failed")
    entry = registry.get("one")
    assert (entry.state, entry.model) == ("failed", None)
    assert "no such operation" in entry.info().detail
    assert (await lines(scheduler, "one", lambda *_: iter([])))[-1]["event"] == "done"


async def test_says_what_it_imports(registry: Registry) -> None:
    said: list[str] = []
    await registry.start(said.append)
    assert said == ["importing"]
    assert registry.imported


async def test_nothing_is_compiled_while_an_answer_is_computed(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = threading.Event()
    monkeypatch.setattr(Model, "compile_pending", lambda self: compiled.set())
    monkeypatch.setattr(registry_module, "_LOOK_SECONDS", 0.001)
    monkeypatch.setattr(registry_module, "_REST_SECONDS", 0.01)
    await registry.load("one")
    entry = registry.get("one")
    registry.rested(entry)
    assert entry.compiling is not None
    async with entry.turn:
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert not compiled.is_set()
    await entry.compiling
    assert compiled.is_set()


async def test_work_asks_for_what_it_lacked_to_be_compiled(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = threading.Event()
    monkeypatch.setattr(Model, "compile_pending", lambda self: compiled.set())
    monkeypatch.setattr(registry_module, "_LOOK_SECONDS", 0.001)
    monkeypatch.setattr(registry_module, "_REST_SECONDS", 0.01)
    await lines(Scheduler(registry), "one", lambda *_: iter([]))
    compiling = registry.get("one").compiling
    assert compiling is not None
    await compiling
    assert compiled.is_set()


async def test_a_model_without_pending_compiles_is_left_alone(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = threading.Event()
    monkeypatch.setattr(Model, "has_pending_compiles", False)
    monkeypatch.setattr(Model, "compile_pending", lambda self: compiled.set())
    monkeypatch.setattr(registry_module, "_LOOK_SECONDS", 0.001)
    monkeypatch.setattr(registry_module, "_REST_SECONDS", 0.01)
    await lines(Scheduler(registry), "one", lambda *_: iter([]))
    compiling = registry.get("one").compiling
    assert compiling is not None
    await compiling
    assert not compiled.is_set()
