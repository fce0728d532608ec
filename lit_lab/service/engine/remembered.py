"""What a block's attention remembers of the tokens before, and how a block goes on from there."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from .allocation import allocated_cache
from .backends import backend

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Remembered:
    """Keys and values of each token, of each head: here `[batch, 2, length, heads, width of a head]` of each block.

    Attributes:
        heads: How many.
        width: Of a head.
        dtype: Type.
        in_pairs: Whether the family has keys and values in two tensors for each block, rather than in one for all of them.
    """

    heads: int
    width: int
    dtype: str
    in_pairs: bool

    def filled(self, block: Any, x: Any) -> tuple[Any, Any]:
        """Return a block's output for a sequence, `[batch, length, width]`, and its keys and values."""
        empty = ops.zeros((x.shape[0], 2, x.shape[1], self.heads, self.width), dtype=self.dtype)
        return self._called(block, x, empty, 0)

    def continued(self, block: Any, x: Any, known: Any, start: Any) -> Any:
        """Return a block's output for tokens from a place on.

        Args:
            block: The block.
            x: Their inputs, `[batch, num_tokens, width]`.
            known: Keys and values of those before, with room for theirs.
            start: The place.
        """
        return self._called(block, x, known, start)[0]

    def cache(self, known: Any) -> Any:
        """Return all blocks' keys and values, `[1, blocks, 2, length, heads, width of a head]`, as the family has them."""
        if not self.in_pairs:
            return known
        return tuple((known[:, block, 0], known[:, block, 1]) for block in range(known.shape[1]))

    def agrees(self, blocks: Iterable[Any], width: int, dtype: str) -> bool:
        """Whether blocks compute the same of a sequence's end alone, over what they remember, as of the whole.

        GPT-NeoX's of keras-hub don't: they turn a query by its place among the tokens that are given at once.

        Args:
            blocks: One of each kind.
            width: Of their inputs.
            dtype: Type of their inputs.
        """
        # What rounding explains; a GPU multiplies float32 less exactly, too.
        close = 2e-3 if keras.backend.standardize_dtype(dtype) == "float32" else 0.05
        x = np.random.default_rng(0).normal(size=(1, 24, width))
        for block in blocks:
            try:
                with backend().without_gradients():
                    given = ops.cast(ops.convert_to_tensor(x), dtype)
                    whole = block(given)
                    _, known = self.filled(block, given)
                    end = self.continued(block, given[:, 22:], known, 22)
                    before, exact, found = (backend().array(each) for each in (given[:, 22:], whole[:, 22:], end))
            except Exception:
                log.debug("blocks of %s want, or return, something else", type(block).__name__, exc_info=True)
                return False
            if np.max(np.abs(exact - found)) > close * np.max(np.abs(exact - before)):
                return False
        return True

    def _called(self, block: Any, x: Any, known: Any, start: Any) -> tuple[Any, Any]:
        names = _names(block)
        if names is None:
            raise ValueError("no cache")
        cache, position = names
        given = (known[:, 0], known[:, 1]) if self.in_pairs else known
        output, filled = block(x, **{cache: given, position: start})
        return output, ops.stack(filled, axis=1) if self.in_pairs else filled


def remembered(causal_lm: Any, blocks: int) -> Remembered | None:
    """Return what a family's blocks remember; None when its cache isn't of a usual shape.

    Args:
        causal_lm: A model of that family.
        blocks: How many it has, at least one.
    """
    try:
        cache = allocated_cache(causal_lm, 1, 3)
    except (AttributeError, TypeError, ValueError):
        return None
    in_pairs = isinstance(cache, tuple)
    # [batch, length, heads, width of a head], or [batch, blocks, keys and values, length, heads, width of a head]
    tensors = [cache]
    if in_pairs:
        pairs = [pair for pair in cache if isinstance(pair, (list, tuple)) and len(pair) == 2]
        tensors = [each for pair in pairs for each in pair] if len(pairs) == blocks == len(cache) else [None]
    usual = (1, 3) if in_pairs else (1, blocks, 2, 3)
    shapes = {tuple(getattr(each, "shape", ())) for each in tensors}
    shape = shapes.pop()
    if shapes or len(shape) != len(usual) + 2 or shape[:-2] != usual:
        return None
    return Remembered(int(shape[-2]), int(shape[-1]), keras.backend.standardize_dtype(tensors[0].dtype), in_pairs)


def _names(block: Any) -> tuple[str, str] | None:
    """Return how a block's call names its key-value cache and the position in it."""
    names = inspect.signature(type(block).call).parameters
    for name in names:
        if name.endswith("cache") and not name.startswith("cross") and f"{name}_update_index" in names:
            return name, f"{name}_update_index"
    return None
