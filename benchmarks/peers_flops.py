"""The least arithmetic of a map, of any family, and the rate of the model's products."""

from __future__ import annotations

import time
from typing import Any

import numpy as np


def map_flops(backbone: Any, rows: int, targets: int) -> float:
    """Return the floating-point operations of one target's gradient: forward and backward, without gradients of weights.

    Args:
        backbone: A backbone.
        rows: Tokens that the loss depends on.
        targets: Tokens of the target.
    """
    products = 4 * _block_weights(backbone) * rows
    heads, width = _heads(backbone)
    attention = 3 * 2 * 2 * heads * width * rows * (rows + 1) / 2 * len(backbone.transformer_layers)
    embedding = backbone.token_embedding
    return float(products + attention + 4 * targets * int(embedding.input_dim) * int(embedding.output_dim))


def matrix_rate(backbone: Any, rows: int) -> float:
    """Return the floating-point operations per second of products of `rows` rows with the model's own largest matrices."""
    import tensorflow as tf

    shapes = sorted({tuple(v.shape) for v in backbone.transformer_layers[0].weights if len(v.shape) == 2}, key=np.prod)
    best = 0.0
    for inner, outer in shapes[-2:]:
        # Many matrices, as in a model: none stays in the cache.
        matrices = [tf.random.normal((inner, outer)) for _ in range(16)]
        given = tf.random.normal((rows, inner))

        def multiplied(given: Any, matrices: Any) -> Any:
            return tf.add_n([tf.matmul(given, each)[0, 0] for each in matrices])

        run = tf.function(multiplied, autograph=False)
        for _ in range(6):
            start = time.perf_counter()
            float(run(given, matrices))
            best = max(best, 2 * rows * inner * outer * len(matrices) / (time.perf_counter() - start))
    return best


def _block_weights(backbone: Any) -> int:
    layers = backbone.transformer_layers
    return sum(int(np.prod(v.shape)) for layer in layers for v in layer.weights if len(v.shape) > 1)


def _heads(backbone: Any) -> tuple[int, int]:
    heads = int(getattr(backbone, "num_query_heads", 0) or backbone.num_heads)
    return heads, int(getattr(backbone, "head_dim", 0) or backbone.hidden_dim // heads)
