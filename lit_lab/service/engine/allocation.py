"""What a family's key-value cache looks like, without running the model."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np


def allocated_cache(causal_lm: Any, batch: int, length: int) -> Any:
    """Return an empty key-value cache for `length` tokens, in the form of this model's family.

    keras-hub's `_build_cache` allocates the cache and fills it at once by a pass over a padded prompt. Here it gets a
    fake model, whose pass does nothing and returns the cache.
    """
    build = type(causal_lm)._build_cache
    further = len(inspect.signature(build).parameters) - 2  # images and the like, which a text prompt lacks
    _, cache = build(_Allocation(causal_lm), np.zeros((batch, length), np.int32), *[None] * further)
    return cache


class _Allocation:
    """A model whose forward pass only returns the cache."""

    def __init__(self, causal_lm: Any) -> None:
        self._causal_lm = causal_lm

    def __getattr__(self, name: str) -> Any:
        return getattr(self._causal_lm, name)

    def call_with_cache(self, token_ids: Any, cache: Any, *_: Any, **__: Any) -> tuple[None, None, Any]:
        return None, None, cache
