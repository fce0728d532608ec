"""GGUF files that LIT Lab refuses, and the reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf_files import FAMILIES, fields_of, values_of, write
from gguf_models import MERGES, file_of, refused

from lit_lab.problem import Problem
from lit_lab.service import presets


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
    fields = fields_of(family, sentencepiece_proto, MERGES)  # Gemma's tokenizer, for both
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
