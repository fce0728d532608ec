"""Loading tells how far it is, in bytes and tensors, and can be stopped between two of them."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf_files import FAMILIES, fields_of, values_of, write
from hugging_face import MODELS, tensors
from hugging_face import write as write_folder
from pydantic import BaseModel
from reference_gradients import numbers
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
from lit_lab.service import keras_preset, presets
from lit_lab.service import registry as registry_module
from lit_lab.service.cancellation import Cancelled
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler
from lit_lab.service.weights.reading import Reading, figures


class Noted(Reading):
    """Records the progress of loading, and stops it after a number of tensors."""

    def __init__(self, most: int = 2**30) -> None:
        super().__init__()
        self.states: list[ModelReading] = []
        self._most = most

    def took(self, size: int, tensors: int = 0) -> None:
        """Note it."""
        before = self.progress
        assert before is not None
        if before.tensors + tensors >= self._most:
            self.stopped.set()
        try:
            super().took(size, tensors)
        finally:
            after = self.progress
            assert after is not None
            self.states.append(after)


def gguf(folder: Path, proto: bytes) -> Path:
    """Write a GGUF file of several parts, with tensors that are stored in less and others that aren't."""
    kind, _ = FAMILIES["Gemma 2"]
    return write(folder / "tiny.gguf", kind, fields_of("Gemma 2", proto, []), values_of("Gemma 2"), "F16", 9)


def hugging_face(folder: Path, proto: bytes) -> Path:
    """Write a folder with weights in several files, and one that a text model has no use for."""
    values = tensors("Gemma 2") | {"vision_tower.patch.weight": np.zeros((4, 4), np.float32)}
    place = write_folder(folder / "tiny", MODELS["Gemma 2"]["config"], values, shards=3)
    (place / "tokenizer.model").write_bytes(proto)
    return place


@pytest.fixture(params=["gguf", "hugging_face", "keras", "keras, several files"])
def place(request: pytest.FixtureRequest, preset: Path, sentencepiece_proto: bytes, tmp_path: Path) -> Path:
    """A small model in each of the forms that are loaded."""
    if request.param == "gguf":
        return gguf(tmp_path, sentencepiece_proto)
    if request.param == "hugging_face":
        return hugging_face(tmp_path, sentencepiece_proto)
    if request.param == "keras":
        return preset
    presets.load(str(preset)).save_to_preset(str(tmp_path / "tiny"), max_shard_size=6e-5)
    assert len(list(tmp_path.glob("tiny/*.weights.h5"))) > 1
    return tmp_path / "tiny"


# --- Progress ---


def test_bytes_and_tensors_are_reported_to_the_last(keras_libraries: None, place: Path) -> None:
    reading = Noted()
    assert presets.make(place, "tiny", "float32", reading).count_params() > 0
    last = reading.states[-1]
    assert last.tensors == last.tensors_total == len({each.tensors for each in reading.states} - {0})
    assert [each.done for each in reading.states] == sorted(each.done for each in reading.states)
    assert last.done == last.total
    reading.end()
    assert reading.progress is None


def test_bytes_are_those_that_are_stored(keras_libraries: None, sentencepiece_proto: bytes, tmp_path: Path) -> None:
    values = values_of("Gemma 2")
    reading = Noted()
    presets.make(gguf(tmp_path, sentencepiece_proto), "tiny", "bfloat16", reading)
    stored = sum(value.size * (4 if value.ndim == 1 else 2) for value in values.values())
    assert (reading.states[-1].total, reading.states[-1].tensors_total) == (stored, len(values))
    reading = Noted()
    presets.make(hugging_face(tmp_path, sentencepiece_proto), "tiny", "bfloat16", reading)
    stored = sum(value.nbytes for value in tensors("Gemma 2").values())
    assert (reading.states[-1].total, reading.states[-1].tensors_total) == (stored, len(tensors("Gemma 2")))


