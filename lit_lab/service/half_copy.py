"""A model's half-precision copy: the same weights in bfloat16, for passes whose results needn't be exact."""

from __future__ import annotations

import logging
import threading
from typing import Any

import keras
import numpy as np

from lit_lab.protocol import Precision

from .cached_pass import CachedPass
from .engine.backends import backend
from .weights.memory_estimate import Shape

log = logging.getLogger(__name__)

MIN_WEIGHTS = 50_000_000
"""Minimum number of weights in a model's blocks: products of smaller matrices gain little, and exact results take no time."""

SPARE = 256 * 2**20
"""Bytes that a window leaves free beside the copy, for what else is computed before the copy is made."""


def bytes_for(shape: Shape, precision: Precision) -> int:
    """Return the memory to leave free for the copy of a model; 0 if it can't have one here."""
    weights = shape.parameters - shape.vocabulary * shape.hidden
    can = precision == "float32" and weights >= MIN_WEIGHTS and backend().has_half_copies()
    return 2 * weights + SPARE if can else 0


class HalfCopy:
    """The half-precision copy of a model in float32, made when it is first needed.

    The copy has the weights of the blocks in bfloat16, for products; embeddings, head and all other arithmetic are those of the model. Only
    processors with AMX gain from it, and only through TensorFlow's own operations: XLA casts bfloat16 to float32 there.

    Args:
        causal_lm: The model.
        exact: Its pass.

    Attributes:
        is_wanted: Whether something that could use it was requested.
    """

    def __init__(self, causal_lm: Any, exact: CachedPass) -> None:
        self._causal_lm = causal_lm
        self._exact = exact
        self._lock = threading.Lock()
        self._made: CachedPass | None = None
        self._is_possible = (
            backend().has_half_copies()
            and exact.block_weights >= MIN_WEIGHTS
            and keras.backend.standardize_dtype(causal_lm.compute_dtype) == "float32"
            and causal_lm.backbone.token_embedding.quantization_mode is None
        )
        self.is_wanted = False

    @property
    def is_possible(self) -> bool:
        """Whether this model can have a copy here, if memory allows it."""
        return self._is_possible

    @property
    def is_made(self) -> bool:
        """Whether it exists."""
        return self._made is not None

    @property
    def is_pending(self) -> bool:
        """Whether it is wanted, and can be made now."""
        return self.is_wanted and not self.is_made and self.has_room

    @property
    def has_room(self) -> bool:
        """Whether it exists, or can be made in the memory that is free beside the map of the longest prompt."""
        if self._made is not None or not self._is_possible:
            return self._is_possible
        room = self._exact.room()
        return room is None or room >= self._needed

    @property
    def num_bytes(self) -> int:
        """The memory that it takes; 0 if it doesn't exist."""
        return self._needed if self.is_made else 0

    @property
    def _needed(self) -> int:
        return 2 * self._exact.block_weights

    def cached_pass(self) -> CachedPass | None:
        """Return the copy's pass; make it if it doesn't exist yet. None: it can't be made, or there is no room for it."""
        with self._lock:
            if self._made is None and self.has_room:
                try:
                    self._made = self._make()
                except Exception:
                    # Exact results don't need it.
                    log.exception("the half-precision copy can't be made")
                    self._made = None
                if self._made is None:
                    self._is_possible = False
            return self._made

    def _make(self) -> CachedPass | None:
        made = CachedPass(self._causal_lm, half=True)
        # Traced here, so that no job waits for it later.
        made.run(np.zeros((1, 1), np.int32), made.empty_cache(made.length_for(1)), 0)
        # Known once it has run. Its own head would be a product of the graph, too.
        return None if made.has_own_head else made
