"""Chooses the next token."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from lit_lab.protocol import Sampling

from .engine.backends import Spec, backend, spec_of

MIN_TEMPERATURE = 1e-6
"""Lower temperatures are greedy: dividing logits by less overflows, and at this temperature only ties are random."""

NUCLEUS = 1024
"""If so many of the most probable tokens reach top-p together, the rest of the vocabulary needn't be sorted."""


class Chooser(Protocol):
    """Chooses tokens of one answer, one after the other."""

    def __call__(self, logits: Any) -> int:
        """Return the next token's id.

        Args:
            logits: `<float32>[vocabulary_size]`.
        """


def chooser(sampling: Sampling, vocabulary_size: int, ids: Sequence[int] = ()) -> Chooser | None:
    """Return the chooser for one answer's tokens, which starts from the seed; None: always the most probable token.

    Args:
        sampling: How tokens are chosen.
        vocabulary_size: Size of the vocabulary.
        ids: The prompt, to whose tokens a repetition penalty applies.
    """
    choose = _drawing(sampling, vocabulary_size)
    if sampling.repetition_penalty == 1:
        return choose
    return _penalizing(choose or _likeliest, sampling.repetition_penalty, vocabulary_size, ids)


def penalized(logits: Any, occurred: Any, penalty: Any) -> Any:
    """Return logits after a repetition penalty, as Hugging Face defines it (Keskar et al. 2019, "CTRL", section 4.1).

    Only dividing, as in the paper, would make a token with a negative logit more probable.

    Args:
        logits: `<float32>[vocabulary_size]`.
        occurred: `<bool>[vocabulary_size]`: whether the prompt or the answer contains the token.
        penalty: `<float32>`.
    """
    return ops.where(occurred, ops.where(logits > 0, logits / penalty, logits * penalty), logits)


def _penalizing(choose: Chooser, penalty: float, vocabulary_size: int, ids: Sequence[int]) -> Chooser:
    """Return a chooser that applies another one to penalized logits."""
    penalize = _compiled_penalty(vocabulary_size)
    occurred = np.zeros(vocabulary_size, bool)
    occurred[list(ids)] = True
    by = ops.convert_to_tensor(penalty, "float32")

    def chosen(logits: Any) -> int:
        id = choose(penalize(logits, ops.convert_to_tensor(occurred), by))
        # Not earlier: a tensor may share the array's memory, and the choice has waited for the computation with it.
        occurred[id] = True
        return id

    return chosen


def _likeliest(logits: Any) -> int:
    # Keras's `argmax`, run eagerly, would take longer than all the rest.
    return int(backend().array(logits).argmax())


@lru_cache(maxsize=8)
def _compiled_penalty(vocabulary_size: int) -> Any:
    size = (vocabulary_size,)
    return backend().open_graph(penalized, [Spec(size, "float32"), Spec(size, "bool"), Spec((), "float32")])


def _drawing(sampling: Sampling, vocabulary_size: int) -> Chooser | None:
    """Return the chooser that samples one answer's tokens; None if they aren't sampled."""
    if sampling.temperature < MIN_TEMPERATURE:
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

    Run eagerly, the sampler takes longer than a step of a small model; with its own state, it could serve only one answer.
    """
    from keras_nlp import samplers

    # Each call replaces the sampler's seed generator.
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
        # The highest logit is subtracted so that no quotient is infinite.
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
