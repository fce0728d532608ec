"""The same gradients in float64, by Keras's own pass over the whole sequence: the reference for the rounding errors of both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
from engine_models import Case
from numpy.typing import NDArray


def exact_scores(causal_lm: Any, case: Case) -> dict[tuple[int, int], dict[str, NDArray[np.float64]]]:
    """Return both methods' scores of all tokens for each target, `<float64>[num_tokens]`.

    Args:
        causal_lm: A `GemmaCausalLM` in float32, whose exact weights are used.
        case: The sequence and its targets.
    """
    import keras
    import tensorflow as tf
    from keras import ops

    theirs = causal_lm.backbone
    backbone = type(theirs).from_config(theirs.get_config() | {"dtype": "float64"})
    for wide, narrow in zip(backbone.weights, theirs.weights, strict=True):
        wide.assign(narrow.numpy().astype(np.float64))
    body = keras.Model([backbone.token_embedding.output, backbone.input["padding_mask"]], backbone.output)
    ids = np.array([case.ids], np.int32)
    embeddings = backbone.token_embedding(tf.constant(ids))
    found = {}
    for start, end in case.targets:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(embeddings)
            hidden = body([embeddings, tf.ones_like(ids)])[:, start - 1 : end - 1]
            logits = backbone.token_embedding(hidden, reverse=True)
            loss = ops.sum(ops.sparse_categorical_crossentropy(ids[:, start:end], logits, from_logits=True))
        gradient = tape.gradient(loss, embeddings)[0].numpy()
        if gradient.dtype != np.float64:
            raise RuntimeError(f"a reference in {gradient.dtype}")
        products = np.sum(gradient * embeddings[0].numpy(), axis=1)
        found[start, end] = {"grad_l2": np.linalg.norm(gradient, axis=1), "grad_dot_input": products}
    return found
