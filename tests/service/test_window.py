"""The window of a model: from the user, else from the administrator, else from the available memory."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from gguf_models import file_of
from hypothesis import given
from hypothesis import strategies as st

from lit_lab.protocol import LoadModel, ModelChanging, ModelInfo, UnloadModel
from lit_lab.protocol.base import MAX_TOKENS
from lit_lab.service import presets
from lit_lab.service.loading import Loading
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.weights import device_memory, memory_estimate, window

SMOL = memory_estimate.Shape(134_515_008, 30, 576, 1536, 9, 3, 64, 49_152)
TINY = memory_estimate.Shape(1_000_000, 4, 64, 128, 4, 2, 16, 2_000)


@pytest.fixture(autouse=True)
def _libraries(keras_libraries: None, without_warm_up: None) -> None:
    """The libraries: a map's memory is estimated from what the engine says that it stores."""


# --- The window that memory allows ---


def test_with_enough_memory_it_is_what_the_model_was_trained_for() -> None:
    assert window.chosen(SMOL, "float32", 8192, 10**12) == window.Window(8192, 8192, "model")
    assert window.chosen(SMOL, "float32", 700, 10**12) == window.Window(700, 700, "model")


@given(free=st.integers(0, 60 * 10**9), shape=st.sampled_from([SMOL, TINY]), trained=st.integers(2, 40_000))
def test_it_is_the_largest_that_fits(free: int, shape: memory_estimate.Shape, trained: int) -> None:
    found = window.chosen(shape, "float32", trained, free)
    least = min(trained, window.MIN_WINDOW)
    assert least <= found.tokens <= trained
    assert found.tokens == trained or found.tokens % window.STEP == 0
    assert found.reason == ("model" if shape.total("float32", trained) <= free else "memory")
    if found.tokens > least:
        assert shape.total("float32", found.tokens) <= free
    if found.tokens < trained:
        assert shape.total("float32", min(trained, found.tokens + window.STEP)) > free


def test_it_leaves_room_for_a_copy_only_while_it_stays_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    from lit_lab.service import half_copy, loading
    from lit_lab.service.model_entry import ModelEntry

    shape = SMOL
    copy = 100 * 2**20
    monkeypatch.setattr(half_copy, "bytes_for", lambda *_: copy)
    entry = ModelEntry("m", "embedded")

    def tokens(free: int) -> int:
        return loading._window(entry, None, 8192, shape, "float32", free).tokens

    for wanted in (1024, 2048):
        assert tokens(shape.total("float32", wanted) + copy) == wanted
    few = shape.total("float32", 1024)
    assert tokens(few) == 1024
    assert tokens(shape.total("float32", 768)) == 768


def test_half_the_precision_leaves_room_for_more() -> None:
    free = SMOL.total("float32", 2048)
    assert window.chosen(SMOL, "float32", 8192, free).tokens == 2048
    assert window.chosen(SMOL, "bfloat16", 8192, free).tokens > 2048


def test_where_memory_is_not_known_it_is_what_is_usual() -> None:
    assert window.chosen(SMOL, "float32", 8192, None) == window.Window(1024, 8192, "unknown")
    assert window.chosen(None, "float32", 8192, 10**12) == window.Window(1024, 8192, "unknown")
    assert window.chosen(None, "float32", 256, None) == window.Window(256, 256, "model")


def test_no_request_could_name_more() -> None:
    assert window.chosen(TINY, "float32", 10**7, 10**18) == window.Window(MAX_TOKENS, 10**7, "limit")


@given(shape=st.sampled_from([SMOL, TINY]), tokens=st.integers(2, 60_000), more=st.integers(1, 5_000))
def test_a_longer_prompt_never_needs_less(shape: memory_estimate.Shape, tokens: int, more: int) -> None:
    assert shape.total("float32", tokens) <= shape.total("float32", tokens + more)


