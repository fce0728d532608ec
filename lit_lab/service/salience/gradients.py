"""Gradients of a target's loss with respect to the embedding layer's output: what all gradient methods rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


@dataclass(frozen=True)
class TargetGradient:
    """What one target's loss says of the tokens before its end.

    Attributes:
        embeddings: The embedding layer's output, `<float32>[num_tokens, width]`; as LIT has it, before the scaling
            that some families (Gemma) apply next.
        gradient: The summed loss's gradient with respect to it, in nats, `<float32>[num_tokens, width]`.
        first_logits: What the target's first token was predicted by, `<float32>[vocabulary_size]`.

    `num_tokens` is the target's end less one: no later token has a part in the loss.
    """

    embeddings: NDArray[np.float32]
    gradient: NDArray[np.float32]
    first_logits: NDArray[np.float32]


class EmbeddingGradients:
    """Gradients through a Keras CausalLM, cut open at its embedding layer's output.

    `score(layer_intercept_fn=…)` of keras-hub would show the embeddings too, but not all families have it, and it
    computes logits for every token where only the target's are needed. Cut as a functional model, all families run
    the same way (docs/architecture.md).

    Only the target's logits are computed, nothing after the target, and no gradient of a weight. It runs eagerly until
    `prepare` has compiled it, once and for any length: on the embedded model 0.3 s a target against 0.03 s, but
    compiling takes 1.5 s, for which the first map need not wait.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with a functional backbone.
    """

    def __init__(self, causal_lm: Any) -> None:
        backbone = causal_lm.backbone
        self._embed = backbone.token_embedding
        # `output` is that of the layer's first call: the embedding, not its reverse at the end.
        self._body = keras.Model([self._embed.output, backbone.input["padding_mask"]], backbone.output)
        signature = [tf.TensorSpec([1, None], tf.int32), tf.TensorSpec([], tf.int32)]
        self._compiled = tf.function(self._differentiate, input_signature=signature, autograph=False)
        self._gradient: Callable[[Any, Any], tuple[Any, Any, Any]] = self._differentiate

    def prepare(self) -> None:
        """Compile; what is asked for meanwhile, from another thread, runs eagerly."""
        self._compiled(tf.constant([[0, 0, 0]], tf.int32), tf.constant(2, tf.int32))
        self._gradient = self._compiled

    def of(self, ids: Sequence[int], start: int, end: int) -> TargetGradient:
        """Return the gradient of the summed loss of tokens `[start, end)`, each predicted from those before it.

        Args:
            ids: The whole sequence, `<int>[num_tokens]`.
            start: First token of the target, 1 or more: token 0 is never predicted.
            end: The token after the target's last.
        """
        embeddings, gradient, logits = self._gradient(tf.constant([ids[:end]], tf.int32), tf.constant(start, tf.int32))
        return TargetGradient(embeddings.numpy(), gradient.numpy(), logits[0].numpy())

    def target_logits(self, ids: Sequence[int], start: int) -> NDArray[np.float32]:
        """Return the scoring pass's logits for tokens `[start, len(ids))`: `<float32>[num_targets, vocabulary_size]`."""
        _, _, logits = self._gradient(tf.constant([ids], tf.int32), tf.constant(start, tf.int32))
        return np.asarray(logits)

    def _differentiate(self, ids: Any, start: Any) -> tuple[Any, Any, Any]:
        embeddings = self._embed(ids[:, :-1])
        # Weights aren't watched, so that no gradient of theirs is computed.
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(embeddings)
            hidden = self._body([embeddings, tf.ones(tf.shape(embeddings)[:2], tf.int32)])
            # Row i predicts token i + 1.
            logits = tf.cast(self._embed(hidden[:, start - 1 :], reverse=True), tf.float32)
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=ids[:, start:], logits=logits)
        gradient = tape.gradient(loss, embeddings)
        return tf.cast(embeddings[0], tf.float32), tf.cast(gradient[0], tf.float32), logits[0]
