"""One step of training: gradients compiled by XLA, the optimizer's update by TensorFlow alone.

Muon makes many small products one behind the other. Under XLA on a CPU these take as long as the whole way through the
model and back, so that compiling both together, as Keras does, doubles the time of a step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from training.mixture import Batch


def learner(model: Any, optimizer: Any, compiled: bool = True) -> Callable[[Batch], float]:
    """Return what takes a batch, changes the model's weights, and returns the loss before.

    Args:
        model: ids and positions to logits (`network.trained`).
        optimizer: built for the model's weights.
        compiled: by XLA; False in tests, which take few steps.
    """
    entropy = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")
    weights = model.trainable_variables

    def gradients(ids: Any, positions: Any, targets: Any, weighed: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = entropy(targets, model([ids, positions], training=True), weighed)
        return loss, tape.gradient(loss, [weight.value for weight in weights])

    def update(found: Any) -> None:
        optimizer.apply(found, weights)

    find, apply = tf.function(gradients, jit_compile=compiled), tf.function(update)

    def learn(batch: Batch) -> float:
        loss, found = find(*(tf.constant(column) for column in batch))
        apply(found)
        return float(loss)

    return learn
