"""Small GGUF files, written with the `gguf` package as llama.cpp's converter writes them from Hugging Face's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hugging_face import MODELS, byte_level, tensors
from numpy.typing import NDArray

LLAMA3 = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA3 |= {"original_max_position_embeddings": 8192}

# By the family's name in docs/models.md: its architecture, and settings that llama.cpp assumes.
FAMILIES: dict[str, tuple[str, dict[str, Any]]] = {
    "Gemma": ("gemma", {}),
    "Gemma 2": ("gemma2", {}),
    "Gemma 3, text": ("gemma3", {}),
    "Llama 2, Vicuna": ("llama", {}),
    "Llama 3": ("llama", {"rope_parameters": LLAMA3}),
    "SmolLM, SmolLM 2": ("llama", {}),
    "Mistral": ("llama", {}),
    "Phi-3": ("phi3", {}),
    "Phi-3.5": ("phi3", {}),
    "Qwen 2, Qwen 2.5": ("qwen2", {}),
    "Qwen 3": ("qwen3", {}),
}
PRE = {"Llama 3": "llama-bpe", "SmolLM, SmolLM 2": "smollm", "Qwen 2, Qwen 2.5": "qwen2", "Qwen 3": "qwen2"}
_KINDS = {"normal": 1, "unknown": 2, "control": 3, "own": 4, "byte": 6}


def config_of(family: str) -> dict[str, Any]:
    """Return the written model's configuration in Hugging Face's form."""
    config: dict[str, Any] = MODELS[family]["config"] | FAMILIES[family][1]
    return config


def values_of(family: str) -> dict[str, NDArray[np.float32]]:
    """Return a family's weights as a file stores them, by llama.cpp's names."""
    import gguf

    name, _ = FAMILIES[family]
    config = config_of(family)
    kind = next(each for each, word in gguf.MODEL_ARCH_NAMES.items() if word == name)
    names = gguf.get_tensor_name_map(kind, config["num_hidden_layers"])
    result = {}
    for theirs, value in tensors(family).items():
        ours = names.get_name(theirs, try_suffixes=(".weight", ".bias"))
        assert ours is not None, theirs
        if name.startswith("gemma") and theirs.endswith("norm.weight"):
            value = value + np.float32(1)
        if name == "llama" and ".q_proj" in theirs:
            value = _by_pairs(value, config["num_attention_heads"])
        if name == "llama" and ".k_proj" in theirs:
            value = _by_pairs(value, config["num_key_value_heads"])
        result[ours] = value
    if family == "Llama 3":
        result["rope_freqs.weight"] = _lengthened(config)
    if family == "Phi-3.5":
        for length in ("long", "short"):
            result[f"rope_factors_{length}.weight"] = np.float32(config["rope_parameters"][f"{length}_factor"])
    return result


def _by_pairs(value: NDArray[Any], heads: int) -> NDArray[Any]:
    return value.reshape(heads, 2, -1, *value.shape[1:]).swapaxes(1, 2).reshape(value.shape)


def _lengthened(config: dict[str, Any]) -> NDArray[np.float32]:
    """Return the divisors of Llama 3.1's frequencies, by its authors' formula."""
    about = config["rope_parameters"]
    length = config["hidden_size"] // config["num_attention_heads"]
    factors = []
    for number in range(0, length, 2):
        wave = 2 * np.pi * about["rope_theta"] ** (number / length)
        trained = about["original_max_position_embeddings"]
        if wave < trained / about["high_freq_factor"]:
            factors.append(1.0)
        elif wave > trained / about["low_freq_factor"]:
            factors.append(about["factor"])
        else:
            smooth = (trained / wave - about["low_freq_factor"]) / (
                about["high_freq_factor"] - about["low_freq_factor"]
            )
            factors.append(1 / ((1 - smooth) / about["factor"] + smooth))
    return np.float32(factors)


def fields_of(family: str, proto: bytes, merges: list[str]) -> dict[str, Any]:
    """Return a file's fields for a family's small model, including its tokenizer."""
    name, _ = FAMILIES[family]
    config = config_of(family)
    fields: dict[str, Any] = {
        f"{name}.context_length": config["max_position_embeddings"],
        f"{name}.embedding_length": config["hidden_size"],
        f"{name}.block_count": config["num_hidden_layers"],
        f"{name}.feed_forward_length": config["intermediate_size"],
        f"{name}.attention.head_count": config["num_attention_heads"],
        f"{name}.attention.head_count_kv": config["num_key_value_heads"],
        f"{name}.attention.layer_norm_rms_epsilon": float(config["rms_norm_eps"]),
    }
    parameters = config.get("rope_parameters") or {}
    theta = parameters.get("rope_theta", config.get("rope_theta"))
    if name == "gemma3":
        theta = 1_000_000.0
    if theta is not None:
        fields[f"{name}.rope.freq_base"] = float(theta)
    if config.get("head_dim") is not None:
        fields |= {
            f"{name}.attention.key_length": config["head_dim"],
            f"{name}.attention.value_length": config["head_dim"],
        }
    if name in ("gemma2", "gemma3"):
        fields[f"{name}.attention.sliding_window"] = config["sliding_window"]
    if name == "gemma2":
        fields[f"{name}.attn_logit_softcapping"] = float(config["attn_logit_softcapping"])
        fields[f"{name}.final_logit_softcapping"] = float(config["final_logit_softcapping"])
    if family == "Phi-3.5":
        fields[f"{name}.rope.scaling.original_context_length"] = config["original_max_position_embeddings"]
    if family in PRE:
        return fields | byte_level_fields(merges, PRE[family])
    return fields | sentence_piece_fields(proto)


def sentence_piece_fields(proto: bytes) -> dict[str, Any]:
    """Return a file's fields for a SentencePiece tokenizer."""
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_proto=proto)
    pieces = [processor.id_to_piece(id) for id in range(processor.get_piece_size())]
    kinds = []
    for id, piece in enumerate(pieces):
        if processor.is_unknown(id):
            kind = "unknown"
        elif processor.is_control(id) or piece in ("<start_of_turn>", "<end_of_turn>"):
            kind = "control"
        elif processor.is_byte(id):
            kind = "byte"
        else:
            kind = "own" if piece in ("\n", "\n\n") else "normal"
        kinds.append(_KINDS[kind])
    # Added tokens, which aren't part of the vocabulary itself, have real blanks.
    words = [
        piece.replace("▁", " ") if kind == _KINDS["own"] else piece for piece, kind in zip(pieces, kinds, strict=True)
    ]
    return {
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.scores": [float(processor.get_score(id)) for id in range(len(pieces))],
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.unknown_token_id": 3,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_space_prefix": False,
    }


