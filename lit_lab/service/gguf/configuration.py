"""Translates a GGUF file's header to Hugging Face's `config.json`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import options
from .contents import GgufError, Header
from .options import FAMILIES, GLOBAL, UnfamiliarError
from .rows import rows

MAX_LAYERS = 1_000
MAX_SIZE = 2**20  # of any one dimension

# How Llama 3.1 and 3.2 stretch positions; a file only has the resulting factors.
_LOW, _HIGH, _PRETRAINED = 1.0, 4.0, 8192
# Gemma 3's 4B, 12B and 27B by their layers, with the divisor of their global layers' positions. Ollama's engine decided by the
# layers, whatever the file said (newTextModel in model/models/gemma3/model_text.go, until it was removed); its
# llama/compat/llama-ollama-compat.cpp writes the divisor into files without one.
_STRETCHED = (34, 48, 62)
_OMITTED = 8.0
# The layers of Gemma's 27B, whose queries are divided by another number than their length.
_WIDE = {"gemma2": 46, "gemma3": 62}


def config_of(header: Header) -> dict[str, Any]:
    """Return a model's configuration in the format of transformers.

    Args:
        header: The file's header.

    Raises:
        UnfamiliarError: It isn't one of `FAMILIES`, or has a feature that none of these has.
        GgufError: The file lacks required information.
    """
    family = header.architecture
    if family not in FAMILIES:
        raise UnfamiliarError(f"is a {family[:40]} model")
    if header.fields.get("general.type", "model") != "model":
        raise UnfamiliarError(f"isn't a model by itself ({header.text('general.type')[:40]})")
    options.check(header, family)

    def whole(name: str, default: int | None = None) -> int:
        value = header.whole(f"{family}.{name}")
        if value is None and f"{family}.{name}" not in header.fields:
            value = default
        if value is None:
            raise GgufError(f"doesn't say its {family}.{name}, or not one for all of its layers")
        if not 1 <= value <= MAX_SIZE:
            raise GgufError(f"has an impossible {family}.{name}")
        return value

    embedding = header.tensors.get("token_embd.weight")
    if embedding is None or len(embedding.shape) != 2:
        raise GgufError("has no token_embd.weight, or one of an impossible shape")
    layers, hidden, heads = whole("block_count"), whole("embedding_length"), whole("attention.head_count")
    if layers > MAX_LAYERS or f"blk.{layers - 1}.attn_norm.weight" not in header.tensors:
        raise GgufError(f"declares {layers:,} layers, but doesn't have them")
    lengths = (header.whole(f"{family}.attention.{name}") for name in ("key_length", "head_dim"))
    if hidden % heads and not any(lengths):
        raise GgufError("has an impossible number of heads")
    # The name that Ollama's converter used before it also wrote llama.cpp's.
    length = whole("attention.key_length", header.whole(f"{family}.attention.head_dim") or hidden // heads)
    _check_lengths(header, family, length)
    config: dict[str, Any] = {
        "model_type": {"gemma3": "gemma3_text"}.get(family, family),
        "architectures": ["AutoModelForCausalLM"],
        "vocab_size": embedding.shape[0],
        "hidden_size": hidden,
        "intermediate_size": whole("feed_forward_length"),
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": whole("attention.head_count_kv", heads),
        "head_dim": length,
        "rms_norm_eps": _number(header, f"{family}.attention.layer_norm_rms_epsilon", 1e-6),
        "rope_theta": _number(header, f"{family}.rope.freq_base", 10_000.0),
        "max_position_embeddings": min(header.whole(f"{family}.context_length") or 2048, 2**31),
        "tie_word_embeddings": "output.weight" not in header.tensors,
    }
    config |= _of_family(header, family, config)
    scaling = _scaling(header, family, config)
    if scaling is not None:
        config["rope_scaling"] = scaling
    return config


def _check_lengths(header: Header, family: str, length: int) -> None:
    """Refuse heads whose length isn't the same in all layers and parts."""
    for name in ("value_length", "head_dim", "key_length_swa", "value_length_swa"):
        if header.whole(f"{family}.attention.{name}") not in (None, 0, length):
            raise UnfamiliarError(f"has heads of more than one length ({family}.attention.{name})")
    for name in ("dimension_count", "dimension_count_swa"):
        if header.whole(f"{family}.rope.{name}") not in (None, 0, length):
            raise UnfamiliarError(f"rotates only a part of each head ({family}.rope.{name})")


def _of_family(header: Header, family: str, config: dict[str, Any]) -> dict[str, Any]:
    layers, heads, hidden = (config[name] for name in ("num_hidden_layers", "num_attention_heads", "hidden_size"))
    own: dict[str, Any] = {}
    if family in ("gemma2", "gemma3"):
        own["sliding_window"] = header.whole(f"{family}.attention.sliding_window")
        if not own["sliding_window"]:
            raise UnfamiliarError(f"doesn't declare its layers' window ({family}.attention.sliding_window)")
        own["query_pre_attn_scalar"] = hidden // heads if layers == _WIDE[family] else config["head_dim"]
    if family == "gemma2":
        own["attn_logit_softcapping"] = header.number("gemma2.attn_logit_softcapping") or 50.0
        own["final_logit_softcapping"] = header.number("gemma2.final_logit_softcapping") or 30.0
    if family == "gemma3":
        own["layer_types"] = [
            "sliding_attention" if number % GLOBAL < GLOBAL - 1 else "full_attention" for number in range(layers)
        ]
    if family == "llama" and config["head_dim"] != hidden // heads:
        own["model_type"] = "mistral"  # Keras's Llama can't have heads of another length
    if family == "phi3":
        own["sliding_window"] = header.whole(f"{family}.attention.sliding_window") or None
    return own


