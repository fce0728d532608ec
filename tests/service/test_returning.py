"""Unloading a model returns its memory: nothing refers to it, and a new process is requested."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from waiting import PATIENCE, until_async

from lit_lab.protocol import (
    AblationRequest,
    FaithfulnessRequest,
    GenerateRequest,
    Integration,
    LoadModel,
    ModelAsked,
    ModelChanging,
    SalienceRequest,
    ScoreRequest,
    Span,
    UnloadModel,
)
from lit_lab.service import registry as registry_module
from lit_lab.service import returning as returning_module
from lit_lab.service.language_model import LanguageModel
from lit_lab.service.loading import Loading
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler

pytestmark = pytest.mark.usefixtures("without_warm_up")

IDS = [2, *range(10, 30)]
TARGET = Span(start=15, end=20)
SEGMENTS = [Span(start=at, end=at + 3) for at in range(1, 13, 3)]
PARTS: dict[str, Any] = {"model": "one", "ids": IDS, "target": TARGET, "segments": SEGMENTS}

Use = Callable[[LanguageModel, Any], Iterator[BaseModel]]

USES: dict[str, Use] = {
    "nothing": lambda model, cancellation: iter(()),
    "an answer": lambda model, cancellation: model.generate(
        GenerateRequest(model="one", prompt="Onion soup", max_new_tokens=4), cancellation
    ),
    "a forced answer": lambda model, cancellation: model.score(
        ScoreRequest(model="one", prompt="Onion soup", target=" Avoid."), cancellation
    ),
    "a map": lambda model, cancellation: model.salience(
        SalienceRequest(model="one", ids=IDS, targets=[TARGET]), cancellation
    ),
    "integrated gradients": lambda model, cancellation: model.salience(
        SalienceRequest(
            model="one",
            ids=IDS,
            targets=[TARGET],
            methods=["integrated_gradients"],
            integration=Integration(steps=8),
        ),
        cancellation,
    ),
    "leaving out": lambda model, cancellation: model.ablation(
        AblationRequest(method="leave_one_out", **PARTS), cancellation
    ),
    "a test of a map": lambda model, cancellation: model.faithfulness(
        FaithfulnessRequest(scores=[1.0, 2.0, 3.0, 4.0], method="grad_l2", orders=1, jitters=1, **PARTS), cancellation
    ),
}


class Cycle:
    """An object that only the garbage collector frees."""

    def __init__(self) -> None:
        self.itself = self


class Models:
    """Two models of the small preset, which count as idle after a moment."""

    def __init__(self, preset: Path) -> None:
        self.registry = Registry(parse([f"one:{preset}", f"two:{preset}"]), None, lambda _: None, Loading())
        self.manager = ModelManager(self.registry)
        self.scheduler = Scheduler(self.registry)

    async def load(self, name: str) -> LanguageModel:
        if not self.registry.imported:
            await self.registry.start(lambda _: None)
        await self.manager.change(ModelChanging(change=LoadModel(name=name)))
        loading = self.registry.get(name).loading
        assert loading is not None
        await loading
        model = self.registry.get(name).model
        assert model is not None
        return model

    async def unload(self, name: str) -> None:
        await self.manager.change(ModelChanging(change=UnloadModel(name=name)))

    async def use(self, name: str, use: Use) -> None:
        lines = [line async for line in self.scheduler.stream(name, use)]
        assert b'"done"' in lines[-1], lines[-1]

    async def end(self) -> None:
        """End the work in the background."""
        for entry in self.registry.entries.values():
            if entry.compiling is not None:
                entry.compiling.cancel()
            tasks = (entry.preparing, entry.tracing, entry.compiling)
            await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
        await self.registry.run(lambda: None)  # the thread's current work is done

    async def prepared(self, name: str) -> None:
        entry = self.registry.get(name)
        while entry.model is not None and entry.model.has_pending_compiles:
            self.registry.rested(entry)
            assert entry.compiling is not None
            await entry.compiling


@pytest.fixture
def models(
    keras_libraries: None,
    shallow_preset: Path,
    monkeypatch: pytest.MonkeyPatch,
    jp_asyncio_loop: asyncio.AbstractEventLoop,
) -> Iterator[Models]:
    monkeypatch.setattr(registry_module, "_REST_SECONDS", 0.0)
    made = Models(shallow_preset)
    yield made
    jp_asyncio_loop.run_until_complete(made.end())


@pytest.fixture
def uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Idle models compile nothing: these tests are about the process."""
    monkeypatch.setattr(LanguageModel, "has_pending_compiles", False)


def held(model: LanguageModel) -> list[weakref.ref[Any]]:
    """Return references to everything that must disappear: the model, its weights, its caches and compiled functions."""
    maps = model._maps
    gradients = maps.created
    everything: list[Any] = [
        model,
        model.causal_lm,
        *model.causal_lm.weights,
        model.decoder.cached_pass,
        maps,
        maps.scores,
    ]
    if gradients is not None:
        passes = [*gradients._passes.values(), *gradients._prompts._passes.values()]
        everything += [gradients, gradients._model, gradients._forward_cache, *passes]
        everything += [part for each in passes for part in each._compiled_parts._compiled.values()]
    return [weakref.ref(each) for each in everything]


