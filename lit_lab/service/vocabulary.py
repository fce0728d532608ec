"""The vocabulary head: from hidden states to logits."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def head_weights(embed: Any) -> Any:
    """Return the weights of a `keras.layers.ReversibleEmbedding`'s reverse, `[vocabulary_size, width]`."""
    return embed.embeddings.value if embed.tie_weights else tf.transpose(embed.reverse_embeddings.value)


def logits(embed: Any, hidden: Any) -> Any:
    """Return a ReversibleEmbedding's logits, `<float32>[rows, vocabulary_size]`.

    The same as its own reverse, but for how: Keras transposes the weights first, which outside of XLA is a copy of the
    model's largest weight for each token.

    Args:
        embed: The embedding layer.
        hidden: `[rows, width]`.
    """
    weights = head_weights(embed)
    product = tf.cast(tf.matmul(tf.cast(hidden, weights.dtype), weights, transpose_b=True), tf.float32)
    cap = embed.logit_soft_cap
    return product if cap is None else tf.tanh(product / cap) * cap
