"""Maps a GGUF file's tensors to Hugging Face's names, and their numbers to Hugging Face's order."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Change = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Converts rows of a tensor from a file's order to Hugging Face's."""

_WHOLE = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_qkv": "self_attn.qkv_proj",
    "attn_output": "self_attn.o_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "ffn_norm": "post_attention_layernorm",
}
# Gemma 2 and 3 have a norm before and after attention, and before and after the feed-forward part.
_BOTH_SIDES = {
    "post_attention_norm": "post_attention_layernorm",
    "ffn_norm": "pre_feedforward_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
}
_IN_LAYER = re.compile(r"blk\.(\d{1,4})\.(\w+)\.(weight|bias)")

DERIVED = frozenset({"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"})
"""Tensors that the configuration determines."""


def known_as(name: str, family: str) -> str | None:
    """Return a tensor's name in Hugging Face's format; None if there is no such tensor.

    Args:
        name: Its name in the file.
        family: The file's `general.architecture`.
    """
    stem, _, kind = name.rpartition(".")
    if stem in _WHOLE:
        return f"{_WHOLE[stem]}.{kind}"
    match = _IN_LAYER.fullmatch(name)
    if match is None:
        return None
    number, part, kind = match.groups()
    names = _LAYER | (_BOTH_SIDES if family in ("gemma2", "gemma3") else {})
    if family == "phi3":
        names = names | {"ffn_up": "mlp.gate_up_proj"}
    return f"model.layers.{int(number)}.{names[part]}.{kind}" if part in names else None


def change_of(name: str, family: str, config: dict[str, Any]) -> Change | None:
    """Return what converts a tensor's rows to Hugging Face's; None if they are the same.

    Args:
        name: Its name in the file.
        family: The file's `general.architecture`.
        config: The model's configuration, in Hugging Face's format.
    """
    if family.startswith("gemma") and name.endswith("norm.weight"):
        return lambda values: values - np.float32(1)  # the file has the factor itself, Hugging Face has it minus one
    if family == "llama" and name.startswith("blk."):
        if name.endswith((".attn_q.weight", ".attn_q.bias")):
            return _halves(config["num_attention_heads"])
        if name.endswith((".attn_k.weight", ".attn_k.bias")):
            return _halves(config["num_key_value_heads"])
    return None


def _halves(heads: int) -> Change:
    """Return a function that moves the first halves of each head's pairs before the second halves; a file stores pair after pair."""

    def change(values: NDArray[np.float32]) -> NDArray[np.float32]:
        pairs = values.reshape(heads, -1, 2, *values.shape[1:])
        return pairs.swapaxes(1, 2).reshape(values.shape)

    return change
