"""Adding, removing, reloading and unloading models, by the user or because they are idle."""

from __future__ import annotations

import asyncio
import gc
import shutil
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from waiting import PATIENCE, until_async

from lit_lab.problem import Problem
from lit_lab.protocol import (
    AddModel,
    LoadModel,
    ModelChanging,
    ModelInfo,
    ModelsResponse,
    RemoveModel,
    StopModel,
    UnloadModel,
)
from lit_lab.service import registry as registry_module
from lit_lab.service.loading import Loading
from lit_lab.service.model_entry import ModelEntry
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scanning import scanner
from lit_lab.service.scanning.installed_models import InstalledModel
from lit_lab.service.scheduler import Scheduler
from lit_lab.service.weights import device_memory
from lit_lab.service.weights.paths import Source

pytestmark = pytest.mark.usefixtures("without_warm_up")

Change = AddModel | RemoveModel | LoadModel | UnloadModel | StopModel


class Models:
    """A service's models, all of the small preset."""

    def __init__(self, preset: Path, **settings: Any) -> None:
        self.registry = Registry(parse([f"one:{preset}", f"two:{preset}"]), None, lambda _: None, Loading(**settings))
        self.manager = ModelManager(self.registry)
        self.scheduler = Scheduler(self.registry)

    async def change(self, change: Change) -> ModelsResponse:
        if not self.registry.imported:
            await self.registry.start(lambda _: None)
        return await self.manager.change(ModelChanging(change=change))

    async def refusal(self, change: Change) -> Problem:
        with pytest.raises(Problem) as failure:
            await self.change(change)
        assert failure.value.hint or failure.value.code == "unknown_model"
        return failure.value

    async def loaded(self, name: str, **how: Any) -> ModelInfo:
        await self.change(LoadModel(name=name, **how))
        loading = self.registry.get(name).loading
        assert loading is not None
        await loading
        return self.registry.get(name).info()

    async def run(self, name: str, compute: Any = lambda *_: iter([])) -> list[bytes]:
        return [line async for line in self.scheduler.stream(name, compute)]


@pytest.fixture(scope="session")
def preset(shallow_preset: Path) -> Path:
    """A preset of one layer: no result here depends on what a model computes."""
    return shallow_preset


@pytest.fixture
def models(keras_libraries: None, preset: Path) -> Models:
    return Models(preset)


async def test_a_model_is_added_used_and_removed(models: Models, preset: Path) -> None:
    response = await models.change(AddModel(name="mine", path=str(preset)))
    assert [(model.name, model.state, model.added) for model in response.models] == [
        ("one", "unloaded", False),
        ("two", "unloaded", False),
        ("mine", "unloaded", True),
    ]
    assert b'"done"' in (await models.run("mine"))[-1]
    response = await models.change(RemoveModel(name="mine"))
    assert [model.name for model in response.models] == ["one", "two"]
    assert preset.is_dir()


