"""The memory that a map takes, compared with the estimate before a model is loaded (`lit_lab.service.weights.memory_estimate`).

    python benchmarks/memory.py --layers 16 --tokens 1024 --precision float32

The model has Gemma 2's architecture and random weights. The first map is only compiled if its blocks have more than 50 million.
"""

from __future__ import annotations

import argparse
import json
from typing import Any


def main() -> None:
    """Measure one map in a new process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--vocabulary", type=int, default=32_000)
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = measure(**{name: value for name, value in vars(arguments).items() if name != "json"})
    if arguments.json:
        print(json.dumps(result))
        return
    for name, value in result.items():
        print(f"{name:>24} {value / 1e6:10,.0f} MB")


def measure(layers: int, hidden: int, vocabulary: int, tokens: int, precision: str) -> dict[str, int]:
    """Return the bytes of weights and of a map, both measured and estimated."""
    from lit_lab.service import libraries, process_priority

    threads = process_priority.threads(None)
    libraries.set_environment(threads)
    libraries.import_backend(threads)
    libraries.import_keras()
    import numpy as np
    from engine_memory import Peak, held_bytes
    from keras_nlp import models

    from lit_lab.service.salience import EmbeddingGradients
    from lit_lab.service.weights.memory_estimate import Shape

    heads, kv_heads, head_dim, intermediate = 8, 4, hidden // 8, 4 * hidden
    before = held_bytes()
    backbone: Any = models.GemmaBackbone(
        vocabulary_size=vocabulary,
        num_layers=layers,
        num_query_heads=heads,
        num_key_value_heads=kv_heads,
        hidden_dim=hidden,
        intermediate_dim=intermediate,
        head_dim=head_dim,
        use_post_ffw_norm=True,
        use_post_attention_norm=True,
        attention_logit_soft_cap=50.0,
        final_logit_soft_cap=30.0,
        dtype=precision,
    )
    causal_lm: Any = models.GemmaCausalLM(backbone=backbone, preprocessor=None)
    weights = held_bytes()
    gradients = EmbeddingGradients(causal_lm, tokens)
    ids = np.random.default_rng(0).integers(3, vocabulary, tokens).tolist()
    with Peak() as peak:
        gradients.of(ids, tokens - 64, tokens)
    shape = Shape(int(causal_lm.count_params()), layers, hidden, intermediate, heads, kv_heads, head_dim, vocabulary)
    return {
        "weights, measured": weights - before,
        "weights, reckoned": shape.weights(precision),  # type: ignore[arg-type]
        "map, measured": peak.bytes - weights,
        "map, reckoned": shape.activations(tokens),
    }


if __name__ == "__main__":
    main()
