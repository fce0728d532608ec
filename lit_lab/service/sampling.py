"""Choosing the next token."""

from __future__ import annotations

from typing import Any, Protocol

import tensorflow as tf

from lit_lab.protocol import Sampling


class Chooser(Protocol):
    """Chooses tokens of one answer, one after the other."""

    def __call__(self, logits: Any) -> int:
        """Return the next token's id.

        Args:
            logits: `<float32>[vocabulary_size]`.
        """


def chooser(sampling: Sampling, vocabulary_size: int) -> Chooser | None:
    """Return what chooses one answer's tokens: keras-hub's samplers, for each answer from the seed anew."""
    if sampling.temperature == 0:
        return None
    from keras_nlp import samplers

    top_k = min(sampling.top_k, vocabulary_size) if sampling.top_k is not None else None
    options = {"seed": sampling.seed, "temperature": sampling.temperature}
    sampler: Any
    if sampling.top_p is not None and sampling.top_p < 1:
        sampler = samplers.TopPSampler(p=sampling.top_p, k=top_k, **options)
    elif top_k is not None:
        sampler = samplers.TopKSampler(k=top_k, **options)
    else:
        sampler = samplers.RandomSampler(**options)

    return lambda logits: int(sampler.get_next_token(sampler.compute_probabilities(logits[tf.newaxis]))[0])
