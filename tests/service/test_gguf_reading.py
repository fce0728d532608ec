"""GGUF files: quantized weights, several parts, and folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf_files import fields_of, values_of, write
from gguf_models import MERGES, file_of, folder_of, loaded, refused
from reference_gradients import numbers

from lit_lab.service import presets
from lit_lab.service.gguf import header
from lit_lab.service.gguf import weights as weights_module

pytestmark = pytest.mark.usefixtures("without_warm_up")


def plain_weights(place: Path) -> dict[str, Any]:
    made = presets.load(str(place)).backbone
    return {weight.path: numbers(weight) for weight in made.weights}


@pytest.mark.parametrize("kind", ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "MXFP4"])
async def test_a_quantized_file_is_what_it_stands_for(keras_libraries: None, kind: str, tmp_path: Path) -> None:
    import gguf as package

    random = np.random.default_rng(3)
    shapes = {"token_embd": (400, 32), "output_norm": (32,), "blk.0.attn_norm": (32,), "blk.0.ffn_norm": (32,)}
    shapes |= {f"blk.0.attn_{part}": (32, 32) for part in ("q", "k", "v", "output")}
    shapes |= {"blk.0.ffn_gate": (64, 32), "blk.0.ffn_up": (64, 32), "blk.0.ffn_down": (32, 64)}
    values = {f"{name}.weight": random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    fields = fields_of("SmolLM, SmolLM 2", b"", MERGES) | {
        "llama.embedding_length": 32,
        "llama.attention.key_length": 16,
        "llama.attention.value_length": 16,
        "llama.block_count": 1,
        "llama.feed_forward_length": 64,
        "llama.attention.head_count_kv": 2,
    }
    quantization = package.GGMLQuantizationType[kind]
    stands_for = {
        name: value
        if value.ndim == 1
        else package.quants.dequantize(package.quants.quantize(value, quantization), quantization).reshape(value.shape)
        for name, value in values.items()
    }
    quantized = write(tmp_path / "quantized.gguf", "llama", fields, values, kind)
    entry = await loaded(quantized)
    assert entry.stored == kind
    given = plain_weights(quantized)
    exact = plain_weights(write(tmp_path / "exact.gguf", "llama", fields, stands_for))
    for name, value in exact.items():
        np.testing.assert_array_equal(given[name], value)


@pytest.mark.parametrize("family", ["Llama 2, Vicuna", "Gemma 3, text", "Phi-3", "Qwen 2, Qwen 2.5"])
def test_large_weights_are_put_in_by_slices(
    keras_libraries: None, family: str, tmp_path: Path, sentencepiece_proto: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = file_of(family, tmp_path, sentencepiece_proto)
    at_once = plain_weights(place)
    monkeypatch.setattr(weights_module, "MIN_LATE_NUMBERS", 100)
    monkeypatch.setattr(weights_module, "AT_ONCE", 7 * 16)
    for name, value in plain_weights(place).items():
        np.testing.assert_array_equal(value, at_once[name])


@pytest.mark.only_on("tensorflow")
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_variable_that_was_filled_is_not_copied_when_it_is_read(
    keras_libraries: None, precision: str, turned: bool
) -> None:
    import keras
    import tensorflow

    values = np.arange(48, dtype=np.float32).reshape(8, 6)
    variable = keras.Variable(np.zeros((6, 8) if turned else (8, 6)), dtype=precision)
    with weights_module._Filling(variable, turned) as filling:
        for first in range(0, 8, 3):
            filling.put(first, values[first : first + 3])
    np.testing.assert_array_equal(numbers(variable), values.T if turned else values)

    def where() -> tuple[Any, int]:
        read = tensorflow.raw_ops.ReadVariableOp(resource=variable.value.handle, dtype=variable.value.dtype)
        bits = tensorflow.bitcast(read, f"uint{8 * read.dtype.size}")
        return bits, np.from_dlpack(weights_module._Handed(bits)).ctypes.data

    (first, there), (second, there_again) = where(), where()
    assert there == there_again
    assert first is not second  # both are alive, so neither reused the other's memory


async def test_several_parts_are_one(keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes) -> None:
    whole = plain_weights(file_of("Gemma 2", tmp_path, sentencepiece_proto))
    fields = fields_of("Gemma 2", sentencepiece_proto, MERGES)
    first = write(tmp_path / "parts.gguf", "gemma2", fields, values_of("Gemma 2"), part_size=9)
    parts = header.parts(first)
    assert len(parts) == 3
    for part in (first, parts[-1]):
        entry = await loaded(part)
        assert entry.folder == first
        assert entry.size == sum(each.stat().st_size for each in parts)
    for name, value in plain_weights(parts[1]).items():
        np.testing.assert_array_equal(value, whole[name])
    moved = parts[1].read_bytes()
    parts[1].unlink()
    assert parts[1].name in refused(first, "preset_incomplete")
    parts[1].write_bytes(parts[2].read_bytes())
    assert "another model" in refused(first, "preset_damaged")
    parts[1].unlink()
    parts[1].hardlink_to(parts[2])
    assert "same file as two parts" in refused(first, "preset_damaged")
    parts[1].unlink()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "part").write_bytes(moved)
    parts[1].symlink_to(tmp_path / "elsewhere" / "part")
    assert plain_weights(first)  # the link stays within the folder
    parts[1].unlink()
    parts[1].symlink_to("/etc/passwd")
    assert "leads out of its folder" in refused(first, "preset_unsafe")
    parts[1].unlink()
    parts[1].write_bytes(moved)
    alone = tmp_path / "alone.gguf"
    alone.write_bytes(first.read_bytes())
    assert "3 parts" in refused(alone, "preset_damaged")
    assert plain_weights(first)


async def test_a_folder_with_one_model_is_that_model(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    file = file_of("Gemma", tmp_path, sentencepiece_proto)
    (tmp_path / "gemma-mmproj-f16.gguf").write_bytes(b"GGUF")
    (tmp_path / "config.json").write_text("{}")  # repositories of GGUF files have one
    (tmp_path / "README.md").write_text("A model")
    assert (await loaded(tmp_path)).folder == file
    (tmp_path / "tiny-Q8_0.gguf").write_bytes(file.read_bytes())
    assert "tiny-Q8_0.gguf, tiny.gguf" in refused(tmp_path, "preset_not_found")


def test_a_link_out_of_the_folder_tells_nothing_of_where_it_leads(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for target in (file_of("Gemma", tmp_path, sentencepiece_proto), Path("/etc/passwd"), tmp_path / "nothing"):
        (folder / "model.gguf").symlink_to(target)
        assert "leads out of its folder" in refused(folder, "preset_unsafe")
        (folder / "model.gguf").unlink()


def test_a_folder_may_be_named_as_a_file(keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes) -> None:
    assert presets.load(str(folder_of("Gemma", tmp_path / "tiny.gguf", sentencepiece_proto)))


def test_no_such_file(keras_libraries: None, tmp_path: Path) -> None:
    assert "nothing.gguf" in refused(tmp_path / "nothing.gguf", "preset_not_found")