@pytest.mark.parametrize("family", FAMILIES)
def test_each_familys_tensors_count_once(
    keras_libraries: None, family: str, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    """Phi-3's three in one, tied embeddings that are read twice, a head that is looked for: each converter differs."""
    from gguf_models import file_of

    reading = Noted()
    presets.make(file_of(family, tmp_path, sentencepiece_proto), "tiny", "float32", reading)
    last = reading.states[-1]
    assert (last.done, last.tensors) == (last.total, last.tensors_total)


@pytest.mark.parametrize("family", MODELS)
def test_each_familys_tensors_count_once_in_hugging_faces_form(
    keras_libraries: None, family: str, tmp_path: Path
) -> None:
    from lit_lab.service import hugging_face

    reading = Noted()
    place = write_folder(tmp_path, MODELS[family]["config"], tensors(family))
    hugging_face.backbone(place, "tiny", "float32", reading)
    last = reading.states[-1]
    assert (last.done, last.tensors) == (last.total, last.tensors_total)


def test_a_keras_preset_is_what_from_preset_makes_of_it(keras_libraries: None, preset: Path) -> None:
    from keras_nlp import models

    ours = keras_preset.causal_lm(preset, "float32", Reading())
    theirs = models.CausalLM.from_preset(str(preset), dtype="float32")
    assert type(ours) is type(theirs)
    assert ours.preprocessor.sequence_length == theirs.preprocessor.sequence_length
    for one, other in zip(ours.weights, theirs.weights, strict=True):
        np.testing.assert_array_equal(numbers(one), numbers(other))
    assert not any("assign" in vars(weight) for weight in ours.weights)


def test_a_large_tensor_is_reported_in_slices(
    keras_libraries: None, sentencepiece_proto: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lit_lab.service.gguf import weights

    monkeypatch.setattr(weights, "MIN_LATE_NUMBERS", 1)
    monkeypatch.setattr(weights, "AT_ONCE", 1024)
    reading = Noted()
    presets.make(gguf(tmp_path, sentencepiece_proto), "tiny", "float32", reading)
    # The vocabulary's, of 400 rows of 16 numbers in two bytes.
    slices = [each.done for each in reading.states if each.tensors == reading.states[0].tensors]
    assert slices[:3] == [2048, 4096, 6144]
    assert (reading.states[-1].done, reading.states[-1].tensors) == (
        reading.states[-1].total,
        reading.states[-1].tensors_total,
    )


def test_figures_are_words() -> None:
    state = ModelReading(done=1_234_000_000, total=2_614_000_000, tensors=140, tensors_total=1290)
    assert figures(state) == "1.2 GB of 2.6 GB, 140 of 1,290 tensors"
    small = ModelReading(done=4_456_040, total=246_587_904, tensors=0, tensors_total=236)
    assert figures(small) == "4 MB of 247 MB, 0 of 236 tensors"


# --- Stopping ---


def test_it_ends_between_two_tensors_and_lets_go_of_all(keras_libraries: None, place: Path, made: list[Any]) -> None:
    reading = Noted(most=3)
    with pytest.raises(Cancelled):
        presets.make(place, "tiny", "float32", reading)
    assert [each.tensors for each in reading.states][-1] == 3
    assert made
    assert there(made) == []


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Weak references to Keras's models that are made from now on."""
    import keras

    result: list[Any] = []
    build = keras.Model.__init__

    def noted(self: Any, *args: Any, **how: Any) -> None:
        build(self, *args, **how)
        result.append(weakref.ref(self))

    monkeypatch.setattr(keras.Model, "__init__", noted)
    return result


def there(made: list[Any]) -> list[Any]:
    """Return those that are still there."""
    for _ in range(3):
        gc.collect()
    return [model() for model in made if model() is not None]


async def test_what_fails_lets_go_of_all_that_was_loaded(
    keras_libraries: None, sentencepiece_proto: bytes, tmp_path: Path, made: list[Any]
) -> None:
    # All weights are read before it is known that one has no place.
    values = tensors("Gemma 2") | {"model.layers.0.odd.weight": np.zeros((4, 4), np.float32)}
    folder = write_folder(tmp_path / "tiny", MODELS["Gemma 2"]["config"], values)
    (folder / "tokenizer.model").write_bytes(sentencepiece_proto)
    registry = Registry(parse([f"one:{folder}"]), None, lambda _: None)
    await registry.load("one")
    error = registry.get("one").error
    assert error is not None
    assert "odd.weight" in error.message
    await registry.run(lambda: None)
    assert made
    assert there(made) == []


class Held:
    """Two models over a small preset; each waits among its weights until it is let go on."""

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
        """Wait until the thread has let go of what it was at."""
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
    # While its thread can't look: as when it waits for a compiler, or a slow disk.
    stopped = await asyncio.wait_for(held.change(StopModel(name="one")), SOON)
    assert (stopped.state, stopped.error, stopped.reading) == ("unloaded", "loading_stopped", None)
    assert "was stopped" in stopped.detail
    assert "loaded again" in stopped.hint
    # Requests that wait for it get the same message.
    last = (await asyncio.wait_for(running, SOON))[-1]
    assert (last["event"], last["error"], last["message"]) == ("error", "loading_stopped", stopped.detail)
    assert not held.registry.get("one").turn.locked()
    # Another load waits until the thread has let go of the first, and is another one.
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
    assert held.made == []  # it ended among the weights
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
