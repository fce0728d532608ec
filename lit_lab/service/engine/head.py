"""The vocabulary head, forward and backward at once: each row's loss and its gradient."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..vocabulary import head_weights
from .cut import Cut

_CHUNK = 32_768  # of the vocabulary: 300 MB of float32 at width 2,304
_ROWS = 16  # the vocabulary's product is fastest for a multiple of this, whatever the number of rows asked for


class Head:
    """From hidden states to losses and their gradients, in float32 whatever the weights' precision.

    Rows don't depend on each other, so that one run serves every target within them: a target's gradient is that of
    its rows, and zero elsewhere. Nothing of the size rows by vocabulary outlives a call.

    Its products aren't compiled by XLA, unlike the rest: those of a few rows with a large vocabulary take twice as long
    there. What lies between them is.

    Args:
        cut: The model.
    """

    def __init__(self, cut: Cut) -> None:
        self._embed = cut.embed
        self._between = tf.function(self._losses, jit_compile=True, autograph=False)

    def __call__(self, hidden: Any, labels: Any) -> tuple[Any, Any]:
        """Return the losses in nats, `<float32>[rows]`, and their gradients, `[rows, width]` in `hidden`'s type.

        Args:
            hidden: The model's hidden states, `[rows, width]`.
            labels: The token that each row predicts, `<int32>[rows]`.
        """
        embed = self._embed
        rows = tf.cast(hidden, tf.float32)
        count = rows.shape[0]
        weights = tf.convert_to_tensor(head_weights(embed))
        size = weights.shape[0]
        # Weights of half the precision are brought to float32 a part at a time: all at once would be a copy of the
        # largest weight. In half precision the product is inexact everywhere, and on a CPU slow.
        step = size if weights.dtype == tf.float32 else _CHUNK
        spans = [(at, at + step) for at in range(0, size, step)]
        parts = [weights[at:end] for at, end in spans] if len(spans) > 1 else [weights]
        # Eager products have the fastest form for a multiple of so many rows.
        padded = tf.pad(rows, [[0, -count % _ROWS], [0, 0]])
        wanted = tf.pad(labels, [[0, -count % _ROWS]])
        products = [tf.matmul(tf.cast(part, tf.float32), padded, transpose_b=True) for part in parts]
        products = products[0] if len(products) == 1 else tf.concat(products, axis=0)
        losses, upstream = self._between(products, wanted)
        shares = [upstream[at:end] for at, end in spans] if len(spans) > 1 else [upstream]
        gradients = [
            tf.matmul(share, tf.cast(part, tf.float32), transpose_a=True)
            for share, part in zip(shares, parts, strict=True)
        ]
        return losses[:count], tf.cast(tf.add_n(gradients)[:count], hidden.dtype)

    def _losses(self, products: Any, labels: Any) -> tuple[Any, Any]:
        """Return losses and their gradient with respect to the products, both `[vocabulary_size, rows]`."""
        cap = self._embed.logit_soft_cap
        bent = tf.tanh(products / cap) if cap is not None else None
        logits = products if bent is None else bent * cap
        highest = tf.reduce_max(logits, axis=0)
        powers = tf.exp(logits - highest)
        total = tf.reduce_sum(powers, axis=0)
        losses = highest + tf.math.log(total) - tf.linalg.diag_part(tf.gather(logits, labels))
        is_label = tf.equal(tf.range(tf.shape(products)[0])[:, tf.newaxis], labels)
        upstream = powers / total - tf.cast(is_label, tf.float32)
        return losses, upstream if bent is None else upstream * (1.0 - bent * bent)
