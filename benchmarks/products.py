"""How fast does this machine multiply the models' own matrices, in float32 and in bfloat16?

    python benchmarks/products.py

Rates in GFLOP/s, by TensorFlow's own operation (oneDNN, where TensorFlow uses it) and by XLA, for each matrix of a block with the numbers of
rows that effects have: the answer after a known prompt, a whole run, and a batch of edited prompts. `head` is the vocabulary's matrix in parts,
as `LabelLosses` reads it; `all losses` is that class itself, sums included. The ways take turns, and medians count.

`blocks` and `effects` say what half precision can gain at most: the time of all products of one pass, in bfloat16 over float32, by the quicker of
both ways; for `effects` with the head, which is computed in float32 in both cases.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lit_lab.service import libraries

ROUNDS = 7
SECONDS = 0.05  # of one measurement at least
ANSWER = 40  # tokens
ROWS = {"answer": ANSWER, "run": 290, "batch": 1_024}
HEAD_ROWS = 240  # of one call: six answers
WAYS = ("tf float32", "tf bfloat16", "xla float32", "xla bfloat16")


@dataclass(frozen=True)
class Shape:
    """A model's matrices.

    Attributes:
        layers: The number of blocks.
        matrices: By name, those of a block: numbers of rows and columns, and how many of them there are.
        vocabulary: The vocabulary's size.
        width: The width of hidden states.
    """

    layers: int
    matrices: dict[str, tuple[int, int, int]]
    vocabulary: int
    width: int


def shape(layers: int, width: int, queries: int, keys: int, between: int, vocabulary: int) -> Shape:
    """Return the matrices of a model with gated feed-forward layers."""
    matrices = {
        "query": (width, queries, 1),
        "key, value": (width, keys, 2),
        "output": (queries, width, 1),
        "gate, up": (width, between, 2),
        "down": (between, width, 1),
    }
    return Shape(layers, matrices, vocabulary, width)


MODELS = {
    "gemma3": ("Gemma 3 270M", shape(18, 640, 1_024, 256, 2_048, 262_144)),
    "smollm2": ("SmolLM2 135M", shape(30, 576, 576, 192, 1_536, 49_152)),
}


def seconds_of(ways: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the median seconds of one call of each of several functions, which take turns."""
    counts = {}
    for name, call in ways.items():
        call()  # traced and compiled
        started = time.perf_counter()
        call()
        counts[name] = max(1, round(SECONDS / max(1e-6, time.perf_counter() - started)))
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, call in ways.items():
            started = time.perf_counter()
            for _ in range(counts[name]):
                call()
            found[name].append((time.perf_counter() - started) / counts[name])
    return {name: statistics.median(each) for name, each in found.items()}


def product_seconds(rows: int, given: int, columns: int, rounds: int, transposed: bool = False) -> dict[str, float]:
    """Return the seconds of one product by each way."""
    import tensorflow as tf

    random = np.random.default_rng(0)
    left = random.normal(size=(rows, given)).astype(np.float32)
    right = random.normal(size=(columns, given) if transposed else (given, columns)).astype(np.float32)

    def multiply(one: Any, other: Any) -> Any:
        return tf.matmul(one, other, transpose_b=transposed)

    ways = {}
    for dtype in (tf.float32, tf.bfloat16):
        values = tf.constant(left, dtype), tf.constant(right, dtype)
        for name, compiles in (("tf", False), ("xla", True)):
            function = tf.function(multiply, jit_compile=compiles, autograph=False)
            ways[f"{name} {dtype.name}"] = _timed(function, values)
    return seconds_of(ways, rounds)


def _timed(function: Any, values: tuple[Any, ...]) -> Callable[[], Any]:
    # A single number of the result waits for all of it, and is quickly copied.
    return lambda: function(*values)[0, 0].numpy()


