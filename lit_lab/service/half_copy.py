"""A model's half-precision copy: the same weights in bfloat16, for passes whose results needn't be exact."""

from __future__ import annotations

import logging
import threading
from typing import Any

import keras
from keras import initializers

from .cached_pass import CachedPass
from .engine.backends import backend
from .half_losses import HalfLosses

log = logging.getLogger(__name__)

MIN_WEIGHTS = 50_000_000
"""Minimum number of weights in a model's blocks: products of smaller matrices gain little, and exact results take no time."""

SPARE = 256 * 2**20
"""Bytes that must stay free beside the copy, for its passes."""

_SET_LATER = ("epsilon", "sliding_window")
"""Attributes of layers that may differ from what their configuration says (`hugging_face/model.py`)."""

_BUILT_ROWS = 8  # of the embedding that keras-hub makes for the copy, in whose place the model's own comes


class HalfCopy:
    """The half-precision copy of a model in float32, made when it is first needed.

    Its blocks and the vocabulary's matrix are rounded to bfloat16. Embeddings are those of the model itself. Only processors that multiply bfloat16
    themselves gain from it, and only through TensorFlow's own operations: XLA casts bfloat16 to float32 on a processor.

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
        return room is None or room >= self._needed + SPARE

    @property
    def num_bytes(self) -> int:
        """The memory that it takes; 0 if it doesn't exist."""
        return self._needed if self.is_made else 0

    @property
    def _needed(self) -> int:
        embed = self._causal_lm.backbone.token_embedding
        return 2 * (self._exact.block_weights + int(embed.input_dim) * int(embed.output_dim))

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
        exact = self._causal_lm.backbone
        if self._exact.has_own_head:
            return None  # such logits aren't products that `HalfLosses` knows
        made = _copied(exact)
        copy = type(self._causal_lm)(backbone=made, preprocessor=None)
        embed = exact.token_embedding
        return CachedPass(copy, self._exact.block_weights, HalfLosses(embed))


def _copied(exact: Any) -> Any:
    """Return a backbone in bfloat16 with another one's weights, which shares that one's embeddings.

    Raises:
        ValueError: The two don't have the same weights.
    """
    config = exact.get_config() | {"dtype": "bfloat16", "vocabulary_size": _BUILT_ROWS}
    random = (initializers.RandomNormal, initializers.RandomUniform, initializers.TruncatedNormal)
    with keras.StatelessScope():  # variables get their values at its end; random ones would take long
        made = type(exact).from_config(config)
        for weight in made.weights:
            if isinstance(weight._initializer, (*random, initializers.VarianceScaling)):
                weight._initializer = initializers.Zeros()
    # By their names: the embeddings' weights may differ in number.
    given, ours = _weights(exact), _weights(made)
    if set(given) != set(ours):
        raise ValueError("the copy has other weights than the model")
    for name, weight in ours.items():
        weight.assign(given[name].value)
    for layer, other in zip(made._flatten_layers(), exact._flatten_layers(), strict=True):
        for name in _SET_LATER:
            if hasattr(layer, name):
                setattr(layer, name, getattr(other, name))
    # Not by Keras, which doesn't let a built model have other layers.
    object.__setattr__(made, "token_embedding", exact.token_embedding)
    return made


def _weights(backbone: Any) -> dict[str, Any]:
    """Return a backbone's weights by name, without those of the embedding layer."""
    own = {id(weight) for weight in backbone.token_embedding.weights}
    return {weight.path: weight for weight in backbone.weights if id(weight) not in own}
