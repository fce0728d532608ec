"""The least arithmetic of a map, of any family, and the rate of the model's products in TensorFlow. Part of `peers.py`.

python benchmarks/peers_flops.py REQUEST
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import numpy as np
import peers_child

from lit_lab.service import libraries

ROUNDS = 6


def map_flops(backbone: Any, rows: int, targets: int) -> float:
    """Return the floating-point operations of one target's gradient: forward and backward, without gradients of weights.

    The last block computes keys and values of all rows, and the rest at the target's rows alone.

    Args:
        backbone: A backbone.
        rows: Tokens that the loss depends on.
        targets: Tokens of the target.
    """
    *blocks, last = backbone.transformer_layers
    keys_values = _weights(last, "key", "value")
    products = 4 * (rows * sum(map(_weights, blocks)) + rows * keys_values + targets * (_weights(last) - keys_values))
    heads = int(getattr(backbone, "num_query_heads", 0) or backbone.num_heads)
    width = int(getattr(backbone, "head_dim", 0) or backbone.hidden_dim // heads)
    pairs = len(blocks) * rows * (rows + 1) / 2 + targets * (rows - (targets - 1) / 2)
    attention = 3 * 2 * 2 * heads * width * pairs
    embedding = backbone.token_embedding
    return float(products + attention + 4 * targets * int(embedding.input_dim) * int(embedding.output_dim))


def matrix_shapes(backbone: Any) -> list[list[int]]:
    """Return the shapes of the two largest kinds of the model's own matrices."""
    shapes = {tuple(map(int, v.shape)) for v in backbone.transformer_layers[0].weights if len(v.shape) == 2}
    return [list(shape) for shape in sorted(shapes, key=np.prod)[-2:]]


def matrix_rate(shapes: list[list[int]], rows: int, precision: str) -> float:
    """Return the floating-point operations per second of products of `rows` rows with matrices of these shapes, at best."""
    import tensorflow as tf

    best = 0.0
    for inner, outer in shapes:
        # Many matrices, as in a model: none stays in the cache.
        matrices = [tf.cast(tf.random.normal((inner, outer)), precision) for _ in range(16)]
        given = tf.cast(tf.random.normal((rows, inner)), precision)

        def multiplied(given: Any, matrices: Any) -> Any:
            return tf.add_n([tf.matmul(given, each)[0, 0] for each in matrices])

        run = tf.function(multiplied, autograph=False)
        for _ in range(ROUNDS):
            start = time.perf_counter()
            float(run(given, matrices))
            best = max(best, 2 * rows * inner * outer * len(matrices) / (time.perf_counter() - start))
    return best


def _weights(layer: Any, *names: str) -> int:
    """Return how many numbers a layer's matrices have; with names, those whose path contains one."""
    chosen = [v for v in layer.weights if len(v.shape) > 1 and (not names or any(name in v.path for name in names))]
    return sum(int(np.prod(v.shape)) for v in chosen)


def main() -> None:
    """Load a model, and print JSON."""
    asked = peers_child.request()
    threads = int(os.environ["OMP_NUM_THREADS"])
    libraries.set_environment(threads, "tensorflow")
    libraries.import_backend(threads, "tensorflow")
    libraries.import_keras()
    from faithfulness_runs import load

    causal_lm = load(asked["model"], "bfloat16").causal_lm
    backbone = causal_lm.backbone
    shapes = matrix_shapes(backbone)
    found = {
        "flops": map_flops(backbone, asked["rows"], asked["targets"]),
        "shapes": shapes,
        "parameters": int(causal_lm.count_params()),
    }
    found |= {
        f"rate_{precision}": matrix_rate(shapes, asked["rows"], precision) for precision in ("float32", "bfloat16")
    }
    print(json.dumps(found), flush=True)
    os._exit(0)  # at once, because unloading a large model takes seconds


if __name__ == "__main__":
    main()