async def test_a_model_that_is_removed_is_found_though_the_disk_was_looked_through_meanwhile(
    models: Models, preset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, removed = threading.Event(), threading.Event()
    address = "kaggle://lab/x/keras/x"
    place = Path(shutil.copytree(preset, tmp_path / "copy"))

    def installed_models(*_: Any) -> Iterator[InstalledModel]:
        looking.set()
        assert removed.wait(PATIENCE)
        yield InstalledModel("kaggle", "x", address, place, Source("kaggle", "lab/x/keras/x"))

    models.registry.entries["mine"] = ModelEntry("mine", address, added=True)
    await models.registry.start(lambda _: None)
    models.manager._scanner = scanner.Scanner(["kaggle"])
    monkeypatch.setattr(scanner, "installed_models", installed_models)
    monkeypatch.setattr(scanner, "PATIENCE", PATIENCE)
    earlier = asyncio.ensure_future(models.manager.models())
    assert await asyncio.to_thread(looking.wait, PATIENCE)
    models.registry.entries.pop("mine")
    removed.set()
    await earlier
    assert [each.name for each in (await models.manager.models()).found] == ["x"]


async def test_what_cannot_be_added_or_removed(models: Models, preset: Path) -> None:
    assert (await models.refusal(AddModel(name="one", path="elsewhere/x"))).code == "bad_model"
    assert (await models.refusal(AddModel(name="a:b", path=str(preset)))).code == "bad_model"
    assert (await models.refusal(AddModel(name="mine", path="gemma9"))).code == "preset_not_found"
    assert (await models.refusal(AddModel(name="mine", path="gs://x/y"))).code == "bad_path"
    assert (await models.refusal(RemoveModel(name="one"))).code == "model_configured"
    assert (await models.refusal(UnloadModel(name="none"))).code == "unknown_model"
    assert list(models.registry.entries) == ["one", "two"]
    # Adding a model that is already there succeeds.
    await models.change(AddModel(name="one", path=str(preset)))


async def test_several_are_loaded_and_tell_their_memory(models: Models) -> None:
    one, two = await models.loaded("one"), await models.loaded("two")
    for info in (one, two):
        assert (info.state, info.precision, info.device) == ("ready", "float32", "CPU")
        assert info.memory == 4 * (info.parameters or 0)
        assert info.peak is not None
        assert info.peak > info.memory
    memory = (await models.manager.models()).memory
    assert memory is not None
    assert memory.device == "CPU"
    assert memory.used > 0


async def test_a_model_is_loaded_otherwise(models: Models) -> None:
    first = await models.loaded("one")
    half = await models.loaded("one", precision="bfloat16", max_length=48)
    assert (half.precision, half.window) == ("bfloat16", 48)
    assert half.memory == (first.memory or 0) // 2
    model = models.registry.get("one").model
    assert model is not None
    assert {variable.dtype for variable in model.causal_lm.backbone.variables} == {"bfloat16"}
    # Chosen settings stay when the model is unloaded and needed again.
    await models.change(UnloadModel(name="one"))
    await models.run("one")
    assert models.registry.get("one").info().precision == "bfloat16"


async def test_an_unloaded_model_gives_its_memory_back_and_comes_again(models: Models) -> None:
    await models.loaded("one")
    forgotten: list[None] = []
    models.registry.gone.append(lambda: forgotten.append(None))
    entry = models.registry.get("one")
    assert entry.model is not None
    there = weakref.ref(entry.model)
    response = await models.change(UnloadModel(name="one"))
    assert response.models[0].state == "unloaded"
    assert response.models[0].memory is None
    gc.collect()
    assert there() is None
    assert forgotten == [None]
    assert b'"done"' in (await models.run("one"))[-1]


async def test_unloading_waits_for_what_is_computed(models: Models) -> None:
    await models.loaded("one")
    release, begun = threading.Event(), threading.Event()

    def compute(model: Any, _: Any) -> Iterator[BaseModel]:
        begun.set()
        release.wait(PATIENCE)
        assert model.causal_lm is not None
        yield from ()

    running = asyncio.ensure_future(models.run("one", compute))
    await asyncio.to_thread(begun.wait, PATIENCE)
    unloading = asyncio.ensure_future(models.change(UnloadModel(name="one")))
    behind = asyncio.ensure_future(models.run("one"))
    await asyncio.sleep(0.1)
    assert not unloading.done()
    release.set()
    assert b'"done"' in (await running)[-1]
    await unloading
    # The request that waited after it loads the model again.
    assert b'"done"' in (await behind)[-1]
    assert models.registry.get("one").state == "ready"


async def test_a_model_that_nobody_uses_is_unloaded(
    keras_libraries: None, preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = Models(preset, idle_timeout=0.4)
    await models.loaded("one")
    await models.loaded("two")
    tidying = asyncio.ensure_future(models.manager.tidy())
    used = models.registry.get("two")
    used.used = float("inf")  # as if it were always in use, however slow the machine
    await until_async(lambda: models.registry.get("one").state != "ready")
    tidying.cancel()
    one, two = models.registry.get("one").info(), used.info()
    assert (one.state, two.state) == ("unloaded", "ready")
    assert "it was idle" in one.detail


async def test_what_does_not_fit_is_refused_with_a_hint_at_what_would(
    models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = (await models.loaded("one")).peak
    assert whole is not None
    memory = device_memory.memory("CPU", None)
    monkeypatch.setattr(device_memory, "memory", lambda *_: memory.model_copy(update={"free": whole - 100}))
    made: list[Any] = []
    from lit_lab.service import presets

    monkeypatch.setattr(presets, "make", lambda *_: made.append(None))
    refused = await models.loaded("two")
    assert (refused.state, refused.error) == ("failed", "no_room")
    assert "are free" in refused.detail
    assert made == []
    assert [fit.precision for fit in refused.fits] == ["bfloat16"]
    monkeypatch.undo()
    fit = refused.fits[0]
    assert (await models.loaded("two", precision=fit.precision, max_length=fit.max_length)).state == "ready"


async def test_an_archive_is_loaded(models: Models, preset: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(tmp_path / "tiny.tar.gz", "w:gz") as tar:
        tar.add(preset, arcname="tiny")
    await models.change(AddModel(name="packed", path=str(tmp_path / "tiny.tar.gz")))
    assert (await models.loaded("packed")).state == "ready"


async def test_what_is_loading_is_not_unloaded(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    make = registry_module.Registry._make

    def slowly(self: Registry, entry: registry_module.ModelEntry, attempt: Any) -> Any:
        release.wait(PATIENCE)
        return make(self, entry, attempt)

    monkeypatch.setattr(Registry, "_make", slowly)
    await models.change(LoadModel(name="one"))
    assert (await models.refusal(UnloadModel(name="one"))).code == "model_busy"
    release.set()
    loading = models.registry.get("one").loading
    assert loading is not None
    await loading
    assert models.registry.get("one").state == "ready"