def _scaling(header: Header, family: str, config: dict[str, Any]) -> dict[str, Any] | None:
    """Return how positions are stretched; None if they aren't."""
    # llama.cpp's defaults; 0 means 1, and older files call the factor scale_linear.
    way = header.text(f"{family}.rope.scaling.type") or "linear"
    named = (header.number(f"{family}.rope.{name}") for name in ("scaling.factor", "scale_linear"))
    factor = next((float(value) for value in named if value), 1.0)
    if _omits_stretching(header, family, config):
        factor = _OMITTED
    long, short = (header.tensors.get(f"rope_factors_{kind}.weight") for kind in ("long", "short"))
    if long is not None and short is not None:
        factors = {"long_factor": _values(long), "short_factor": _values(short)}
        if way not in ("none", "longrope", "linear") or (way != "none" and factor != 1.0):
            raise UnfamiliarError(f"stretches its positions in two ways ({family}.rope.scaling)")
        if family != "phi3" or any(len(each) != config["head_dim"] // 2 for each in factors.values()):
            raise UnfamiliarError("stretches its positions by factors that its family doesn't have")
        original = header.whole(f"{family}.rope.scaling.original_context_length") or config["max_position_embeddings"]
        config["original_max_position_embeddings"] = original
        _check_attention(header, config, original)
        return {"rope_type": "longrope", **factors}
    _check_attention(header, config, None)
    if long is not None or short is not None or way == "longrope":
        raise UnfamiliarError("stretches its positions by factors, but lacks some of them")
    freqs = header.tensors.get("rope_freqs.weight")
    if freqs is not None:
        if family != "llama" or (way, factor) not in (("linear", 1.0), ("none", factor)):
            raise UnfamiliarError("stretches its positions in two ways")
        return _llama3(_values(freqs), config)
    if way == "none" or (way == "linear" and factor == 1.0):
        return None
    return {"rope_type": way, "factor": factor}


def _omits_stretching(header: Header, family: str, config: dict[str, Any]) -> bool:
    """Whether a file omits that its positions are stretched, as Ollama's files of Gemma 3 do."""
    is_stated = any(
        f"{family}.rope.{name}" in header.fields for name in ("scaling.type", "scaling.factor", "scale_linear")
    )
    return family == "gemma3" and not is_stated and config["num_hidden_layers"] in _STRETCHED


def _check_attention(header: Header, config: dict[str, Any], original: int | None) -> None:
    """Refuse another attention factor than the one that Keras computes."""
    given = header.number(f"{header.architecture}.rope.scaling.attn_factor")
    expected = 1.0
    if original is not None and config["max_position_embeddings"] > original > 1:
        expected = math.sqrt(1 + math.log(config["max_position_embeddings"] / original) / math.log(original))
    if given and not math.isclose(given, expected, rel_tol=1e-3):
        raise UnfamiliarError(f"has another {header.architecture}.rope.scaling.attn_factor than its family ({given:g})")


def _llama3(given: list[float], config: dict[str, Any]) -> dict[str, Any] | None:
    """Return the factors of Llama 3.1's method of stretching positions, if they are exactly those."""
    factor = max(given)
    waves = 2 * math.pi * config["rope_theta"] ** (np.arange(len(given)) * 2 / config["head_dim"])
    smooth = np.clip((_PRETRAINED / waves - _LOW) / (_HIGH - _LOW), 0.0, 1.0)
    expected = 1 / ((1 - smooth) / factor + smooth)
    if len(given) != config["head_dim"] // 2 or not np.allclose(given, expected, rtol=1e-3):
        raise UnfamiliarError("stretches its positions in an unknown way (rope_freqs)")
    if factor == 1.0:
        return None
    return {
        "rope_type": "llama3",
        "factor": factor,
        "low_freq_factor": _LOW,
        "high_freq_factor": _HIGH,
        "original_max_position_embeddings": _PRETRAINED,
    }


def _values(tensor: Any) -> list[float]:
    if tensor.numbers > MAX_SIZE:
        raise GgufError(f"has a {tensor.name} of an impossible size")
    values = np.concatenate([part.reshape(-1) for _, part in rows(tensor, MAX_SIZE)])
    if not np.all(np.isfinite(values)) or np.min(values) <= 0:
        raise GgufError(f"has a {tensor.name} with impossible numbers")
    return [float(value) for value in values]


def _number(header: Header, name: str, default: float) -> float:
    value = header.number(name)
    if value is not None and value <= 0:
        raise GgufError(f"has an impossible {name}")
    # Float32s of decimal fractions: what was written as 1e-6 reads as 9.999999974752427e-07.
    return default if value is None else float(f"{value:.7g}")