def byte_level_fields(merges: list[str], pre: str) -> dict[str, Any]:
    """Return a file's fields for a byte-level tokenizer."""
    about = byte_level(merges)
    words = dict(about["model"]["vocab"])
    words |= {each["content"]: each["id"] for each in about["added_tokens"]}
    whole = {each["id"] for each in about["added_tokens"]}
    fields: dict[str, Any] = {
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": pre,
        "tokenizer.ggml.tokens": sorted(words, key=words.__getitem__),
        "tokenizer.ggml.token_type": [_KINDS["control" if id in whole else "normal"] for id in range(len(words))],
        "tokenizer.ggml.merges": merges,
        "tokenizer.ggml.eos_token_id": words["<|eot_id|>"],
    }
    if pre == "llama-bpe":
        fields["tokenizer.ggml.bos_token_id"] = words["<|begin_of_text|>"]
    return fields


def write(
    file: Path,
    architecture: str,
    fields: dict[str, Any],
    values: dict[str, NDArray[Any]],
    kind: str = "F32",
    part_size: int = 0,
) -> Path:
    """Write a file, or several parts of one, and return the first.

    Args:
        file: The file, without the suffix of a part's name.
        architecture: `general.architecture`.
        fields: Its other fields.
        values: Weights, by llama.cpp's names.
        kind: The type that stores weights of more than one dimension.
        part_size: Weights of a part. 0: a single file.
    """
    import gguf

    quantization = gguf.GGMLQuantizationType[kind]
    writer = gguf.GGUFWriter(file, architecture, split_max_tensors=part_size)
    for name, value in fields.items():
        if isinstance(value, bool):
            writer.add_bool(name, value)
        elif isinstance(value, int):
            writer.add_uint32(name, value)
        elif isinstance(value, float):
            writer.add_float32(name, value)
        elif isinstance(value, str):
            writer.add_string(name, value)
        else:
            writer.add_array(name, value)
    for name, value in values.items():
        if value.ndim == 1 or kind == "F32":
            writer.add_tensor(name, value)
        else:
            writer.add_tensor(name, gguf.quants.quantize(value, quantization), raw_dtype=quantization)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    if not part_size:
        return file
    return next(iter(sorted(file.parent.glob(f"{file.stem}-00001-of-*.gguf"))))