def head_seconds(made: Shape, rounds: int) -> dict[str, float]:
    """Return the seconds of the losses of some rows, as effects compute them."""
    import keras

    from lit_lab.service.vocabulary import LabelLosses

    embed = keras.layers.ReversibleEmbedding(made.vocabulary, made.width, embeddings_initializer="ones")
    embed.build()
    losses = LabelLosses(embed)
    hidden = keras.ops.ones((HEAD_ROWS, made.width))
    labels = np.zeros(HEAD_ROWS, np.int32)
    return seconds_of({"tf float32": lambda: np.asarray(losses(hidden, labels))}, rounds)


def measure(made: Shape, rounds: int) -> dict[str, Any]:
    """Return a model's rates, and what half precision can gain."""
    from lit_lab.service.vocabulary import VOCABULARY_PART

    rates: dict[str, dict[str, float]] = {}
    totals: dict[str, dict[str, float]] = {}
    for rows_name, rows in ROWS.items():
        spent = dict.fromkeys(WAYS, 0.0)
        for name, (given, columns, count) in made.matrices.items():
            seconds = product_seconds(rows, given, columns, rounds)
            rates[f"{rows_name}: {name} {given} x {columns}"] = {
                way: 2e-9 * rows * given * columns / each for way, each in seconds.items()
            }
            for way in WAYS:
                spent[way] += made.layers * count * seconds[way]
        totals[rows_name] = spent
    part = product_seconds(HEAD_ROWS, made.width, VOCABULARY_PART, rounds, transposed=True)
    flops = 2e-9 * HEAD_ROWS * made.width
    rates[f"head {made.width} x {VOCABULARY_PART}"] = {
        way: flops * VOCABULARY_PART / each for way, each in part.items()
    }
    losses = head_seconds(made, rounds)
    rates["all losses"] = {way: flops * made.vocabulary / each for way, each in losses.items()}
    blocks = {
        name: {dtype: min(spent[f"{way} {dtype}"] for way in ("tf", "xla")) for dtype in ("float32", "bfloat16")}
        for name, spent in totals.items()
    }
    # A batch's sequences have about 70 tokens, of which the answer's need the head.
    head = losses["tf float32"] / HEAD_ROWS * ROWS["batch"] * ANSWER / 70
    return {
        "rates": rates,
        "blocks_s": blocks,
        "blocks": {name: each["bfloat16"] / each["float32"] for name, each in blocks.items()},
        "head_s": head,
        "effects": (blocks["batch"]["bfloat16"] + head) / (blocks["batch"]["float32"] + head),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", default=",".join(MODELS), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="default: all cores, %(default)s")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    libraries.set_environment(options.threads)
    libraries.import_backend(options.threads)
    libraries.import_keras()
    import tensorflow as tf

    from lit_lab.service.engine.processor import multiplies_bfloat16

    tf.get_logger().setLevel("ERROR")  # each size is traced once, on purpose
    native = multiplies_bfloat16()
    result = {name: measure(MODELS[name][1], options.rounds) for name in options.models.split(",")}
    if options.json:
        print(json.dumps({"multiplies_bfloat16": native, "threads": options.threads, "models": result}))
        return
    print(f"{options.threads} threads; the processor {'multiplies' if native else 'does not multiply'} bfloat16 itself")
    for name, found in result.items():
        print(f"\n{MODELS[name][0] + ', GFLOP/s':<34}" + "".join(f"{way:>14}" for way in WAYS))
        for label, rates in found["rates"].items():
            print(f"  {label:<32}" + "".join(f"{rates[way]:>14.0f}" if way in rates else f"{'-':>14}" for way in WAYS))
        for rows, each in found["blocks_s"].items():
            ratio = found["blocks"][rows]
            print(
                f"  blocks, {ROWS[rows]:>5,} rows: {1e3 * each['float32']:.0f} ms in float32, "
                f"{1e3 * each['bfloat16']:.0f} ms in bfloat16: {ratio:.2f}"
            )
        print(f"  effects, a batch: head {1e3 * found['head_s']:.0f} ms; with it {found['effects']:.2f}")


if __name__ == "__main__":
    main()
