"""Loading a model as clients see it: progress in the list, waiting requests, stopping."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from waiting import PATIENCE, SOON, until_async

from lit_lab.protocol import (
    LoadModel,
    ModelChanging,
    ModelInfo,
    ModelReading,
    RemoveModel,
    StopModel,
    TokenEvent,
    UnloadModel,
)
from lit_lab.service import presets
from lit_lab.service import registry as registry_module
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler
from lit_lab.service.weights.reading import Reading


class Held:
    """Two models of a small preset, whose loading pauses at the weights until it may continue."""

    def __init__(self, preset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.go_on, self.at_weights = threading.Event(), threading.Event()
        self.registry = Registry(parse([f"one:{preset}", f"two:{preset}"]), None, lambda _: None)
        self.registry.entries["two"].added = True
        self.manager = ModelManager(self.registry)
        self.scheduler = Scheduler(self.registry)
        self.made: list[Any] = []
        make = presets.make

        def holding(place: Path, path: str, precision: Any, reading: Reading) -> Any:
            reading.begin(2_600_000_000, 290)
            reading.took(1_200_000_000, 140)
            self.at_weights.set()
            assert self.go_on.wait(PATIENCE)
            made = make(place, path, precision, reading)
            self.made.append(weakref.ref(made))
            return made

        monkeypatch.setattr(presets, "make", holding)

    async def change(self, change: Any) -> ModelInfo:
        if not self.registry.imported:
            await self.registry.start(lambda _: None)
        return (await self.manager.change(ModelChanging(change=change))).models[0]

    async def begun(self, name: str = "one") -> None:
        self.at_weights.clear()
        await self.change(LoadModel(name=name))
        assert await asyncio.to_thread(self.at_weights.wait, PATIENCE)

    async def run(self, name: str = "one") -> list[dict[str, Any]]:
        def compute(*_: Any) -> Iterator[BaseModel]:
            yield TokenEvent.model_validate({"token": {"id": 1, "piece": "", "text": "", "kind": "text"}})

        return [json.loads(line) async for line in self.scheduler.stream(name, compute)]

    async def gone(self) -> None:
        """Wait until the thread has finished its work."""
        self.go_on.set()
        await self.registry.run(lambda: None)
        await asyncio.gather(*self.manager._beside)


@pytest.fixture
def held(keras_libraries: None, shallow_preset: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    models = Held(shallow_preset, monkeypatch)
    yield models
    models.go_on.set()
    models.registry._thread.shutdown()


async def test_progress_is_shown_in_the_list_and_to_waiting_requests(held: Held) -> None:
    await held.begun()
    running = asyncio.ensure_future(held.run())
    info = (await held.manager.models()).models[0]
    assert (info.state, info.detail) == ("loading", "Loading one…")
    assert info.reading == ModelReading(done=1_200_000_000, total=2_600_000_000, tensors=140, tensors_total=290)
    waiting = held.registry.ready("one")
    assert await anext(waiting) == "Loading one: 1.2 GB of 2.6 GB, 140 of 290 tensors…"
    held.go_on.set()
    messages = [event["message"] for event in await running if event["event"] == "state"]
    assert "Preparing one (compiling its computation once)…" in messages
    info = (await held.manager.models()).models[0]
    assert (info.state, info.reading) == ("ready", None)


async def test_frequent_progress_is_sent_now_and_then(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "_LOOK_SECONDS", 0.001)
    monkeypatch.setattr(registry_module, "_FIGURES_SECONDS", PATIENCE)
    await held.begun()
    details: list[str] = []

    async def follow() -> None:
        async for message in held.registry.ready("one"):
            details.append(message)

    following = asyncio.ensure_future(follow())
    await until_async(lambda: bool(details))
    reading = held.registry.get("one").reading
    assert reading is not None
    for _ in range(20):
        reading.took(1, 1)
        await asyncio.sleep(0.002)
    assert details == ["Loading one: 1.2 GB of 2.6 GB, 140 of 290 tensors…"]
    held.go_on.set()
    await following
    assert details[-1].startswith("Preparing")


async def test_stop_answers_at_once_and_a_second_load_works(without_warm_up: None, held: Held) -> None:
    await held.begun()
    running = asyncio.ensure_future(held.run())
    await until_async(lambda: held.registry.get("one").turn.locked())
    # While its thread can't check for this, for example because it waits for a compiler or a slow disk.
    stopped = await asyncio.wait_for(held.change(StopModel(name="one")), SOON)
    assert (stopped.state, stopped.error, stopped.reading) == ("unloaded", "loading_stopped", None)
    assert "was stopped" in stopped.detail
    assert "loaded again" in stopped.hint
    # Requests that wait for it get the same message.
    last = (await asyncio.wait_for(running, SOON))[-1]
    assert (last["event"], last["error"], last["message"]) == ("error", "loading_stopped", stopped.detail)
    assert not held.registry.get("one").turn.locked()
    # A second load is independent of the first, and waits until the thread has left that one.
    await held.change(LoadModel(name="one"))
    entry = held.registry.get("one")
    assert (entry.state, entry.info().reading, entry.error) == ("loading", None, None)
    held.go_on.set()
    assert entry.loading is not None
    await entry.loading
    assert (await held.run())[-1]["event"] == "done"
    gc.collect()
    assert [made() for made in held.made if made() is not None] == [entry.model.causal_lm if entry.model else None]


async def test_memory_is_given_back(held: Held) -> None:
    await held.begun()
    await held.change(StopModel(name="one"))
    await held.gone()
    assert held.made == []  # loading ended at the weights
    assert held.registry.get("one").model is None
    assert held.manager.returning.new_process() is not None


class Preparing:
    """Holds a model's preparation until it may continue."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from lit_lab.service.language_model import LanguageModel

        self.begun, self.go_on = threading.Event(), threading.Event()
        warm_up = LanguageModel.warm_up_generation

        def hold(model: LanguageModel) -> None:
            self.begun.set()
            assert self.go_on.wait(PATIENCE)
            warm_up(model)

        monkeypatch.setattr(LanguageModel, "warm_up_generation", hold)

    async def load(self, held: Held) -> None:
        held.go_on.set()
        await held.change(LoadModel(name="one"))
        assert await asyncio.to_thread(self.begun.wait, PATIENCE)


