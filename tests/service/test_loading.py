"""Loading reports its progress in bytes and tensors, and can be stopped between two of them."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf_files import FAMILIES, fields_of, values_of, write
from hugging_face import MODELS, tensors
from hugging_face import write as write_folder
from reference_gradients import numbers

from lit_lab.protocol import ModelReading
from lit_lab.service import keras_preset, presets
from lit_lab.service.cancellation import Cancelled
from lit_lab.service.registry import Registry, parse
from lit_lab.service.weights.reading import Reading, figures


class Noted(Reading):
    """Records the progress of loading, and stops it after a number of tensors."""

    def __init__(self, most: int = 2**30) -> None:
        super().__init__()
        self.states: list[ModelReading] = []
        self._most = most

    def took(self, size: int, tensors: int = 0) -> None:
        """Record the progress, and stop after enough tensors."""
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
    """Write a GGUF file of several parts, with quantized tensors and others."""
    kind, _ = FAMILIES["Gemma 2"]
    return write(folder / "tiny.gguf", kind, fields_of("Gemma 2", proto, []), values_of("Gemma 2"), "F16", 9)


def hugging_face(folder: Path, proto: bytes) -> Path:
    """Write a folder with weights in several files, one of which a text model doesn't use."""
    values = tensors("Gemma 2") | {"vision_tower.patch.weight": np.zeros((4, 4), np.float32)}
    place = write_folder(folder / "tiny", MODELS["Gemma 2"]["config"], values, shards=3)
    (place / "tokenizer.model").write_bytes(proto)
    return place


@pytest.fixture(params=["gguf", "hugging_face", "keras", "keras, several files"])
def place(request: pytest.FixtureRequest, preset: Path, sentencepiece_proto: bytes, tmp_path: Path) -> Path:
    """A small model in each form that can be loaded."""
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
    """Each converter differs: Phi-3 reads three weights from one, tied embeddings are read twice, and a head may be missing."""
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
    # The embeddings: 400 rows of 16 numbers of two bytes.
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
    """Weak references to the Keras models that are created during the test."""
    import keras

    result: list[Any] = []
    build = keras.Model.__init__

    def noted(self: Any, *args: Any, **how: Any) -> None:
        build(self, *args, **how)
        result.append(weakref.ref(self))

    monkeypatch.setattr(keras.Model, "__init__", noted)
    return result


def there(made: list[Any]) -> list[Any]:
    """Return the models that still exist."""
    for _ in range(3):
        gc.collect()
    return [model() for model in made if model() is not None]


async def test_what_fails_lets_go_of_all_that_was_loaded(
    keras_libraries: None, sentencepiece_proto: bytes, tmp_path: Path, made: list[Any]
) -> None:
    # The check for weights without a place comes after all weights are read.
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
