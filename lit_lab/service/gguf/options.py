"""Checks a GGUF file's options against the arithmetic that LIT Lab computes.

llama.cpp ignores an option that its code for a family doesn't read; so does LIT Lab, where that is known. Any other option that
may change the arithmetic is refused by name, unless its value turns it off.
"""

from __future__ import annotations

import math
from typing import Any

from .contents import Header, Items

FAMILIES = {
    "gemma": "Gemma",
    "gemma2": "Gemma 2",
    "gemma3": "Gemma 3",
    "llama": "Llama 2 and 3, SmolLM, Mistral",
    "phi3": "Phi-3",
    "qwen2": "Qwen 2, Qwen 2.5",
    "qwen3": "Qwen 3",
}
"""The families that can be read, by `general.architecture`."""

# Options that `configuration.py` reads, or that are checked below.
READ = frozenset(
    [
        "attention.causal",
        "attention.head_count",
        "attention.head_count_kv",
        "attention.head_dim",  # in Ollama's Llamas: the same as key_length
        "attention.key_length",
        "attention.key_length_swa",
        "attention.layer_norm_rms_epsilon",
        "attention.sliding_window",
        "attention.sliding_window_pattern",
        "attention.value_length",
        "attention.value_length_swa",
        "attn_logit_softcapping",
        "block_count",
        "context_length",
        "embedding_length",
        "expert_count",
        "feed_forward_length",
        "final_logit_softcapping",
        "pooling_type",
        "rope.dimension_count",
        "rope.dimension_count_swa",
        "rope.freq_base",
        "rope.freq_base_swa",
        "rope.global.freq_base",
        "rope.local.freq_base",
        "rope.scale_linear",
        "rope.scaling.attn_factor",
        "rope.scaling.factor",
        "rope.scaling.original_context_length",
        "rope.scaling.type",
    ]
)
# Options that change nothing in how these families read a text, whatever their values.
HARMLESS = frozenset(
    [
        "attention.layer_norm_epsilon",  # for another kind of norm
        "rope.dimension_sections",  # a text's positions are the same in all of them
        "rope.mrope_section",
        "rope.scaling.finetuned",
        # How "yarn" stretches positions, which is itself refused.
        "rope.scaling.beta_fast",
        "rope.scaling.beta_slow",
        "rope.scaling.extrapolation_factor",
        "rope.scaling.yarn_attn_factor",
        "rope.scaling.yarn_beta_fast",
        "rope.scaling.yarn_beta_slow",
        "rope.scaling.yarn_ext_factor",
        "rope.scaling.yarn_log_multiplier",
        "tensor_data_layout",
        "vocab_size",
    ]
)
# llama.cpp's options for other families. `attention.` and `rope.` cover newer ones, too.
CHANGING = frozenset(
    [
        "activation_sparsity_scale",
        "decoder_block_count",
        "decoder_start_token_id",
        "embedding_length_out",
        "embedding_length_per_layer_input",
        "embedding_scale",
        "features_length",
        "full_attention_interval",
        "hidden_activation",
        "interleave_moe_layer_step",
        "leading_dense_block_count",
        "logit_scale",
        "moe_every_n_layers",
        "moe_latent_size",
        "n_deepstack_layers",
        "nextn_predict_layers",
        "rescale_every_n_layers",
        "residual_scale",
        "router_logit_softcapping",
        "swin_norm",
        "time_decay_extra_dim",
        "time_mix_extra_dim",
        "token_shift_count",
        "use_parallel_residual",
    ]
)
CHANGING_KINDS = (
    "altup.",
    "attention.",
    "classifier.",
    "convnext.",
    "dense_",
    "expert",
    "kda.",
    "posnet.",
    "rope.",
    "shortconv.",
    "ssm.",
    "swiglu_",
    "wkv.",
)
_ONE_IS_NONE = ("embedding_scale", "logit_scale", "residual_scale")

# Properties of Keras's Gemmas, whatever a file says: their waves, and their norms' epsilon.
_WAVES = {"gemma": 10_000.0, "gemma2": 10_000.0, "gemma3": 1_000_000.0}
_LOCAL_WAVES = 10_000.0
_EPSILON = 1e-6
GLOBAL = 6
"""Of so many layers of Gemma 3, the last one has global attention."""


class UnfamiliarError(ValueError):
    """A model's family or shape isn't supported; the message says why, in words that follow "it"."""


def check(header: Header, family: str) -> None:
    """Refuse options that would change the arithmetic, and aren't implemented.

    Args:
        header: A file's header.
        family: Key of `FAMILIES`.

    Raises:
        UnfamiliarError: It has such an option.
        GgufError: It has something else instead of a number.
    """
    if header.whole(f"{family}.expert_count"):
        raise UnfamiliarError("is a mixture of experts")
    if header.fields.get(f"{family}.attention.causal", True) is not True:
        raise _otherwise(f"{family}.attention.causal")
    if header.fields.get(f"{family}.pooling_type", 0) != 0:
        raise _otherwise(f"{family}.pooling_type")
    # The last one comes from Ollama's converter for Gemma 3; neither Ollama nor llama.cpp computes it where there is a window.
    capped = {"gemma2": (), "gemma3": ("attn_logit_softcapping",)}
    for option in capped.get(family, ("attn_logit_softcapping", "final_logit_softcapping")):
        if header.number(f"{family}.{option}"):
            raise _otherwise(f"{family}.{option}")
    for name, value in header.fields.items():
        start, _, option = name.partition(".")
        if start == family and _may_change(option) and not _is_none(option, value):
            raise UnfamiliarError(f"has an unknown option ({name[:60]})")
    if family in _WAVES:
        _check_gemma(header, family)


def _otherwise(name: str) -> UnfamiliarError:
    return UnfamiliarError(f"isn't computed like its family ({name})")


def _may_change(option: str) -> bool:
    if option in READ or option in HARMLESS:
        return False
    return option in CHANGING or option.startswith(CHANGING_KINDS)


def _is_none(option: str, value: Any) -> bool:
    """Whether an option's value turns it off."""
    if isinstance(value, Items):
        return not value.count or (len(value.content) > 0 and not any(value.content))
    return value in (0, "") or (option in _ONE_IS_NONE and value == 1)


def _check_gemma(header: Header, family: str) -> None:
    for option, only in (
        ("rope.freq_base", _WAVES[family]),
        ("rope.freq_base_swa", _LOCAL_WAVES),
        ("rope.global.freq_base", _WAVES[family]),  # Ollama's names for these two
        ("rope.local.freq_base", _LOCAL_WAVES),
        ("attention.layer_norm_rms_epsilon", _EPSILON),
    ):
        value = header.number(f"{family}.{option}")
        if value is not None and not math.isclose(value, only, rel_tol=1e-5):
            raise UnfamiliarError(f"has another {family}.{option} than Keras's {FAMILIES[family]} ({value:g})")
    if "output.weight" in header.tensors:
        raise UnfamiliarError(f"has an output.weight, which Keras's {FAMILIES[family]} doesn't have")
    pattern = header.fields.get("gemma3.attention.sliding_window_pattern", GLOBAL)
    if isinstance(pattern, Items):
        local = [bool(value) for value in pattern.numbers()]
        pattern = GLOBAL if local == [number % GLOBAL < GLOBAL - 1 for number in range(len(local))] else None
    if pattern != GLOBAL:
        raise UnfamiliarError("has other layers with global attention than Keras's Gemma 3")