def test_long_prompts_need_less_than_if_all_of_them_were_kept() -> None:
    per_block = 4096 * (9 * 64 + 2 * 3 * 64 + 2 * 576 + 3 * 1536 + 2 * 9 * 4096) * memory_estimate.BYTES_PER_NUMBER
    assert SMOL.activations(4096) < SMOL.layers * per_block / 2
    # Gemma 4's blocks don't run one by one, so a pass takes all of its memory at once.
    config: dict[str, Any] = {
        "model_type": "gemma4",
        "text_config": {"num_hidden_layers": 30, "hidden_size": 576, "vocab_size": 49_152},
    }
    config["text_config"] |= {"num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": 1536}
    for whole in (config, keras("Gemma4", **config["text_config"])):
        shape = memory_estimate.shape_of(whole, SMOL.parameters)
        assert shape is not None
        assert shape.activations(4096) > SMOL.layers * per_block
    assert memory_estimate.shape_of(config | {"model_type": "llama"}, SMOL.parameters) == SMOL
    # A model too small to compile before its first map doesn't recompute its blocks.
    assert TINY.activations(4096) > TINY.layers * 2 * TINY.heads * 4096**2 * memory_estimate.BYTES_PER_NUMBER


# --- The length that a model was trained for ---


def saved(folder: Path, length: Any) -> Path:
    """Write the parts of a Keras preset that state its length."""
    (folder / "preprocessor.json").write_text(json.dumps({"config": {"sequence_length": length}}))
    return folder


def keras(name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": f"{name}Backbone", "registered_name": f"keras_hub>{name}Backbone", "config": config}


@pytest.mark.parametrize(
    ("length", "config", "parameters", "expected"),
    [
        (96, keras("Gemma"), 10**5, 96),
        (4096, keras("Gemma3"), 10**9, 4096),  # somebody chose this length
        (1024, keras("Gemma"), 10**9, 8192),
        (512, keras("Gemma3"), 10**9, 32768),
        (1024, keras("Gemma"), 10**6, 1024),  # a user's own model, about which nothing is known
        (1024, keras("Llama3"), 10**9, 8192),
        (1024, keras("Llama3", rope_frequency_adjustment_factor=8.0), 10**9, 131072),
        (1024, keras("Unheard"), 10**9, 1024),
        (None, keras("Unheard"), 10**9, 1024),
        (True, keras("Unheard"), 10**9, 1024),
        (1024, keras("GPT2", max_sequence_length=64), 10**9, 64),
        (2048, keras("GPT2", max_sequence_length=1024), 10**9, 1024),
        (
            1024,
            keras("Phi3", max_sequence_length=131072, pretraining_sequence_length=4096, rope_scaling_type="su"),
            10**9,
            4096,
        ),
        (1024, {"registered_name": "x", "config": None}, 10**9, 1024),
    ],
)
def test_a_keras_preset(tmp_path: Path, length: Any, config: dict[str, Any], parameters: int, expected: int) -> None:
    assert window.trained(saved(tmp_path, length), config, parameters) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"model_type": "llama", "max_position_embeddings": 8192}, 8192),
        ({"model_type": "gpt2", "n_positions": 1024}, 1024),
        ({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}}, 32768),
        ({"model_type": "gemma3", "text_config": {"max_position_embeddings": 131072}}, 131072),
        ({"model_type": "qwen3_moe"}, 32768),
        ({"model_type": "unheard"}, 1024),
        ({"model_type": "llama", "max_position_embeddings": "8192"}, 4096),
        ({"model_type": "llama", "max_position_embeddings": 0}, 4096),
        ({"model_type": "phi3", "max_position_embeddings": 131072, "original_max_position_embeddings": 4096}, 4096),
        (
            {
                "model_type": "phi3",
                "max_position_embeddings": 131072,
                "rope_scaling": {"original_max_position_embeddings": 4096},
            },
            4096,
        ),
    ],
)
def test_a_model_in_hugging_faces_form(tmp_path: Path, config: dict[str, Any], expected: int) -> None:
    assert window.trained(tmp_path, config, 10**9) == expected


