"""How much arithmetic one target's gradient takes, and how fast this machine multiplies matrices."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any


def target_flops(backbone: Any, rows: int, targets: int) -> float:
    """Return the floating-point operations of one target's gradient, from nothing.

    Two for each weight and row, forward and again backward (with respect to activations alone); attention by the
    causal half, its backward twice its forward; the vocabulary's product at the target's rows only. Norms, softmax
    and the like aren't counted.

    Args:
        backbone: A `GemmaBackbone`.
        rows: Tokens that the loss depends on, the target's last left out.
        targets: Tokens of the target.
    """
    heads, width = backbone.num_query_heads * backbone.head_dim, backbone.hidden_dim
    keys = backbone.num_key_value_heads * backbone.head_dim
    weights = 2 * width * heads + 2 * width * keys + 3 * width * (backbone.intermediate_dim // 2)
    attention = 2 * 2 * heads * rows * (rows + 1) / 2
    layers = backbone.num_layers * (2 * 2 * weights * rows + 3 * attention)
    head = 2 * 2 * targets * width * backbone.vocabulary_size
    return float(layers + head)


def matrix_rates(backbone: Any, rows: int) -> dict[str, float]:
    """Return floating-point operations per second for the products of the model's own layers, eager and under XLA."""
    import tensorflow as tf

    width, inner = backbone.hidden_dim, backbone.intermediate_dim // 2
    heads = backbone.num_query_heads * backbone.head_dim
    rates = {}
    for inputs, outputs in ((width, inner), (inner, width), (width, heads)):
        left = tf.cast(tf.random.stateless_normal((rows, inputs), [1, 2]), backbone.compute_dtype)
        right = tf.cast(tf.random.stateless_normal((inputs, outputs), [3, 4]), backbone.compute_dtype)
        compiled = tf.function(tf.matmul, jit_compile=True, autograph=False)
        for name, product in (("eager", tf.matmul), ("xla", compiled)):
            seconds = _seconds(partial(product, left, right))
            rates[f"{rows}x{inputs}x{outputs} {name}"] = 2 * rows * inputs * outputs / seconds
    return rates


def _seconds(work: Callable[[], Any]) -> float:
    """Return the median time of one product; each round repeats it for long enough to be measured."""
    work().numpy()
    start = time.perf_counter()
    work().numpy()
    times = max(1, min(2000, round(0.05 / (time.perf_counter() - start))))
    rounds = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(times):
            result = work()
        result.numpy()  # a GPU answers before it is done
        rounds.append((time.perf_counter() - start) / times)
    return statistics.median(rounds)
