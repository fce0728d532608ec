"""GGUF files: every family and kind of tokenizer, against the same weights in Hugging Face's form; and hostile ones."""

from __future__ import annotations

import json
import random
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import gguf_files
import numpy as np
import pytest
from gguf_files import FAMILIES, PRE, fields_of, values_of, write
from hugging_face import IDS, MODELS, TEXTS, byte_level, tensors
from hugging_face import write as write_folder
from reference_gradients import numbers, whole_inputs

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, GenerateRequest
from lit_lab.service import presets
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.gguf import header, model
from lit_lab.service.gguf import weights as weights_module
from lit_lab.service.gguf.contents import GgufError
from lit_lab.service.gguf.walk import Walk
from lit_lab.service.registry import Registry, parse

pytestmark = pytest.mark.usefixtures("without_warm_up")

MERGES = ["o n", "i on", "Ċ Ċ", "Ġ on", "1 2", "12 ,", "Ġ (", "( t", "! Ċ", "' s", "Ġ Ġ"]
ODD = [*TEXTS, "<|im_start|>user\nHi!\n<|im_end|>", "a\u00a0b"]


def proto_of(family: str, proto: bytes) -> bytes:
    from test_hugging_face_folders import of_family

    return of_family(proto, family)


def file_of(family: str, folder: Path, proto: bytes, **said: Any) -> Path:
    fields = fields_of(family, proto_of(family, proto), MERGES) | said
    return write(folder / "tiny.gguf", FAMILIES[family][0], fields, values_of(family))


def folder_of(family: str, into: Path, proto: bytes) -> Path:
    place = write_folder(into, gguf_files.config_of(family), tensors(family))
    if family in PRE:
        begins = "<|begin_of_text|>" if PRE[family] == "llama-bpe" else ""
        pattern = {"smollm": "", "qwen2": QWEN}.get(PRE[family], LLAMA3)
        about = byte_level(MERGES, pattern, begins, digits=PRE[family] == "smollm")
        about["model"]["ignore_merges"] = PRE[family] == "llama-bpe"
        (place / "tokenizer.json").write_text(json.dumps(about))
        said = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
        (place / "tokenizer_config.json").write_text(json.dumps(said))
    else:
        (place / "tokenizer.model").write_bytes(proto_of(family, proto))
    return place


LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = LLAMA3.replace("{1,3}", "")


async def loaded(place: Path) -> Any:
    """Return an entry, loaded by the registry as the panel's are."""
    registry = Registry(parse([f"tiny:{place}"]), None, lambda _: None)
    await registry.load("tiny")
    entry = registry.get("tiny")
    if entry.error is not None:
        raise entry.error
    return entry


def last_logits(causal_lm: Any) -> Any:
    return numbers(causal_lm(whole_inputs(causal_lm, IDS)))[0, -1]


def refused(place: Path, code: str) -> str:
    with pytest.raises(Problem) as failure:
        presets.load(str(place))
    assert (failure.value.code, bool(failure.value.hint)) == (code, True), failure.value.message
    return failure.value.message


def ids_of(causal_lm: Any, text: str) -> list[int]:
    return [int(id) for id in causal_lm.preprocessor.tokenizer(text)]


# --- Families ---


