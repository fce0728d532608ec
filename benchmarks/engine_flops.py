"""How much arithmetic one target's gradient takes, and how fast this machine multiplies matrices.

The count is the least that an exact gradient takes, two operations for each weight and row that affect the result:
all rows in all blocks but the last, which needs only keys and values for the rows before the target's; the vocabulary's
product at the target's rows; the causal half of attention. The backward pass is with respect to activations only.
Norms, softmax and the like don't count, nor does anything that an engine computes twice or on padding.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple


class Flops(NamedTuple):
    """Floating-point operations."""

    forward: float
    backward: float


def target_flops(backbone: Any, rows: int, targets: int) -> float:
    """Return the floating-point operations of one target's gradient, without caches.

    Args:
        backbone: A `GemmaBackbone`.
        rows: The number of tokens that the loss depends on, without the target's last one.
        targets: The target's number of tokens.
    """
    blocks = (backbone.num_layers - 1) * sum(block_flops(backbone, rows))
    return float(blocks + sum(last_block_flops(backbone, rows, targets)) + head_flops(backbone, targets))


def block_flops(backbone: Any, rows: int) -> Flops:
    """Return the operations of a block."""
    keys_values, others = _weights(backbone)
    products = 2 * (keys_values + others) * rows
    attention = _attention(backbone, rows * (rows + 1) / 2)
    return Flops(products + attention, products + 2 * attention)


def last_block_flops(backbone: Any, rows: int, targets: int) -> Flops:
    """Return the operations of the last block: keys and values for all rows, the rest only for the target's rows."""
    keys_values, others = _weights(backbone)
    products = 2 * (keys_values * rows + others * targets)
    attention = _attention(backbone, targets * (rows - (targets - 1) / 2))
    return Flops(products + attention, products + 2 * attention)


def head_flops(backbone: Any, targets: int) -> float:
    """Return the operations of the vocabulary's product, forward and backward."""
    return float(4 * targets * backbone.hidden_dim * backbone.vocabulary_size)


def _weights(backbone: Any) -> tuple[int, int]:
    """Return the number of a block's weights for keys and values, and of its other weights except norms."""
    width = backbone.hidden_dim
    queries = width * backbone.num_query_heads * backbone.head_dim
    keys = width * backbone.num_key_value_heads * backbone.head_dim
    return 2 * keys, 2 * queries + 3 * width * (backbone.intermediate_dim // 2)


def _attention(backbone: Any, pairs: float) -> float:
    """Return the forward operations of attention over this number of token pairs: scores and weighted sums of values."""
    return float(4 * backbone.num_query_heads * backbone.head_dim * pairs)


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
    """Return the median time of one product. Each round repeats it until the time is long enough to measure."""
    work().numpy()
    start = time.perf_counter()
    work().numpy()
    times = max(1, min(2000, round(0.05 / (time.perf_counter() - start))))
    rounds = []
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(times):
            result = work()
        result.numpy()  # a GPU call returns before the computation is done
        rounds.append((time.perf_counter() - start) / times)
    return statistics.median(rounds)
