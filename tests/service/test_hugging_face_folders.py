"""Folders in Hugging Face's form, in every family that keras-hub converts, compared with transformers on the same weights."""

from __future__ import annotations

import ast
import base64
import importlib.util
import json
import re
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hugging_face import IDS, MODELS, TEXTS, as_bfloat16, byte_level, packed, sentence_piece, tensors, write
from reference_gradients import numbers, whole_inputs

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, GenerateRequest
from lit_lab.service import presets
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.registry import Registry, parse
from lit_lab.service.weights import preset_validation
from lit_lab.service.weights.reading import Reading

pytestmark = pytest.mark.usefixtures("without_warm_up")

LOCKED = Path(__file__).parents[2] / "requirements" / "hashed" / "tensorflow.txt"
MERGES = ["o n", "i on", "Ċ Ċ", "Ġ on"]
SENTENCE_PIECE = ("Gemma", "Gemma 2", "Gemma 3, text", "Mistral", "Mixtral", "Llama 2, Vicuna", "Phi-3")
SENTENCE_PIECE += ("Phi-3.5",)


def tokenizer_files(folder: Path, family: str, proto: bytes) -> None:
    if family in SENTENCE_PIECE:
        (folder / "tokenizer.model").write_bytes(of_family(proto, family))
    elif family == "Gemma 4, text":
        about = sentence_piece(proto)
        about["added_tokens"] += [{"id": 390 + n, "content": word} for n, word in enumerate(GEMMA4)]
        (folder / "tokenizer.json").write_text(json.dumps(about))
    else:
        (folder / "tokenizer.json").write_text(json.dumps(byte_level(MERGES)))
        said = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(said))


def of_family(proto: bytes, family: str) -> bytes:
    """Return a vocabulary with a family's own start and end tokens."""
    from sentencepiece import sentencepiece_model_pb2

    if family.startswith("Gemma"):
        return proto
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString(proto)
    end = "<|endoftext|>" if family.startswith("Phi") else "</s>"
    for piece in model.pieces:
        piece.piece = {"<bos>": "<s>", "<eos>": end}.get(piece.piece, piece.piece)
    return bytes(model.SerializeToString())


GEMMA4 = ("<|turn>", "<turn|>", "<|image|>", "<|image>", "<image|>")


def folder_of(family: str, into: Path, proto: bytes, **settings: Any) -> Path:
    place = write(into, MODELS[family]["config"] | settings, tensors(family))
    tokenizer_files(place, family, proto)
    return place


async def loaded(place: Path) -> Any:
    """Return a model, loaded by the registry like the panel's models."""
    registry = Registry(parse([f"tiny:{place}"]), None, lambda _: None)
    async for _ in registry.ready("tiny"):
        pass
    return registry.get("tiny").model


def last_logits(causal_lm: Any, ids: list[int] = IDS) -> Any:
    return numbers(causal_lm(whole_inputs(causal_lm, ids)))[0, -1]


def refused(work: Callable[[], Any], code: str) -> str:
    with pytest.raises(Problem) as failure:
        work()
    assert (failure.value.code, bool(failure.value.hint)) == (code, True), failure.value.message
    return failure.value.message


def close(ours: Any, exact: Any, part: float = 1e-5) -> None:
    exact = np.asarray(exact)
    assert np.max(np.abs(ours - exact)) <= part * np.max(np.abs(exact))


# --- Needed packages ---


def test_all_that_the_converters_import_is_locked(keras_libraries: None) -> None:
    """A newer keras-hub that needs other packages fails here, and not only when a user loads a model."""
    import keras_hub

    folder = Path(keras_hub.__file__).parent / "src" / "utils" / "transformers"
    named: dict[str, str] = {}
    for file in sorted(folder.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                named |= {alias.name.partition(".")[0]: file.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                named[node.module.partition(".")[0]] = file.name
    packages = {name: file for name, file in named.items() if name not in sys.stdlib_module_names}
    assert {"safetensors", "sentencepiece", "numpy"} <= packages.keys()
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCKED.read_text(), re.MULTILINE))
    providers = metadata.packages_distributions()
    for name, file in packages.items():
        assert importlib.util.find_spec(name) is not None, f"{file} imports {name}, which isn't installed"
        own = {re.sub(r"[-_.]+", "-", each).lower() for each in providers.get(name, ())}
        assert own & locked, f"{file} imports {name}, which isn't locked"