@pytest.mark.parametrize("family", FAMILIES)
async def test_a_family_is_what_it_is_in_hugging_faces_form(
    keras_libraries: None, family: str, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    entry = await loaded(file_of(family, tmp_path, sentencepiece_proto))
    model = entry.model
    other = presets.load(str(folder_of(family, tmp_path / "folder", sentencepiece_proto)))
    ours, theirs = last_logits(model.causal_lm), last_logits(other)
    assert np.max(np.abs(ours - theirs)) <= 1e-6 * np.max(np.abs(theirs))
    for text in ODD:
        assert ids_of(model.causal_lm, text) == ids_of(other, text), text
    start = "start_token_id"
    assert getattr(model.causal_lm.preprocessor.tokenizer, start) == getattr(other.preprocessor.tokenizer, start)
    request = GenerateRequest(model="tiny", prompt="on", max_new_tokens=2)
    assert isinstance(list(model.generate(request, Cancellation()))[-1], AnswerEvent)
    assert (entry.stored, entry.precision) == ("F32", "float32")


def test_every_family_that_is_said_to_be_read_is_tried(keras_libraries: None) -> None:
    from lit_lab.service.gguf.options import FAMILIES as READ

    assert {architecture for architecture, _ in FAMILIES.values()} == READ.keys()


def test_heads_of_another_length_are_mistrals(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    """Mistral Nemo's are longer than its width divided by their number; a file calls it a Llama all the same."""
    config = MODELS["Mistral"]["config"] | {"head_dim": 16}
    values = {}
    for number, (name, value) in enumerate(tensors("Mistral").items()):
        if ".q_proj" in name or ".k_proj" in name or ".v_proj" in name:
            value = np.concatenate([value, value[::-1] * np.float32(0.5 + number)])
        if ".o_proj" in name:
            value = np.concatenate([value, value[:, ::-1] * np.float32(0.5)], 1)
        values[name] = value
    place = write_folder(tmp_path / "folder", config, values)
    proto = proto_of("Mistral", sentencepiece_proto)
    (place / "tokenizer.model").write_bytes(proto)
    theirs = last_logits(presets.load(str(place)))

    fields = fields_of("Mistral", proto, MERGES)
    fields |= {"llama.attention.key_length": 16, "llama.attention.value_length": 16}
    given = values_of("Mistral")
    for number in range(2):
        for part, heads in (("q", 2), ("k", 1)):
            name = f"model.layers.{number}.self_attn.{part}_proj.weight"
            given[f"blk.{number}.attn_{part}.weight"] = gguf_files._by_pairs(values[name], heads)
        given[f"blk.{number}.attn_v.weight"] = values[f"model.layers.{number}.self_attn.v_proj.weight"]
        given[f"blk.{number}.attn_output.weight"] = values[f"model.layers.{number}.self_attn.o_proj.weight"]
    ours = last_logits(presets.load(str(write(tmp_path / "tiny.gguf", "llama", fields, given))))
    assert np.max(np.abs(ours - theirs)) <= 1e-6 * np.max(np.abs(theirs))


# --- Tokenizers ---


def test_blanks_of_a_tokenizers_own_tokens_are_found(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    """Gemma's runs of blanks are tokens by themselves, which a file has with blanks where SentencePiece has ▁."""
    from sentencepiece import sentencepiece_model_pb2

    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(sentencepiece_proto)
    piece = model.pieces[-1]
    piece.piece, piece.type = "▁▁▁", 4
    fields = fields_of("Gemma", model.SerializeToString(), MERGES)
    last = len(model.pieces) - 1
    fields["tokenizer.ggml.tokens"][last], fields["tokenizer.ggml.token_type"][last] = "   ", 4
    made = presets.load(str(write(tmp_path / "tiny.gguf", "gemma", fields, values_of("Gemma"))))
    assert last in ids_of(made, "a   b")


def test_a_word_that_is_a_token_is_not_merged_of_others(keras_libraries: None, tmp_path: Path) -> None:
    for family, whole in (("Llama 3", True), ("SmolLM, SmolLM 2", False)):
        fields = fields_of(family, b"", MERGES)
        fields["tokenizer.ggml.tokens"][300] = "soup"  # no merges lead to it
        place = write(tmp_path / f"{whole}.gguf", "llama", fields, values_of(family))
        assert (ids_of(presets.load(str(place)), "soup") == [300]) is whole


async def test_the_files_own_ends_end_an_answer(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    for family in ("Gemma", "Qwen 3"):
        entry = await loaded(
            file_of(
                family,
                tmp_path,
                sentencepiece_proto,
                **{"tokenizer.ggml.eos_token_id": 77, "tokenizer.ggml.eot_token_id": 35},
            )
        )
        assert {77, 35} <= set(entry.model.tokenizer.stop_ids)


async def test_a_chat_template_says_that_it_was_taught_to_follow(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    for template in ("{{ messages[0].content }}", ""):
        entry = await loaded(file_of("Gemma", tmp_path, sentencepiece_proto, **{"tokenizer.chat_template": template}))
        assert entry.is_instruct is bool(template)
        assert entry.model.terms is not None
        assert "Gemma" in entry.model.terms.name


# --- Files ---


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
    monkeypatch.setattr(weights_module, "LARGE", 100)
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
    assert first is not second  # both held: neither got the other's memory


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
    assert plain_weights(first)  # it stays within the folder
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
    (tmp_path / "config.json").write_text("{}")  # as repositories of such files have it
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


# --- What isn't read ---


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"llama.expert_count": 8}, "mixture of experts"),
        ({"llama.attention.causal": False}, "attention.causal"),
        ({"llama.pooling_type": 3}, "pooling_type"),
        ({"llama.logit_scale": 0.5}, "logit_scale"),
        ({"llama.attention.temperature_scale": 0.5}, "temperature_scale"),
        ({"llama.rope.scaling.factor": 4.0}, "linear"),
        ({"llama.rope.scale_linear": 4.0}, "linear"),
        ({"llama.rope.scaling.type": "longrope"}, "by factors"),
        ({"llama.rope.scaling.type": "yarn", "llama.rope.scaling.factor": 4.0}, "yarn"),
        ({"llama.rope.dimension_count": 4}, "part of each head"),
        ({"llama.attention.value_length": 4}, "more than one length"),
        ({"general.type": "adapter"}, "adapter"),
        ({"tokenizer.ggml.pre": "deepseek-coder"}, "deepseek-coder"),
        ({"tokenizer.ggml.model": "t5"}, "t5"),
    ],
)
def test_what_would_answer_otherwise_is_refused(
    keras_libraries: None, tmp_path: Path, said: dict[str, Any], word: str
) -> None:
    assert word in refused(file_of("SmolLM, SmolLM 2", tmp_path, b"", **said), "unsupported_model")


@pytest.mark.parametrize(
    ("family", "said", "word"),
    [
        ("Gemma", {"gemma.rope.freq_base": 500.0}, "freq_base"),
        ("Gemma 2", {"gemma2.attention.layer_norm_rms_epsilon": 1e-2}, "epsilon"),
        ("Gemma 2", {"gemma2.attention.sliding_window": 0}, "window"),
        ("Gemma 3, text", {"gemma3.rope.freq_base": 10_000.0}, "freq_base"),
        ("Gemma 3, text", {"gemma3.rope.freq_base_swa": 5_000.0}, "freq_base_swa"),
        ("Gemma 3, text", {"gemma3.attention.sliding_window_pattern": 2}, "global attention"),
        ("Gemma 3, text", {"gemma3.attention.sliding_window_pattern": [True, False]}, "global attention"),
        ("Qwen 3", {"tokenizer.ggml.tokens": [f"<{n}>" for n in range(400)]}, "<|endoftext|>"),
    ],
)
def test_what_keras_has_fixed_is_held_against_the_file(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes, family: str, said: dict[str, Any], word: str
) -> None:
    assert word in refused(file_of(family, tmp_path, sentencepiece_proto, **said), "unsupported_model")


def test_what_the_file_says_of_fixed_things_may_be_the_same(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    same = {"gemma3.attention.sliding_window_pattern": [True, True], "gemma3.rope.freq_base_swa": 10_000.0}
    assert presets.load(str(file_of("Gemma 3, text", tmp_path, sentencepiece_proto, **same)))


@pytest.mark.parametrize("family", ["Gemma", "Phi-3"])
def test_other_ends_than_the_familys_are_named(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes, family: str
) -> None:
    fields = fields_of(family, sentencepiece_proto, MERGES)  # Gemma's, in both
    fields["tokenizer.ggml.tokens"][2] = "<|startoftext|>"
    place = write(tmp_path / "tiny.gguf", FAMILIES[family][0], fields, values_of(family))
    assert "among its tokens" in refused(place, "unsupported_model")


@pytest.mark.parametrize("family", ["Gemma", "Qwen 2, Qwen 2.5", "Qwen 3", "SmolLM, SmolLM 2"])
def test_a_text_is_begun_as_the_file_says(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes, family: str
) -> None:
    for begun, id in ((True, 77), (False, 77), (True, None)):
        said: dict[str, Any] = {"tokenizer.ggml.add_bos_token": begun}
        if id is not None:
            said["tokenizer.ggml.bos_token_id"] = id
        fields = fields_of(family, sentencepiece_proto, MERGES)
        fields.pop("tokenizer.ggml.bos_token_id", None)
        place = write(tmp_path / "tiny.gguf", FAMILIES[family][0], fields | said, values_of(family))
        tokenizer = presets.load(str(place)).preprocessor.tokenizer
        assert tokenizer.start_token_id == (id if begun else None)


def test_a_family_that_is_not_read_is_named_and_those_that_are(keras_libraries: None, tmp_path: Path) -> None:
    place = write(tmp_path / "tiny.gguf", "mamba", {}, {"token_embd.weight": np.zeros((4, 32), np.float32)})
    with pytest.raises(Problem) as failure:
        presets.load(str(place))
    assert "mamba" in failure.value.message
    assert "Gemma 3" in failure.value.hint


def test_positions_that_are_stretched_in_a_way_of_their_own_are_refused(keras_libraries: None, tmp_path: Path) -> None:
    values = values_of("Llama 3") | {"rope_freqs.weight": np.float32([1, 2, 3, 4])}
    place = write(tmp_path / "tiny.gguf", "llama", fields_of("Llama 3", b"", MERGES), values)
    assert "rope_freqs" in refused(place, "unsupported_model")


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ({"blk.0.attn_q.weight": None}, "preset_damaged", "q_proj"),
        ({"blk.1.attn_norm.weight": None}, "preset_damaged", "2 layers"),
        ({"token_embd.weight": None}, "preset_damaged", "token_embd"),
        ({"blk.0.attn_q.weight": np.zeros((16, 32), np.float32)}, "preset_damaged", "attn_q"),
        ({"rope_factors_long.weight": np.ones(4, np.float32)}, "unsupported_model", "by factors"),
        ({"blk.0.attn_sinks.weight": np.zeros(16, np.float32)}, "unsupported_model", "attn_sinks"),
        ({"token_embd.weight": np.zeros((300, 16), np.float32)}, "preset_damaged", "400 tokens"),
    ],
)
def test_a_file_that_is_not_whole_says_so(
    keras_libraries: None, tmp_path: Path, change: dict[str, Any], code: str, word: str
) -> None:
    values = {name: value for name, value in (values_of("SmolLM, SmolLM 2") | change).items() if value is not None}
    place = write(tmp_path / "tiny.gguf", "llama", fields_of("SmolLM, SmolLM 2", b"", MERGES), values)
    assert word in refused(place, code)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ({"llama.block_count": 2**31}, "block_count"),
        ({"llama.attention.head_count": 0}, "head_count"),
        ({"llama.attention.head_count": 3, "llama.attention.key_length": ""}, "heads"),
        ({"llama.attention.layer_norm_rms_epsilon": -1.0}, "epsilon"),
        ({"llama.embedding_length": "wide"}, "embedding_length"),
        ({"tokenizer.ggml.token_type": [9] * 400}, "kind"),
        ({"tokenizer.ggml.token_type": [1]}, "token_type"),
        ({"tokenizer.ggml.tokens": ["a"] * 400}, "twice"),
        ({"tokenizer.ggml.tokens": []}, "no tokenizer"),
    ],
)
def test_a_field_that_makes_no_sense_is_named(
    keras_libraries: None, tmp_path: Path, said: dict[str, Any], word: str
) -> None:
    assert word in refused(file_of("SmolLM, SmolLM 2", tmp_path, b"", **said), "preset_damaged")


