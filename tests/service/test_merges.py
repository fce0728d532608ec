"""A tokenizer's merges, as texts in old files and as pairs, whose tokens may contain blanks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gguf_files import FAMILIES, fields_of, values_of
from gguf_files import write as write_file
from hugging_face import MODELS, TEXTS, byte_level, tensors, write
from test_hugging_face_folders import GPT2_WORDS

from lit_lab.problem import Problem
from lit_lab.service import presets
from lit_lab.service.hugging_face import vocabulary

MERGES = ["o n", "i on", "Ċ Ċ", "Ġ on", "1 2", "12 ,", "Ġ (", "( t", "! Ċ", "' s", "Ġ Ġ"]
ODD = [*TEXTS, "on  (ion)", "12,on", "a\u00a0b", "a b"]


def ids(tokenizer: Any, text: str) -> list[int]:
    return [int(id) for id in tokenizer(text)]


@pytest.mark.parametrize("form", ["texts", "pairs", "pairs with blanks"])
@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("Llama 3", {}),
        ("SmolLM, SmolLM 2", {"pattern": GPT2_WORDS, "digits": True}),
        ("SmolLM 3", {}),
        ("Qwen 2, Qwen 2.5", {}),
        ("Qwen 3", {}),
        ("GPT-2", {"pattern": GPT2_WORDS}),
    ],
)
def test_a_folders_merges_are_taken_in_either_form(
    keras_libraries: None, tmp_path: Path, family: str, settings: dict[str, Any], form: str
) -> None:
    import tokenizers

    about = byte_level(MERGES, **settings)
    pairs = [merge.split(" ") for merge in MERGES]
    if form == "pairs with blanks":
        words = about["model"]["vocab"]
        for number, word in ((330, " b"), (331, "a b"), (332, "n b")):
            words[word] = words.pop(next(old for old, id in words.items() if id == number))
        pairs = [["a", " b"], *pairs, ["n", " b"]]
    about["model"]["merges"] = MERGES if form == "texts" else pairs
    config = MODELS[family]["config"]
    special = {each["content"]: each["id"] for each in about["added_tokens"]}
    config = config | {"bos_token_id": special["<|begin_of_text|>"], "eos_token_id": [special["<|eot_id|>"]]}
    place = write(tmp_path / "tiny", config, tensors(family))
    (place / "tokenizer.json").write_text(json.dumps(about))
    made = presets.load(str(place)).preprocessor.tokenizer
    theirs = tokenizers.Tokenizer.from_str(json.dumps(about))
    for text in ODD:
        assert ids(made, text) == theirs.encode(text, add_special_tokens=False).ids, text


def test_merges_of_tokens_with_blanks_have_the_rank_of_what_they_lead_to() -> None:
    from sentencepiece import sentencepiece_model_pb2

    words = ["<unk>", "a", " ", "  ", "  a", "a "]
    model = {"vocab": {word: id for id, word in enumerate(words)}, "merges": [[" ", " "], ["  ", "a"], ["a", " "]]}
    made = sentencepiece_model_pb2.ModelProto()
    made.ParseFromString(vocabulary.sentence_pieces({"model": model}))
    assert [piece.score for piece in made.pieces][3:] == [0.0, -1.0, -2.0]


@pytest.mark.parametrize("merge", ["ab", "a b c", ["a"], ["a", "b", "c"], ["a", 1], 7, None])
def test_a_merge_that_is_not_two_tokens_is_named(merge: Any) -> None:
    about = {"model": {"vocab": {"a": 0, "b": 1}, "merges": [merge]}}
    with pytest.raises(ValueError, match="isn't two tokens"):
        vocabulary.merged(about)


def test_the_line_with_the_version_is_no_merge() -> None:
    about = {"model": {"vocab": {}, "merges": ["#version: 0.2", "a b"]}}
    assert vocabulary.merged(about)[1] == [("a", "b")]


@pytest.mark.parametrize("family", ["Llama 3", "Qwen 3"])
def test_a_gguf_files_merges_are_cut_as_llama_cpp_cuts_them(keras_libraries: None, tmp_path: Path, family: str) -> None:
    name, values = FAMILIES[family][0], values_of(family)
    plain = presets.load(str(write_file(tmp_path / "plain.gguf", name, fields_of(family, b"", MERGES), values)))
    fields = fields_of(family, b"", MERGES)
    fields["tokenizer.ggml.merges"] = [" o n", *MERGES[:4], "o  n", *MERGES[4:]]
    odd = presets.load(str(write_file(tmp_path / "odd.gguf", name, fields, values)))
    for text in ODD:
        assert ids(odd.preprocessor.tokenizer, text) == ids(plain.preprocessor.tokenizer, text), text
    fields["tokenizer.ggml.merges"] = [*MERGES, "on"]
    with pytest.raises(Problem, match="isn't two tokens"):
        presets.load(str(write_file(tmp_path / "damaged.gguf", name, fields, values)))
