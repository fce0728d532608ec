"""Allocates a family's key-value cache without running the model."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np


def allocated_cache(causal_lm: Any, batch: int, length: int) -> Any:
    """Return an empty key-value cache for `length` tokens, in the form of this model's family.

    keras-hub's `_build_cache` allocates the cache and then fills it with a forward pass over a padded prompt. This
    function calls it on a wrapper whose forward pass computes nothing and returns the cache.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        batch: B, the number of sequences.
        length: T, in tokens.
    """
    build = type(causal_lm)._build_cache
    further = len(inspect.signature(build).parameters) - 2  # inputs that a text prompt lacks, such as images
    _, cache = build(_Allocation(causal_lm), np.zeros((batch, length), np.int32), *[None] * further)
    return cache


class _Allocation:
    """Wraps a model so that its forward pass only returns the cache."""

    def __init__(self, causal_lm: Any) -> None:
        self._causal_lm = causal_lm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._causal_lm, name)

    def call_with_cache(self, token_ids: Any, cache: Any, *_: Any, **__: Any) -> tuple[None, None, Any]:
        return None, None, cache
