"""The form of a block's key-value cache, and how to call a block with it."""

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
class KVCacheSpec:
    """The shape and type of a block's keys and values, `[B, 2, T, H, K]`. `split_model.py` explains the letters.

    Attributes:
        heads: H, the number of heads.
        width: K, the size of a head.
        dtype: The type of keys and values.
        in_pairs: Whether the family caches keys and values as two tensors per block, rather than one tensor for all blocks.
    """

    heads: int
    width: int
    dtype: str
    in_pairs: bool

    def prefill(self, block: Any, x: Any) -> tuple[Any, Any]:
        """Run a block on a whole sequence.

        Args:
            block: The block.
            x: The block's input, `[B, T, D]`.

        Returns:
            The block's output, `[B, T, D]`, and its keys and values, `[B, 2, T, H, K]`.
        """
        empty = ops.zeros((x.shape[0], 2, ops.shape(x)[1], self.heads, self.width), dtype=self.dtype)
        return self._call(block, x, empty, 0)

    def extend(self, block: Any, x: Any, keys_values: Any, start: Any) -> Any:
        """Return a block's output for tokens that follow cached ones, `[B, R, D]`.

        Args:
            block: The block.
            x: The block's input for these tokens, `[B, R, D]`.
            keys_values: Keys and values of the previous tokens, padded to make room for these, `[B, 2, T, H, K]`.
            start: Position of the first of these tokens.
        """
        return self._call(block, x, keys_values, start)[0]

    def family_cache(self, keys_values: Any) -> Any:
        """Return the keys and values of all blocks, `[1, L, 2, T, H, K]`, in the family's form."""
        if not self.in_pairs:
            return keys_values
        return tuple((keys_values[:, block, 0], keys_values[:, block, 1]) for block in range(keys_values.shape[1]))

    def matches(self, blocks: Iterable[Any], width: int, dtype: str) -> bool:
        """Return whether blocks give the same output with the cache as on the whole sequence.

        Blocks of keras-hub's GPT-NeoX don't: they rotate a query by its position within the call, not within the sequence.

        Args:
            blocks: One block of each kind.
            width: D, the size of a block's input.
            dtype: The type of a block's input.
        """
        # The tolerance for rounding, which is larger on a GPU, even for float32.
        close = 2e-3 if keras.backend.standardize_dtype(dtype) == "float32" else 0.05
        x = np.random.default_rng(0).normal(size=(1, 24, width))  # [1, T, D]
        for block in blocks:
            try:
                with backend().without_gradients():
                    given = ops.cast(ops.convert_to_tensor(x), dtype)
                    whole = block(given)
                    _, keys_values = self.prefill(block, given)
                    end = self.extend(block, given[:, 22:], keys_values, 22)
                    before, exact, found = (backend().array(each) for each in (given[:, 22:], whole[:, 22:], end))
            except Exception:
                log.debug("blocks of %s take, or return, something else", type(block).__name__, exc_info=True)
                return False
            if np.max(np.abs(exact - found)) > close * np.max(np.abs(exact - before)):
                return False
        return True

    def _call(self, block: Any, x: Any, keys_values: Any, start: Any) -> tuple[Any, Any]:
        names = _names(block)
        if names is None:
            raise ValueError("no cache")
        cache, position = names
        given = (keys_values[:, 0], keys_values[:, 1]) if self.in_pairs else keys_values
        output, filled = block(x, **{cache: given, position: start})
        return output, ops.stack(filled, axis=1) if self.in_pairs else filled


def kv_cache_spec(causal_lm: Any, blocks: int) -> KVCacheSpec | None:
    """Return the form of a family's key-value cache; None if it isn't supported.

    Args:
        causal_lm: A model of the family.
        blocks: L, the number of its blocks, at least one.
    """
    try:
        cache = allocated_cache(causal_lm, 1, 3)
    except (AttributeError, TypeError, ValueError):
        return None
    in_pairs = isinstance(cache, tuple)
    # Pairs have tensors of shape [B, T, H, K], a single tensor has shape [B, L, 2, T, H, K].
    tensors = [cache]
    if in_pairs:
        pairs = [pair for pair in cache if isinstance(pair, (list, tuple)) and len(pair) == 2]
        tensors = [each for pair in pairs for each in pair] if len(pairs) == blocks == len(cache) else [None]
    usual = (1, 3) if in_pairs else (1, blocks, 2, 3)
    shapes = {tuple(getattr(each, "shape", ())) for each in tensors}
    shape = shapes.pop()
    if shapes or len(shape) != len(usual) + 2 or shape[:-2] != usual:
        return None
    return KVCacheSpec(int(shape[-2]), int(shape[-1]), keras.backend.standardize_dtype(tensors[0].dtype), in_pairs)


def _names(block: Any) -> tuple[str, str] | None:
    """Return the names of a block's arguments for the key-value cache and for the position in it."""
    names = inspect.signature(type(block).call).parameters
    for name in names:
        if name.endswith("cache") and not name.startswith("cross") and f"{name}_update_index" in names:
            return name, f"{name}_update_index"
    return None
