"""What Hugging Face's `config.json` would say of a GGUF file's model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .header import GgufError, Header, Items, rows

FAMILIES = {
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3": "Gemma 3",
    "llama": "Llama 2 and 3, SmolLM, Mistral",
    "phi3": "Phi-3",
    "qwen2": "Qwen 2, Qwen 2.5",
    "qwen3": "Qwen 3",
}
"""What is read, by `general.architecture`."""

MAX_LAYERS = 1_000
MAX_SIZE = 2**20  # of any one dimension

# Llama 3.1's and 3.2's way of stretching their positions, of which a file has what it leads to alone.
_LOW, _HIGH, _PRETRAINED = 1.0, 4.0, 8192
# What Keras's Gemmas have, whatever a file says: their waves, and their norms' epsilon.
_WAVES = {"gemma": 10_000.0, "gemma2": 10_000.0, "gemma3": 1_000_000.0}
_LOCAL_WAVES = 10_000.0
_EPSILON = 1e-6
_GLOBAL = 6  # of so many layers of Gemma 3, the last looks at everything
# What a file may say that changes nothing, or is looked at below. What else it says of attention and positions isn't known.
_KNOWN = frozenset(
    [
        "attention.head_count",
        "attention.head_count_kv",
        "attention.key_length",
        "attention.value_length",
        "attention.layer_norm_rms_epsilon",
        "attention.sliding_window",
        "attention.sliding_window_pattern",
        "attention.causal",
        "rope.freq_base",
        "rope.freq_base_swa",
        "rope.global.freq_base",
        "rope.local.freq_base",
        "rope.dimension_count",
        "rope.scale_linear",
        "rope.scaling.type",
        "rope.scaling.factor",
        "rope.scaling.original_context_length",
        "rope.scaling.finetuned",
        "rope.scaling.attn_factor",
    ]
)
# What a file may say only so, since these families' arithmetic has none of it.
_WITHOUT: dict[str, tuple[float, ...]] = {"attention.causal": (True,), "pooling_type": (0,)}
_WITHOUT |= dict.fromkeys(("logit_scale", "embedding_scale", "residual_scale"), (0.0, 1.0))
# The layers of Gemma's 27B, whose queries are divided by another number than their length.
_WIDE = {"gemma2": 46, "gemma3": 62}


class UnfamiliarError(ValueError):
    """A model is of a family, or of a shape, that isn't read; says why, in words that follow “it”."""


