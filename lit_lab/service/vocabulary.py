"""The vocabulary head: from hidden states to logits."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from .engine.backends import backend

CHUNK = 32_768
"""Rows of the vocabulary at one time: 300 MB of float32 at width 2,304."""


def head_weights(embed: Any) -> Any:
    """Return the weights of a `keras.layers.ReversibleEmbedding`'s reverse, `[vocabulary_size, width]`."""
    tensor = backend().tensor
    return tensor(embed.embeddings) if embed.tie_weights else ops.transpose(tensor(embed.reverse_embeddings))


def logits(embed: Any, hidden: Any, exact: bool = False) -> Any:
    """Return a ReversibleEmbedding's logits, `<float32>[rows, vocabulary_size]`.

    The same as its own reverse, except that Keras first transposes the weights, which outside XLA copies the model's largest
    weight for each token.

    Args:
        embed: The embedding layer.
        hidden: `[rows, width]`.
        exact: Whether weights of half the precision are brought to float32 first, a part at a time; a product in half
            precision is rounded to it, which at a logit of 20 is by up to 0.06.
    """
    if embed.quantization_mode is not None:  # its weights mean nothing without their scales
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
