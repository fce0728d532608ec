"""The vocabulary head, which computes logits from hidden states."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .engine.backends import backend

CHUNK = 32_768
"""Rows of the vocabulary that are cast at one time: 300 MB of float32 at width 2,304."""


def head_weights(embed: Any) -> Any:
    """Return the weights by which a `keras.layers.ReversibleEmbedding` computes logits, `[vocabulary_size, width]`."""
    tensor = backend().tensor
    return tensor(embed.embeddings) if embed.tie_weights else ops.transpose(tensor(embed.reverse_embeddings))


def logits(embed: Any, hidden: Any, exact: bool = False) -> Any:
    """Return a ReversibleEmbedding's logits, `<float32>[rows, vocabulary_size]`.

    The result is that of `embed(hidden, reverse=True)`. Keras first transposes the weights there, which outside XLA copies
    the model's largest weight for each token.

    Args:
        embed: The embedding layer.
        hidden: Hidden states, `[rows, width]`.
        exact: Whether to cast half-precision weights to float32 first, one chunk at a time. A product in half precision
            has a rounding error of up to 0.06 at a logit of 20.
    """
    if embed.quantization_mode is not None:  # the weights need their scales
        return ops.cast(embed(hidden, reverse=True), "float32")
    matmul = backend().matmul
    weights = head_weights(embed)
    if exact and keras.backend.standardize_dtype(weights.dtype) != "float32":
        rows = ops.cast(hidden, "float32")
        parts = [weights[at : at + CHUNK] for at in range(0, weights.shape[0], CHUNK)]
        product = ops.concatenate([matmul(rows, ops.cast(part, "float32"), transpose_b=True) for part in parts], axis=1)
    else:
        product = ops.cast(matmul(ops.cast(hidden, weights.dtype), weights, transpose_b=True), "float32")
    return soft_cap(embed, product)


def logits_at(embed: Any, hidden: Any, places: Any) -> Any:
    """Return the exact logits of some tokens after one row, `<float32>[num_tokens]`.

    Args:
        embed: The embedding layer, not quantized.
        hidden: `[width]`.
        places: The tokens, `<int32>[num_tokens]`.
    """
    weights = ops.cast(ops.take(head_weights(embed), places, axis=0), "float32")
    return soft_cap(embed, ops.matmul(weights, ops.cast(hidden, "float32")))


def soft_cap(embed: Any, product: Any) -> Any:
    """Return logits from products with the weights: some families, such as Gemma 2, cap them."""
    cap = embed.logit_soft_cap
    return product if cap is None else ops.tanh(product / cap) * cap