def config_of(header: Header) -> dict[str, Any]:
    """Return a model's configuration as transformers writes it.

    Args:
        header: What its file says.

    Raises:
        UnfamiliarError: It isn't one of `FAMILIES`, or has what none of these has.
        GgufError: The file doesn't say what it has to.
    """
    family = header.architecture
    if family not in FAMILIES:
        raise UnfamiliarError(f"is a {family[:40]} model")
    if header.fields.get("general.type", "model") != "model":
        raise UnfamiliarError(f"is no model by itself ({header.text('general.type')[:40]})")
    _check_options(header, family)

    def whole(name: str, default: int | None = None) -> int:
        value = header.whole(f"{family}.{name}")
        if value is None and f"{family}.{name}" not in header.fields:
            value = default
        if value is None:
            raise GgufError(f"doesn't say its {family}.{name}, or not one for all of its layers")
        if not 1 <= value <= MAX_SIZE:
            raise GgufError(f"has no possible {family}.{name}")
        return value

    embedding = header.tensors.get("token_embd.weight")
    if embedding is None or len(embedding.shape) != 2:
        raise GgufError("has no token_embd.weight, or one of no possible shape")
    layers, hidden, heads = whole("block_count"), whole("embedding_length"), whole("attention.head_count")
    if layers > MAX_LAYERS or f"blk.{layers - 1}.attn_norm.weight" not in header.tensors:
        raise GgufError(f"says that it has {layers:,} layers, and hasn't")
    if hidden % heads and header.whole(f"{family}.attention.key_length") is None:
        raise GgufError("has no possible number of heads")
    length = whole("attention.key_length", hidden // heads)
    if header.whole(f"{family}.attention.value_length") not in (None, length):
        raise UnfamiliarError("has values of another length than its keys'")
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
    # What a part of a head's length is turned by, none of these families has.
    if header.whole(f"{family}.rope.dimension_count") not in (None, 0, length):
        raise UnfamiliarError("turns a part of each head only")
    config |= _of_family(header, family, config)
    scaling = _scaling(header, family, config)
    if scaling is not None:
        config["rope_scaling"] = scaling
    return config


def _check_options(header: Header, family: str) -> None:
    """Refuse what would change the arithmetic, and isn't done here."""
    if header.whole(f"{family}.expert_count"):
        raise UnfamiliarError("is a mixture of experts")
    for name, value in header.fields.items():
        start, _, option = name.partition(".")
        if start != family:
            continue
        if option in _WITHOUT and value not in _WITHOUT[option]:
            raise UnfamiliarError(f"isn't computed as its family is ({name[:60]})")
        if option.startswith(("attention.", "rope.")) and option not in _KNOWN:
            raise UnfamiliarError(f"has an option that isn't known here ({name[:60]})")
    if family not in _WAVES:
        return
    for option, only in (
        ("rope.freq_base", _WAVES[family]),
        ("rope.freq_base_swa", _LOCAL_WAVES),
        ("rope.global.freq_base", _WAVES[family]),  # as Ollama writes these two
        ("rope.local.freq_base", _LOCAL_WAVES),
        ("attention.layer_norm_rms_epsilon", _EPSILON),
    ):
        value = header.number(f"{family}.{option}")
        if value is not None and not math.isclose(value, only, rel_tol=1e-5):
            raise UnfamiliarError(f"has another {family}.{option} than Keras's {FAMILIES[family]} ({value:g})")
    if "output.weight" in header.tensors:
        raise UnfamiliarError(f"has an output.weight, as no {FAMILIES[family]} of Keras's has")
    pattern = header.fields.get("gemma3.attention.sliding_window_pattern", _GLOBAL)
    if isinstance(pattern, Items):
        local = [bool(value) for value in pattern.numbers()]
        pattern = _GLOBAL if local == [number % _GLOBAL < _GLOBAL - 1 for number in range(len(local))] else None
    if pattern != _GLOBAL:
        raise UnfamiliarError("has other layers that look at everything than Keras's Gemma 3")


def _of_family(header: Header, family: str, config: dict[str, Any]) -> dict[str, Any]:
    layers, heads, hidden = (config[name] for name in ("num_hidden_layers", "num_attention_heads", "hidden_size"))
    own: dict[str, Any] = {}
    if family in ("gemma2", "gemma3"):
        own["sliding_window"] = header.whole(f"{family}.attention.sliding_window")
        if not own["sliding_window"]:
            raise UnfamiliarError(f"doesn't say how far its layers look ({family}.attention.sliding_window)")
        own["query_pre_attn_scalar"] = hidden // heads if layers == _WIDE[family] else config["head_dim"]
        for name in ("attn_logit_softcapping", "final_logit_softcapping"):
            given = header.number(f"{family}.{name}")
            default = {"attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0}[name]
            own[name] = given or (default if family == "gemma2" else None)
    if family == "gemma3":
        own["layer_types"] = [
            "sliding_attention" if number % _GLOBAL < _GLOBAL - 1 else "full_attention" for number in range(layers)
        ]
    if family == "llama" and config["head_dim"] != hidden // heads:
        own["model_type"] = "mistral"  # Keras's Llama has no heads of another length
    if family == "phi3":
        own["sliding_window"] = header.whole(f"{family}.attention.sliding_window") or None
    return own


def _scaling(header: Header, family: str, config: dict[str, Any]) -> dict[str, Any] | None:
    """Return how positions are stretched; None: they aren't."""
    # llama.cpp's own defaults; 0 stands for 1, and scale_linear is what older files call the factor.
    way = header.text(f"{family}.rope.scaling.type") or "linear"
    named = (header.number(f"{family}.rope.{name}") for name in ("scaling.factor", "scale_linear"))
    factor = next((float(value) for value in named if value), 1.0)
    long, short = (header.tensors.get(f"rope_factors_{kind}.weight") for kind in ("long", "short"))
    if long is not None and short is not None:
        factors = {"long_factor": _values(long), "short_factor": _values(short)}
        if family != "phi3" or any(len(each) != config["head_dim"] // 2 for each in factors.values()):
            raise UnfamiliarError("stretches its positions by factors that its family hasn't")
        original = header.whole(f"{family}.rope.scaling.original_context_length") or config["max_position_embeddings"]
        config["original_max_position_embeddings"] = original
        return {"rope_type": "longrope", **factors}
    if long is not None or short is not None or way == "longrope":
        raise UnfamiliarError("stretches its positions by factors, and hasn't all of them")
    freqs = header.tensors.get("rope_freqs.weight")
    if freqs is not None:
        if family != "llama" or (way, factor) not in (("linear", 1.0), ("none", factor)):
            raise UnfamiliarError("stretches its positions in two ways")
        return _llama3(_values(freqs), config)
    if way == "none" or (way == "linear" and factor == 1.0):
        return None
    return {"rope_type": way, "factor": factor}


def _llama3(given: list[float], config: dict[str, Any]) -> dict[str, Any] | None:
    """Return what each wave is lengthened by as Llama 3.1 says it, where that is what it says."""
    factor = max(given)
    waves = 2 * math.pi * config["rope_theta"] ** (np.arange(len(given)) * 2 / config["head_dim"])
    smooth = np.clip((_PRETRAINED / waves - _LOW) / (_HIGH - _LOW), 0.0, 1.0)
    expected = 1 / ((1 - smooth) / factor + smooth)
    if len(given) != config["head_dim"] // 2 or not np.allclose(given, expected, rtol=1e-3):
        raise UnfamiliarError("stretches its positions in a way of its own (rope_freqs)")
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
        raise GgufError(f"has a {tensor.name} of no possible size")
    values = np.concatenate([part.reshape(-1) for _, part in rows(tensor, MAX_SIZE)])
    if not np.all(np.isfinite(values)) or np.min(values) <= 0:
        raise GgufError(f"has a {tensor.name} of no possible numbers")
    return [float(value) for value in values]


def _number(header: Header, name: str, default: float) -> float:
    value = header.number(name)
    if value is not None and value <= 0:
        raise GgufError(f"has no possible {name}")
    # Float32s of decimal fractions: 1e-6 was written, and 9.999999974752427e-07 is read.
    return default if value is None else float(f"{value:.7g}")