async def test_a_model_is_ready_while_its_first_answer_is_prepared(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    preparing = Preparing(monkeypatch)
    await preparing.load(held)
    entry = held.registry.get("one")
    assert (entry.state, entry.is_busy, entry.is_at_work) == ("ready", False, True)
    assert [message async for message in held.registry.loaded("one")] == []
    running = asyncio.ensure_future(held.run())
    waiting = held.registry.ready("one")
    assert await asyncio.wait_for(anext(waiting), SOON) == "Preparing one (compiling its computation once)…"
    await asyncio.sleep(0)
    assert not running.done()
    preparing.go_on.set()
    said = await running
    assert said[0]["message"] == "Preparing one (compiling its computation once)…"
    assert said[-1]["event"] == "done"


async def test_maps_are_prepared_after_the_first_answer_and_nothing_waits_for_them(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service import language_model
    from lit_lab.service.salience import EmbeddingGradients

    begun, go_on = threading.Event(), threading.Event()

    def hold(_: EmbeddingGradients) -> None:
        begun.set()
        assert go_on.wait(PATIENCE)

    monkeypatch.setattr(language_model, "MAX_EAGER_WEIGHTS", 0)
    monkeypatch.setattr(EmbeddingGradients, "warm_up", hold)
    held.go_on.set()
    await held.change(LoadModel(name="one"))
    assert await asyncio.to_thread(begun.wait, PATIENCE)
    entry = held.registry.get("one")
    assert entry.preparing is not None and entry.preparing.done()
    assert (await held.run())[-1]["event"] == "done"
    go_on.set()
    assert entry.tracing is not None
    await entry.tracing


async def test_what_was_prepared_meanwhile_is_dropped(held: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    preparing = Preparing(monkeypatch)
    await preparing.load(held)
    unloaded = await asyncio.wait_for(held.change(UnloadModel(name="one")), SOON)
    assert unloaded.state == "unloaded"
    preparing.go_on.set()
    await held.gone()
    assert held.registry.get("one").model is None
    gc.collect()
    assert [made() for made in held.made] == [None]


async def test_what_waits_for_its_turn_is_stopped_before_it_begins(without_warm_up: None, held: Held) -> None:
    await held.begun("one")
    await held.change(LoadModel(name="two"))
    await asyncio.wait_for(held.change(StopModel(name="two")), SOON)
    held.go_on.set()
    one = held.registry.get("one")
    assert one.loading is not None
    await one.loading
    await held.gone()
    assert (one.state, held.registry.get("two").state, len(held.made)) == ("ready", "unloaded", 1)


async def test_what_is_loading_is_removed_at_once(held: Held) -> None:
    await held.begun("two")
    removing = asyncio.ensure_future(held.change(RemoveModel(name="two")))
    await until_async(lambda: held.registry.get("two").state == "unloaded")
    held.go_on.set()
    await removing
    assert list(held.registry.entries) == ["one"]
    assert held.made == []


@pytest.mark.parametrize("state", ["unloaded", "ready"])
async def test_there_may_be_nothing_to_stop(without_warm_up: None, held: Held, state: str) -> None:
    held.go_on.set()
    if state == "ready":
        await held.begun()
        loading = held.registry.get("one").loading
        assert loading is not None
        await loading
    info = await held.change(StopModel(name="one"))
    assert (info.state, info.error) == (state, "")


async def test_what_was_stopped_is_forgotten_by_unloading_it(held: Held) -> None:
    await held.begun()
    await held.change(StopModel(name="one"))
    held.go_on.set()
    info = await held.change(UnloadModel(name="one"))
    assert (info.state, info.detail, info.error) == ("unloaded", "", "")