# --- Families ---


# Their caches hold more than keys and values, which is refused for every source of a model.
OTHERWISE = ("Qwen 3.5, text", "Qwen 3.5 MoE, text")


@pytest.mark.parametrize("family", OTHERWISE)
async def test_a_family_that_keeps_something_else_is_converted_and_refused(
    keras_libraries: None, family: str, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    place = folder_of(family, tmp_path / "tiny", sentencepiece_proto)
    close(last_logits(presets.load(str(place))), MODELS[family]["logits"])
    with pytest.raises(Problem, match="has no cache of earlier tokens"):
        await loaded(place)


@pytest.mark.parametrize("family", [family for family in MODELS if family not in OTHERWISE])
async def test_a_family_answers_as_it_does_in_transformers(
    keras_libraries: None, family: str, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    model = await loaded(folder_of(family, tmp_path / "tiny", sentencepiece_proto))
    close(last_logits(model.causal_lm), MODELS[family]["logits"])
    request = GenerateRequest(model="tiny", prompt="onion soup", max_new_tokens=2)
    assert isinstance(list(model.generate(request, Cancellation()))[-1], AnswerEvent)


def test_every_family_of_the_documentation_is_here_or_is_not_converted(keras_libraries: None) -> None:
    from families import FAMILIES

    # keras-hub has no converter for the first ones, and Gemma 4's small models have no maps.
    others = {"GPT-NeoX, Pythia", "Falcon", "Bloom", "OPT", "Gemma 4 E2B, E4B, text"}
    assert {family.models for family in FAMILIES} - others == MODELS.keys() - {"Phi-3.5"}


async def test_a_keras_preset_of_the_same_weights_answers_the_same(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    model = await loaded(folder_of("Gemma 2", tmp_path / "tiny", sentencepiece_proto))
    model.causal_lm.save_to_preset(str(tmp_path / "preset"))
    close(last_logits(presets.load(str(tmp_path / "preset"))), last_logits(model.causal_lm), 1e-7)


# --- Files ---


@pytest.mark.parametrize("family", ["Llama 3", "Mistral"])
def test_bfloat16_and_several_files_hold_the_same(
    keras_libraries: None, family: str, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    config, values = MODELS[family]["config"], tensors(family)
    small = {name: value * 1e-3 for name, value in values.items()}  # partly below float16's range, like real weights
    halves = {name: as_bfloat16(value) for name, value in small.items()}
    whole = {name: (value.astype(np.uint32) << 16).view(np.float32) for name, value in halves.items()}
    found = []
    for name, given, shards in (("one", whole, 1), ("several", whole, 3), ("half", halves, 1), ("halves", halves, 2)):
        place = write(tmp_path / name, config, given, shards)
        tokenizer_files(place, family, sentencepiece_proto)
        preset_validation.check(place, name)
        causal_lm = presets.make(place, name, "float32", Reading())
        found.append([numbers(weight) for weight in causal_lm.backbone.weights])
    for other in found[1:]:
        for ours, theirs in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert any(np.array_equal(np.squeeze(weight), whole["model.norm.weight"]) for weight in found[0])


def test_a_missing_part_is_named(keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes) -> None:
    place = write(tmp_path / "tiny", MODELS["Llama 3"]["config"], tensors("Llama 3"), 3)
    tokenizer_files(place, "Llama 3", sentencepiece_proto)
    (place / "model-00002-of-00003.safetensors").unlink()
    assert "model-00002-of-00003" in refused(lambda: presets.load(str(place)), "preset_incomplete")


@pytest.mark.parametrize("name", ["model.layers.1.self_attn.q_proj.bias", "model.layers.0.mlp.gate_proj.weight_scale"])
def test_weights_that_have_no_place_are_not_left_out_silently(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes, name: str
) -> None:
    values = tensors("Llama 3") | {name: np.ones(16, np.float32)}
    place = write(tmp_path / "tiny", MODELS["Llama 3"]["config"], values)
    tokenizer_files(place, "Llama 3", sentencepiece_proto)
    assert name in refused(lambda: presets.load(str(place)), "unsupported_model")


@pytest.mark.parametrize(
    ("family", "settings", "word"),
    [
        ("Llama 3", {"model_type": "phimoe"}, "phimoe"),
        ("Phi-3", {"rope_parameters": {"rope_theta": 1e4, "partial_rotary_factor": 0.75}}, "part of each head"),
        ("Llama 3", {"model_type": ["llama"]}, "llama"),
        ("Llama 3", {"quantization_config": {"quant_method": "gptq", "bits": 4}}, "gptq"),
        ("Llama 3", {"rope_scaling": {"type": "yarn", "factor": 4.0}}, "yarn"),
        ("Qwen 3", {"rope_scaling": {"rope_type": "yarn", "factor": 4.0}}, "yarn"),
        ("Gemma 3, text", {"use_bidirectional_attention": True}, "whole texts"),
    ],
)
def test_what_would_answer_otherwise_is_refused(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes, family: str, settings: Any, word: str
) -> None:
    place = folder_of(family, tmp_path / "tiny", sentencepiece_proto, **settings)
    assert word in refused(lambda: presets.load(str(place)), "unsupported_model")


def test_a_configuration_as_older_versions_write_it(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    config = dict(MODELS["Llama 3"]["config"])
    scaling = dict(config.pop("rope_parameters"))
    config["rope_theta"] = scaling.pop("rope_theta")
    place = write(tmp_path / "tiny", config | {"rope_scaling": scaling}, tensors("Llama 3"))
    tokenizer_files(place, "Llama 3", sentencepiece_proto)
    close(last_logits(presets.load(str(place))), MODELS["Llama 3"]["logits"])


# --- Tokenizers ---


@pytest.mark.parametrize("family", ["Gemma", "Gemma 2", "Mistral", "Mixtral", "Llama 2, Vicuna"])
def test_tokenizer_json_alone_stands_for_sentencepiece(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes, family: str
) -> None:
    place = write(tmp_path / "tiny", MODELS[family]["config"], tensors(family))
    proto = of_family(sentencepiece_proto, family)
    (place / "tokenizer.json").write_text(json.dumps(sentence_piece(proto)))
    alone = presets.load(str(place)).preprocessor.tokenizer
    (place / "tokenizer.json").unlink()
    (place / "tokenizer.model").write_bytes(proto)
    with_model = presets.load(str(place)).preprocessor.tokenizer
    assert alone.start_token_id == with_model.start_token_id == 2
    for text in TEXTS:
        assert [int(id) for id in alone(text)] == [int(id) for id in with_model(text)], text


GPT2_WORDS = ""


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("Llama 3", {"begins_with": "<|begin_of_text|>"}),
        ("SmolLM, SmolLM 2", {"pattern": GPT2_WORDS, "digits": True}),
        ("SmolLM 3", {}),
        ("Qwen 3", {}),
        ("GPT-2", {"pattern": GPT2_WORDS}),
    ],
)
def test_tokenizer_json_alone_splits_as_it_says(
    keras_libraries: None, tmp_path: Path, family: str, settings: dict[str, Any]
) -> None:
    import tokenizers

    merges = ["o n", "i on", "Ċ Ċ", "Ġ on", "1 2", "12 ,", "Ġ (", "( t", "! Ċ", "' s", "Ġ Ġ"]
    about = byte_level(merges, **settings)
    ids = {"bos_token_id": id_of(about, "<|begin_of_text|>"), "eos_token_id": [id_of(about, "<|eot_id|>")]}
    place = write(tmp_path / "tiny", MODELS[family]["config"] | ids, tensors(family))
    (place / "tokenizer.json").write_text(json.dumps(about))
    made = presets.load(str(place)).preprocessor.tokenizer
    theirs = tokenizers.Tokenizer.from_str(json.dumps(about))
    for text in [*TEXTS, "<|im_start|>user\nHi!\n<|im_end|>", "12,on (ion)"]:
        assert [int(id) for id in made(text)] == theirs.encode(text, add_special_tokens=False).ids, text
    if family == "Llama 3":
        assert made.start_token_id == ids["bos_token_id"]
        assert made.end_token_id == id_of(about, "<|eot_id|>")
    elif family == "SmolLM, SmolLM 2":
        assert made.start_token_id is None  # no file says that a text begins with a start token


def id_of(about: dict[str, Any], word: str) -> int:
    return next(int(each["id"]) for each in about["added_tokens"] if each["content"] == word)


def tekken(pattern: str) -> dict[str, Any]:
    words = [*(bytes([byte]) for byte in range(256)), b"on", b"ion", b"nion"]
    vocab = [
        {"rank": rank, "token_bytes": base64.b64encode(word).decode(), "token_str": None}
        for rank, word in enumerate(words)
    ]
    sizes = {"num_vocab_tokens": 259, "default_vocab_size": 279, "default_num_special_tokens": 20}
    return {"config": {"pattern": pattern, "version": "v3", **sizes}, "vocab": vocab}


def test_mistrals_own_tokenizers_file(keras_libraries: None, tmp_path: Path) -> None:
    from lit_lab.service.hugging_face.vocabulary import TEKKEN

    place = write(tmp_path / "tiny", MODELS["Mistral"]["config"], tensors("Mistral"))
    (place / "tekken.json").write_text(json.dumps(tekken(TEKKEN)))
    made = presets.load(str(place)).preprocessor.tokenizer
    assert [int(id) for id in made("onion 1")] == [20 + id for id in (256, 257, ord(" "), ord("1"))]
    (place / "tekken.json").write_text(json.dumps(tekken("(x+x+)+y")))
    assert "regular expression" in refused(lambda: presets.load(str(place)), "preset_failed")
    long = tekken(TEKKEN)
    long["vocab"].append({"rank": 259, "token_bytes": "QUFB" * 10_000, "token_str": None})
    (place / "tekken.json").write_text(json.dumps(long))
    assert "tekken.json" in refused(lambda: presets.load(str(place)), "preset_failed")


def test_a_regular_expression_of_its_own_is_not_run(keras_libraries: None, tmp_path: Path) -> None:
    place = write(tmp_path / "tiny", MODELS["Qwen 3"]["config"], tensors("Qwen 3"))
    (place / "tokenizer.json").write_text(json.dumps(byte_level(MERGES, pattern="(x+x+)+y")))
    made = presets.load(str(place)).preprocessor.tokenizer
    assert len(made("x" * 200)) == 200


def test_every_known_expression_is_one(keras_libraries: None) -> None:
    from tokenizers import Regex, pre_tokenizers

    from lit_lab.service.hugging_face.vocabulary import PATTERNS

    for pattern in PATTERNS:
        words = pre_tokenizers.Split(Regex(pattern), "isolated").pre_tokenize_str("it's 12 naïve\n\n (onion)")
        assert len(words) > 5


def test_no_tokenizer_is_said(keras_libraries: None, tmp_path: Path) -> None:
    for family in ("Llama 3", "Gemma", "GPT-2"):
        place = write(tmp_path / family, MODELS[family]["config"], tensors(family))
        refused(lambda place=place: presets.load(str(place)), "preset_incomplete")  # type: ignore[misc]


# --- Hostile files ---


def test_a_tensor_outside_of_its_file_is_refused_by_the_registry_too(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    place = folder_of("Llama 3", tmp_path / "tiny", sentencepiece_proto)
    file = place / "model.safetensors"
    for content in (file.read_bytes()[:-1], b"\xff" * 8 + file.read_bytes()[8:], packed({})[:6]):
        file.write_bytes(content)
        refused(lambda: presets.load(str(place)), "preset_unsafe")