def test_a_gguf_file(tmp_path: Path, sentencepiece_proto: bytes) -> None:
    file = file_of("Gemma 2", tmp_path, sentencepiece_proto, **{"gemma2.context_length": 8192})
    assert window.trained(file, presets.check(file, "x"), 10**5) == 8192


def test_the_embedded_models_is_its_own() -> None:
    place = presets.folder("embedded")
    assert window.trained(place, presets.check(place, "embedded"), memory_estimate.numbers(place)) == 512


# --- The resulting window ---


@pytest.fixture
def long(shallow_preset: Path, tmp_path: Path, without_warm_up: None) -> Path:
    """The small preset, saved for longer prompts."""
    folder = Path(shutil.copytree(shallow_preset, tmp_path / "long"))
    for file in ("preprocessor.json", "task.json"):
        text = (folder / file).read_text()
        assert '"sequence_length": 96' in text
        (folder / file).write_text(text.replace('"sequence_length": 96', '"sequence_length": 4096'))
    return folder


async def loaded(registry: Registry, **how: Any) -> ModelInfo:
    if not registry.imported:
        await registry.start(lambda _: None)
    await ModelManager(registry).change(ModelChanging(change=LoadModel(name="long", **how)))
    loading = registry.get("long").loading
    assert loading is not None
    await loading
    return registry.get("long").info()


def window_of(info: ModelInfo) -> tuple[Any, ...]:
    return info.state, info.window, info.trained, info.window_reason


async def test_a_model_takes_what_it_was_trained_for_unless_somebody_says_otherwise(long: Path) -> None:
    registry = Registry(parse([f"long:{long}"]), None, lambda _: None, Loading())
    assert window_of(registry.get("long").info()) == ("unloaded", None, None, None)
    assert window_of(await loaded(registry)) == ("ready", 4096, 4096, "model")
    assert window_of(await loaded(registry, max_length=48)) == ("ready", 48, 4096, "user")
    assert window_of(await loaded(registry, max_length=5000)) == ("ready", 5000, 4096, "user")
    assert window_of(await loaded(registry, max_length=0)) == ("ready", 4096, 4096, "model")
    await ModelManager(registry).change(ModelChanging(change=UnloadModel(name="long")))
    assert window_of(registry.get("long").info()) == ("unloaded", None, None, None)


async def test_the_administrators_goes_before_the_models_and_the_users_before_that(long: Path) -> None:
    registry = Registry(parse([f"long:{long}"]), 64, lambda _: None, Loading())
    assert window_of(await loaded(registry)) == ("ready", 64, 4096, "administrator")
    assert window_of(await loaded(registry, max_length=128)) == ("ready", 128, 4096, "user")


async def test_with_little_memory_it_takes_what_fits(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = Registry(parse([f"long:{long}"]), None, lambda _: None, Loading())
    whole = (await loaded(registry)).peak
    assert whole is not None
    await ModelManager(registry).change(ModelChanging(change=UnloadModel(name="long")))
    memory = device_memory.memory("CPU", None)
    monkeypatch.setattr(device_memory, "memory", lambda *_: memory.model_copy(update={"free": whole // 2}))
    info = await loaded(registry)
    assert (info.state, info.window_reason) == ("ready", "memory")
    assert 1024 < (info.window or 0) < 4096
    assert (info.peak or 0) <= whole // 2
    # Requests for more are refused.
    refused = await loaded(registry, max_length=4096)
    assert (refused.state, refused.error) == ("failed", "no_room")
    monkeypatch.setattr(device_memory, "memory", lambda *_: memory.model_copy(update={"free": 10**6}))
    refused = await loaded(registry, max_length=0)
    assert (refused.state, refused.error) == ("failed", "no_room")
    assert "512 tokens" in refused.detail