# --- Hostile files ---


def head(tensor_count: int = 0, fields: bytes = b"", field_count: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensor_count, field_count) + fields


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


HUGE = 2**62
ONE = text(b"a")
TENSOR = text(b"t") + struct.pack("<IQIQ", 1, 32, 0, 0)
HOSTILE = {
    "empty": (b"", "empty"),
    "short": (b"GGUF", "cut short"),
    "another format": (b"PK\x03\x04" + bytes(100), "isn't a GGUF file"),
    "version 1": (head(version=1) + bytes(64), "version 1"),
    "another order of bytes": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0) + bytes(64), "big-endian"),
    "many tensors": (head(HUGE), f"{HUGE:,} tensors"),
    "many fields": (head(0, b"", HUGE), f"{HUGE:,} fields"),
    "a long name": (head(0, struct.pack("<Q", HUGE), 1), "bytes"),
    "a long text": (head(0, ONE + struct.pack("<IQ", 8, HUGE), 1), "bytes"),
    "a long list": (head(0, ONE + struct.pack("<IIQ", 9, 4, HUGE), 1), "items"),
    "a list that isn't there": (head(0, ONE + struct.pack("<IIQ", 9, 4, 1_000_000), 1), "cut short"),
    "texts that aren't there": (head(0, ONE + struct.pack("<IIQ", 9, 8, 1_000_000), 1), "cut short"),
    "a text of a list that ends behind the file": (head(0, ONE + struct.pack("<IIQQ", 9, 8, 1, HUGE), 1), "cut short"),
    "a list of lists": (head(0, ONE + struct.pack("<IIQ", 9, 9, 1), 1) + bytes(64), "list of lists"),
    "an unknown kind": (head(0, ONE + struct.pack("<I", 99), 1), "kind"),
    "text that isn't": (head(0, text(b"\xff\xfe") + struct.pack("<II", 4, 0), 1), "UTF-8"),
    "no dimensions": (head(1, text(b"t") + struct.pack("<I", 0)) + bytes(64), "dimensions"),
    "many dimensions": (head(1, text(b"t") + struct.pack("<I", 10**9)) + bytes(64), "dimensions"),
    "a huge tensor": (head(1, text(b"t") + struct.pack("<IQQIQ", 2, 2**32, 2**32, 0, 0)), "possible shape"),
    "an empty tensor": (head(1, text(b"t") + struct.pack("<IQIQ", 1, 0, 0, 0)) + bytes(64), "possible shape"),
    "half a block": (head(1, text(b"t") + struct.pack("<IQIQ", 1, 33, 8, 0)) + bytes(64), "possible shape"),
    "an unknown form": (head(1, text(b"t") + struct.pack("<IQIQ", 1, 32, 77, 0)) + bytes(64), "form"),
    "a tensor behind the end": (head(1, TENSOR), "more than it contains"),
    "a tensor far away": (
        head(1, text(b"t") + struct.pack("<IQIQ", 1, 32, 0, 2**60)) + bytes(256),
        "more than it contains",
    ),
    "a tensor at no possible place": (
        head(1, text(b"t") + struct.pack("<IQIQ", 1, 32, 0, 3)) + bytes(999),
        "more than",
    ),
    "a tensor twice": (head(2, TENSOR + TENSOR) + bytes(256), "twice"),
    "the same bytes many times": (
        head(9, b"".join(text(b"t%d" % n) + struct.pack("<IQIQ", 1, 32, 0, 0) for n in range(9))) + bytes(160),
        "more than it contains",
    ),
    "no family": (head(), "family"),
    "an alignment of its own": (
        head(1, text(b"general.alignment") + struct.pack("<II", 4, 3) + TENSOR, 1) + bytes(256),
        "places",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_header_that_lies_ends_in_words(tmp_path: Path, name: str) -> None:
    content, word = HOSTILE[name]
    file = tmp_path / "tiny.gguf"
    file.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(GgufError, match=word):
            header.read(file)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    import os

    from lit_lab.service.weights import regular

    os.mkfifo(tmp_path / "tiny.gguf")
    with pytest.raises(regular.NotRegularError):
        header.read(tmp_path / "tiny.gguf")


def test_too_many_parts(tmp_path: Path) -> None:
    with pytest.raises(GgufError, match="parts"):
        header.read(tmp_path / "tiny-00001-of-99999.gguf")
    for name in ("tiny-00001-of-00000.gguf", "tiny-00003-of-00001.gguf"):
        with pytest.raises(GgufError, match="parts"):
            header.read(tmp_path / name)
    # A folder full of names costs nothing.
    for number in range(2_000):
        (tmp_path / f"m{number}-00001-of-01000.gguf").touch()
    with pytest.raises(Problem, match="several models"):
        model.within(tmp_path, "folder")


def test_a_file_that_becomes_shorter_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = head(0, ONE + struct.pack("<IIQ", 9, 4, 100_000) + bytes(400_000), 1) + bytes(2**21)
    file = tmp_path / "tiny.gguf"
    file.write_bytes(content)
    read = Walk._fill

    def cuts(walk: Walk, end: int) -> None:
        with file.open("r+b") as stream:
            stream.truncate(100)
        read(walk, end)

    monkeypatch.setattr(Walk, "_fill", cuts)
    with pytest.raises(GgufError, match="became shorter"):
        header.read(file)


def test_a_cut_or_changed_file_is_read_or_refused(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    """Whatever is done to a file, its header is either read or refused in words, soon and in little memory."""
    content = file_of("Gemma", tmp_path, sentencepiece_proto).read_bytes()
    file = tmp_path / "changed.gguf"
    # Most of what a header says of itself is at its beginning and at the tensors' names.
    tensors_at = content.index(b"token_embd.weight")
    choices = random.Random(5)
    refused = 0
    for number in range(600):
        changed = bytearray(content)
        if number % 3 == 0:
            del changed[choices.randrange(len(changed)) :]
        for _ in range(choices.randrange(1, 5)):
            at = choices.choice([choices.randrange(2_000), tensors_at + choices.randrange(2_000)])
            if at < len(changed):
                changed[at] = choices.choice([0, 1, 0x7F, 0x80, 0xFF, choices.randrange(256)])
        file.write_bytes(changed)
        tracemalloc.start()
        try:
            model.check(file, "tiny")
        except Problem as error:
            refused += 1
            assert error.hint
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 4 * len(content) + 2**20
    assert refused > 100
