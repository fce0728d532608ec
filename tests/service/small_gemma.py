"""A small Gemma 2, and its gradient in float64 by Keras's own forward pass."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from reference_gradients import double_precision, loss_and_gradient, numbers

VOCABULARY = 64
SHAPE: dict[str, Any] = {
    "vocabulary_size": VOCABULARY,
    "num_layers": 2,
    "num_query_heads": 4,
    "num_key_value_heads": 2,
    "hidden_dim": 16,
    "intermediate_dim": 64,
    "head_dim": 8,
    "query_head_dim_normalize": True,
    "use_post_ffw_norm": True,
    "use_post_attention_norm": True,
    "attention_logit_soft_cap": 50,
    "final_logit_soft_cap": 30,
    "use_sliding_window_attention": True,
    "sliding_window_size": 8,
}


def make(dtype: str = "float32", **changes: Any) -> Any:
    import keras
    from keras_nlp import models

    keras.utils.set_random_seed(5)
    backbone = models.GemmaBackbone(**SHAPE | changes, dtype=dtype)
    causal_lm = models.GemmaCausalLM(backbone=backbone, preprocessor=None)
    random = np.random.default_rng(5)
    # Larger weights than Keras's initial ones: almost uniform attention would hide mistakes.
    for variable in backbone.trainable_variables:
        if len(variable.shape) > 1:
            variable.assign(random.normal(0, 0.3, variable.shape))
    return causal_lm


def reference(causal_lm: Any, ids: Sequence[int], start: int, end: int) -> tuple[Any, float]:
    """Return gradient and loss in float64, by Keras's own forward pass over the whole sequence."""
    from keras import ops

    with double_precision():
        backbone, body = in_float64(causal_lm)
        tokens = np.array([ids], np.int32)

        def losses(embeddings: Any) -> Any:
            hidden = body([embeddings, ops.ones_like(ops.convert_to_tensor(tokens))])
            logits = backbone.token_embedding(hidden, reverse=True)
            found = ops.sparse_categorical_crossentropy(tokens[:, 1:], logits[:, :-1], from_logits=True)
            return found[:, start - 1 : end - 1]

        each, gradient = loss_and_gradient(losses, numbers(backbone.token_embedding(ops.convert_to_tensor(tokens))))
    assert gradient.dtype == np.float64
    return gradient[0], float(each.sum())


@functools.lru_cache(maxsize=1)
def in_float64(causal_lm: Any) -> tuple[Any, Any]:
    """Return a copy of a model in float64, and its part after the embeddings. Cached, because many sequences are compared with it."""
    import keras
    from keras_nlp import models

    config = causal_lm.backbone.get_config() | {"dtype": "float64"}
    backbone = models.GemmaBackbone.from_config(config)
    for ours, theirs in zip(backbone.weights, causal_lm.backbone.weights, strict=True):
        ours.assign(numbers(theirs).astype(np.float64))
    return backbone, keras.Model([backbone.token_embedding.output, backbone.input["padding_mask"]], backbone.output)


def gradients(causal_lm: Any, compiled: int | None = None, **options: Any) -> Any:
    from lit_lab.service.salience import EmbeddingGradients

    made = EmbeddingGradients(causal_lm, **options)
    if compiled is not None:
        made.request_compile(compiled)
        made.compile_pending()
        assert made.is_compiled
    return made


def off(found: Any, exact: Any) -> float:
    return float(np.max(np.abs(found - exact)) / np.max(np.abs(exact)))
