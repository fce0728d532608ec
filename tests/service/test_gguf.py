"""GGUF files: every family and kind of tokenizer, compared with the same weights in Hugging Face's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gguf_files
import numpy as np
import pytest
from gguf_files import FAMILIES, fields_of, values_of, write
from gguf_models import MERGES, file_of, folder_of, loaded, proto_of
from hugging_face import IDS, MODELS, TEXTS, tensors
from hugging_face import write as write_folder
from reference_gradients import numbers, whole_inputs

from lit_lab.protocol import AnswerEvent, GenerateRequest
from lit_lab.service import presets
from lit_lab.service.cancellation import Cancellation

pytestmark = pytest.mark.usefixtures("without_warm_up")

ANSWERING = ("Gemma 2", "Llama 3")
"""One of each kind of tokenizer. All answer in `test_hugging_face_folders.py`, and are the same models."""

ODD = [*TEXTS, "<|im_start|>user\nHi!\n<|im_end|>", "a\u00a0b"]


def last_logits(causal_lm: Any) -> Any:
    return numbers(causal_lm(whole_inputs(causal_lm, IDS)))[0, -1]


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
    if family in ANSWERING:
        request = GenerateRequest(model="tiny", prompt="on", max_new_tokens=2)
        assert isinstance(list(model.generate(request, Cancellation()))[-1], AnswerEvent)
    assert (entry.stored, entry.precision) == ("F32", "float32")


def test_every_family_that_is_said_to_be_read_is_tried(keras_libraries: None) -> None:
    from lit_lab.service.gguf.options import FAMILIES as READ

    assert {architecture for architecture, _ in FAMILIES.values()} == READ.keys()


def test_heads_of_another_length_are_mistrals(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    """Mistral Nemo's heads are longer than its width divided by their number, although a file calls the model a Llama."""
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
    """Gemma has tokens of runs of blanks. A file spells them with blanks, and SentencePiece with ▁."""
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
        fields["tokenizer.ggml.tokens"][300] = "soup"  # no merges produce it
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
