"""Choosing the next token."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Protocol

import keras
from keras import ops

from lit_lab.protocol import Sampling

from .engine.backends import Spec, backend, spec_of

LEAST_TEMPERATURE = 1e-6
"""What is colder is greedy: logits divided by less overflow, and at that temperature only ties are left to chance."""

NUCLEUS = 1024
"""Where the likeliest so many tokens reach top-p together, the rest of the vocabulary needn't be sorted."""


class Chooser(Protocol):
    """Chooses tokens of one answer, one after the other."""

    def __call__(self, logits: Any) -> int:
        """Return the next token's id.

        Args:
            logits: `<float32>[vocabulary_size]`.
        """


def chooser(sampling: Sampling, vocabulary_size: int) -> Chooser | None:
    """Return what chooses one answer's tokens, for each answer from the seed anew; None: the likeliest, always."""
    if sampling.temperature < LEAST_TEMPERATURE:
        return None
    top_k = min(sampling.top_k, vocabulary_size) if sampling.top_k is not None else None
    top_p = sampling.top_p if sampling.top_p is not None and sampling.top_p < 1 else None
    choose, seed_dtype = _compiled(vocabulary_size, top_k, top_p)
    temperature = ops.convert_to_tensor(sampling.temperature, "float32")
    state = ops.convert_to_tensor([sampling.seed, 0], seed_dtype)

    def chosen(logits: Any) -> int:
        nonlocal state
        token, state = choose(logits, temperature, state)
        return int(token)

    return chosen


@lru_cache(maxsize=8)
def _compiled(vocabulary_size: int, top_k: int | None, top_p: float | None) -> tuple[Any, str]:
    """Return keras-hub's sampler as a function of logits, temperature and the random generator's state, and its type.

    Run eagerly, it takes longer than a step of a small model; with a state of its own, it could serve one answer only.
    """
    from keras_nlp import samplers

    # What seeds the sampler is replaced in each call.
    sampler: Any
    nucleus: Any = None
    if top_p is not None:
        sampler = samplers.TopPSampler(p=top_p, k=top_k, seed=0)
        if top_k is None and vocabulary_size > NUCLEUS:
            nucleus = samplers.TopPSampler(p=top_p, k=NUCLEUS, seed=0)
    elif top_k is not None:
        sampler = samplers.TopKSampler(k=top_k, seed=0)
    else:
        sampler = samplers.RandomSampler(seed=0)

    def drawn(by: Any, probabilities: Any, state: Any) -> tuple[Any, Any]:
        seed = by.seed_generator.state
        with keras.StatelessScope(state_mapping=[(seed, state)]) as scope:
            token = by.get_next_token(probabilities)[0]
        return token, scope.get_current_value(seed)

    def choose(logits: Any, temperature: Any, state: Any) -> tuple[Any, Any]:
        # The highest is taken off so that no quotient is infinite.
        probabilities = ops.softmax((logits - ops.max(logits)) / temperature)[None]
        if nucleus is None:
            return drawn(sampler, probabilities, state)
        reached = ops.sum(ops.top_k(probabilities, NUCLEUS, sorted=False)[0]) > top_p
        token, following = ops.cond(
            reached,
            lambda: drawn(nucleus, probabilities, state),
            lambda: drawn(sampler, probabilities, state),
        )
        return token, following

    seed = sampler.seed_generator.state
    signature = [Spec((vocabulary_size,), "float32"), Spec((), "float32"), spec_of(seed)]
    return backend().open_graph(choose, signature), seed.dtype