@pytest.mark.parametrize(
    "uses", [list(USES), *(pytest.param([use], marks=pytest.mark.long) for use in USES)], ids=", ".join
)
async def test_nothing_of_an_unloaded_model_is_left(
    models: Models, monkeypatch: pytest.MonkeyPatch, uses: list[str]
) -> None:
    monkeypatch.setattr(registry_module, "_REST_SECONDS", PATIENCE)  # nothing is compiled between them
    refs = held(await models.load("one"))
    for use in uses:
        await models.use("one", USES[use])
    await models.end()  # a thread that compiles would still refer to the model
    await models.unload("one")
    assert not [ref() for ref in refs if ref() is not None]


async def test_nothing_of_what_was_compiled_for_it_is_left_either(models: Models) -> None:
    await models.load("one")
    for use in ("an answer", "a map"):
        await models.use("one", USES[use])
        await models.prepared("one")
    for each in USES.values():
        await models.use("one", each)
    model = models.registry.get("one").model
    assert model is not None
    assert model.gradients._passes
    refs = held(model)
    del model
    await models.end()  # a thread that compiles would still refer to the model
    await models.unload("one")
    assert not [ref() for ref in refs if ref() is not None]


@pytest.mark.usefixtures("uncompiled")
async def test_what_failed_or_was_stopped_leaves_nothing_either(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest stores log records, and those of an error refer to its stack frames.
    monkeypatch.setattr(logging.getLogger("lit_lab.service.scheduler"), "disabled", True)
    refs = held(await models.load("one"))

    def fails(model: LanguageModel, cancellation: Any) -> Iterator[BaseModel]:
        yield from model.generate(GenerateRequest(model="one", prompt="Onion", max_new_tokens=1), cancellation)
        raise ValueError(f"with {len(model.causal_lm.weights)} weights at hand")

    lines = [line async for line in models.scheduler.stream("one", fails)]
    assert b'"error"' in lines[-1]
    stopped = models.scheduler.stream("one", USES["an answer"])
    await anext(stopped)
    await stopped.aclose()
    await models.end()  # a thread that compiles would still refer to the model
    await models.unload("one")

    def is_free() -> bool:
        gc.collect()
        return all(ref() is None for ref in refs)

    await until_async(is_free)  # the thread of what was stopped may be at its last step


def test_garbage_is_collected_though_another_thread_is_at_it() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def halts(phase: str, info: dict[str, int]) -> None:
        if threading.current_thread() is other and phase == "start":
            begun.set()
            go_on.wait(PATIENCE)

    other = threading.Thread(target=gc.collect)
    gc.callbacks.append(halts)
    try:
        other.start()
        assert begun.wait(PATIENCE)
        cycle = Cycle()
        ref = weakref.ref(cycle)
        del cycle
        threading.Timer(0.2, go_on.set).start()
        returning_module._collect()
        assert ref() is None
    finally:
        go_on.set()
        other.join()
        gc.callbacks.remove(halts)


@pytest.mark.usefixtures("uncompiled")
async def test_a_new_process_is_called_for_once_a_model_was_unloaded(models: Models) -> None:
    returning = models.manager.returning
    await models.load("one")
    await models.use("one", USES["nothing"])
    await models.load("two")
    await models.prepared("one")
    assert returning.new_process() is None
    await models.manager.change(ModelChanging(change=LoadModel(name="two", max_length=32)))
    loading = models.registry.get("two").loading
    assert loading is not None
    assert returning.new_process() is None  # model two is loading
    await loading
    await models.unload("one")
    assert returning.new_process() == [
        ModelAsked(name="one", load=False),
        ModelAsked(name="two", max_length=32, load=True),
    ]


@pytest.mark.usefixtures("uncompiled")
async def test_no_process_is_ended_that_does_something(models: Models) -> None:
    returning = models.manager.returning
    await models.load("one")
    await models.load("two")
    await models.unload("one")
    found: list[object] = []

    def computes(model: LanguageModel, cancellation: Any) -> Iterator[BaseModel]:
        found.append(returning.new_process())
        yield from ()

    await models.use("two", computes)
    await models.end()
    assert found == [None]
    assert returning.new_process() is not None


@pytest.mark.usefixtures("uncompiled")
async def test_what_is_left_beside_a_large_model_waits(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    returning = models.manager.returning
    await models.load("one")
    await models.load("two")
    await models.unload("one")
    with monkeypatch.context() as patch:
        patch.setattr(LanguageModel, "is_large", True)
        assert returning.new_process() is None
        await models.unload("two")
        assert returning.new_process() is not None


@pytest.mark.usefixtures("uncompiled")
async def test_the_watcher_is_notified_of_each_change(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returning_module, "LOOK_SECONDS", 0.01)
    reported: asyncio.Queue[list[ModelAsked] | None] = asyncio.Queue()
    is_needed = False
    watching = asyncio.ensure_future(models.manager.returning.watch(reported.put_nowait, lambda: is_needed))
    await models.load("one")
    await models.unload("one")
    assert await reported.get() == [ModelAsked(name="one", load=False), ModelAsked(name="two", load=False)]
    is_needed = True  # LIT was opened
    assert await reported.get() is None
    is_needed = False
    assert await reported.get() is not None
    watching.cancel()
    assert reported.empty()
