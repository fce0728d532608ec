"""What an unloaded model took is given back: its weights, what was compiled for it, and what others would hold on to."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from lit_lab.protocol import (
    AblationRequest,
    GenerateRequest,
    Integration,
    LoadModel,
    ModelChanging,
    SalienceRequest,
    ScoreRequest,
    Span,
    TrustRequest,
    UnloadModel,
)
from lit_lab.service import registry as registry_module
from lit_lab.service.language_model import LanguageModel
from lit_lab.service.managing import Manager
from lit_lab.service.registry import Loading, Registry, parse
from lit_lab.service.work import Work

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
    "a given text": lambda model, cancellation: model.score(
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
    "a test of a map": lambda model, cancellation: model.trust(
        TrustRequest(scores=[1.0, 2.0, 3.0, 4.0], method="grad_l2", orders=1, jitters=1, **PARTS), cancellation
    ),
}


class Models:
    """Two of the small preset, which rest for a moment only."""

    def __init__(self, preset: Path) -> None:
        self.registry = Registry(parse([f"one:{preset}", f"two:{preset}"]), None, lambda _: None, Loading())
        self.manager = Manager(self.registry)
        self.work = Work(self.registry)

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
        lines = [line async for line in self.work.stream(name, use)]
        assert b'"done"' in lines[-1], lines[-1]

    async def end(self) -> None:
        """End what is done in the background."""
        tasks = [self.manager._returning._waiting, *(entry.preparing for entry in self.registry.entries.values())]
        under_way = [task for task in tasks if task is not None]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self.registry.run(lambda: None)  # what the thread is at is done

    async def prepared(self, name: str) -> None:
        entry = self.registry.get(name)
        while entry.model is not None and entry.model.wants_preparing:
            self.registry.rested(entry)
            assert entry.preparing is not None
            await entry.preparing


@pytest.fixture
def models(
    keras_libraries: None, preset: Path, monkeypatch: pytest.MonkeyPatch, jp_asyncio_loop: asyncio.AbstractEventLoop
) -> Iterator[Models]:
    monkeypatch.setattr(registry_module, "_REST_SECONDS", 0.0)
    made = Models(preset)
    yield made
    jp_asyncio_loop.run_until_complete(made.end())


def held(model: LanguageModel) -> list[weakref.ref[Any]]:
    """Return what is to be gone: the model, its weights, its caches, and what was compiled."""
    gradients = model._gradients
    everything: list[Any] = [model, model.causal_lm, *model.causal_lm.weights, model.decoder.cached_pass, model._known]
    if gradients is not None:
        passes = [*gradients._passes.values(), *gradients._prompts._passes.values()]
        everything += [gradients, gradients._cut, gradients._kept, *passes]
        everything += [piece for each in passes for piece in each._pieces._made.values()]
    return [weakref.ref(each) for each in everything]


@pytest.mark.parametrize("use", USES)
async def test_nothing_of_an_unloaded_model_is_left(models: Models, use: str) -> None:
    refs = held(await models.load("one"))
    await models.use("one", USES[use])
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
    await models.unload("one")
    assert not [ref() for ref in refs if ref() is not None]


async def test_what_failed_or_was_stopped_leaves_nothing_either(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    # pytest keeps what is logged, and with an error the frames that it went through.
    monkeypatch.setattr(logging.getLogger("lit_lab.service.work"), "disabled", True)
    refs = held(await models.load("one"))

    def fails(model: LanguageModel, cancellation: Any) -> Iterator[BaseModel]:
        yield from model.generate(GenerateRequest(model="one", prompt="Onion", max_new_tokens=1), cancellation)
        raise ValueError(f"with {len(model.causal_lm.weights)} weights at hand")

    lines = [line async for line in models.work.stream("one", fails)]
    assert b'"error"' in lines[-1]
    stopped = models.work.stream("one", USES["an answer"])
    await anext(stopped)
    await stopped.aclose()
    await models.unload("one")
    assert not [ref() for ref in refs if ref() is not None]


async def test_what_was_compiled_is_given_back(models: Models, pytestconfig: pytest.Config) -> None:
    from lit_lab.service.engine.backends import backend

    await models.load("one")
    await models.use("one", USES["a map"])
    await models.prepared("one")
    await models.unload("one")
    assert models.manager._returning._waiting is not None
    await models.manager._returning._waiting
    if pytestconfig.getoption("--backend") == "tensorflow":
        # There is nothing left to let go of; and what is compiled anew is found.
        assert backend().forget_compiled() is False
        await models.load("one")
        await models.use("one", USES["a map"])
        await models.prepared("one")
        assert backend().forget_compiled() is True


def test_what_runs_is_never_taken_away(keras_libraries: None, pytestconfig: pytest.Config) -> None:
    if pytestconfig.getoption("--backend") != "tensorflow":
        return
    import numpy as np

    from lit_lab.service.engine.backends import backend, tensorflow_cache

    doubled = backend().compiled(lambda x: x + x)
    doubled(np.ones(3, np.float32))
    with tensorflow_cache.launching():
        assert backend().forget_compiled() is False
    assert backend().forget_compiled() is True
    assert backend().array(doubled(np.ones(3, np.float32))).tolist() == [2.0, 2.0, 2.0]


async def test_a_model_that_stays_goes_on_and_is_compiled_again(models: Models) -> None:
    stays = await models.load("two")
    await models.load("one")
    for name in ("one", "two"):
        await models.use(name, USES["an answer"])
        await models.use(name, USES["a map"])
        await models.prepared(name)
    scores = [event async for event in models.work.stream("two", USES["a map"])]
    lengths = set(stays.gradients._passes)
    assert lengths
    assert stays.decoder.cached_pass.compiled_steps
    used = models.registry.get("two").used
    await models.unload("one")
    returning = models.manager._returning._waiting
    assert returning is not None
    await returning
    assert models.registry.get("two").used == used
    await models.prepared("two")
    assert set(stays.gradients._passes) == lengths
    assert not stays.wants_preparing
    assert [event async for event in models.work.stream("two", USES["a map"])][:-1] == scores[:-1]


async def test_what_was_compiled_for_a_large_model_stays_with_it(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    stays = await models.load("two")
    await models.load("one")
    await models.use("two", USES["a map"])
    await models.prepared("two")
    lengths = set(stays.gradients._passes)
    monkeypatch.setattr(LanguageModel, "waits_for_compiler", True)
    await models.unload("one")
    returning = models.manager._returning._waiting
    assert returning is not None
    await returning
    assert set(stays.gradients._passes) == lengths
    await models.unload("two")
    del stays
    gc.collect()


async def test_a_model_that_computes_is_waited_for(models: Models) -> None:
    await models.load("two")
    await models.load("one")
    begun, release = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def computes(model: LanguageModel, cancellation: Any) -> Iterator[BaseModel]:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(release.wait(), loop).result()
        yield from ()

    running = asyncio.ensure_future(models.use("two", computes))
    await begun.wait()
    await models.unload("one")  # this isn't held up by it
    returning = models.manager._returning._waiting
    assert returning is not None
    assert not returning.done()
    release.set()
    await running
    await returning
