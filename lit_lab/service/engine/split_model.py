"""A Keras CausalLM, split into parts that are compiled and differentiated one by one.

    ids ── embeddings ──┬── stem ── block 1 ── … ── block L-1 ──┬── block L ── top ──┬── head ── logits
         [B, T]      [B, T, D]          [B, T, D]           [B, T, D]           [B, R, D]     [B, R, V]
                        │                                       │                    │
                        └───────────── lower_parts ─────────────┘                    │
                        │                                       └──── upper_part ────┘    a window of R rows
                        └────────────────────── prefill_parts ───────────────────────┘    a prompt; its last row
                                    │ keys and values of each block
                                    │ [1, 2, T, H, K]
                                    ▼
                        ┌──────────────────── continuation_parts ────────────────────┐    R tokens after the prompt

The letters in shapes: B, sequences; T, tokens, with padding; R, rows, of which row i predicts token i + 1; D, size of an
embedding; L, blocks; H, heads; K, size of a head; V, size of the vocabulary.

`graph.py` splits the backbone, `kv_cache.py` describes the blocks' cache, and `parts.py` makes the parts.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import keras
from keras import ops

from . import parts
from .graph import Chain, Graph, kind_of
from .kv_cache import KVCacheSpec, kv_cache_spec
from .parts import Part


class QuantizedError(ValueError):
    """A model's weights are quantized to integers."""


class SplitModel:
    """A CausalLM, split at its embedding layer's output.

    keras-hub's `score(layer_intercept_fn=…)` gives access to the embeddings, too. But not all families have it, and it
    computes logits for all tokens rather than the target's only. Splitting the functional model works for all families.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM` with a functional backbone.

    Attributes:
        embed: The embedding layer.
        width: D, the size of an embedding.
        blocks: The transformer blocks; empty if the model isn't a chain of blocks.

    Raises:
        QuantizedError: The weights are integers: gradients through them are wrong by more than half.
        AttributeError, KeyError, ValueError: The backbone's structure isn't supported.
    """

    def __init__(self, causal_lm: Any) -> None:
        backbone = causal_lm.backbone
        if any(keras.backend.standardize_dtype(weight.dtype) in ("int8", "uint8") for weight in backbone.weights):
            raise QuantizedError
        self._graph = Graph(backbone)
        self.embed = self._graph.embed
        self.width = self._graph.width
        self.blocks: list[Any] = self._graph.chain.blocks if self._graph.chain else []
        self._spec = kv_cache_spec(causal_lm, len(self.blocks)) if self.blocks else None

    @cached_property
    def _kv_cache(self) -> KVCacheSpec | None:
        # On first use: `matches` takes time, and the constructor runs while a user waits for the first map.
        kinds = {kind_of(block): block for block in self.blocks}
        spec = self._spec
        return spec if spec is not None and spec.matches(kinds.values(), self.width, self.embed.compute_dtype) else None

    @property
    def supports_kv_cache(self) -> bool:
        """Whether a prompt and its continuation can run separately: the model is a chain of blocks whose cache is supported."""
        return self._kv_cache is not None

    @property
    def kv_cache(self) -> KVCacheSpec:
        """The form of a block's key-value cache.

        Raises:
            ValueError: `supports_kv_cache` is false.
        """
        if self._kv_cache is None:
            raise ValueError("no cache of the usual shape")
        return self._kv_cache

    def lower_parts(self) -> list[Part]:
        """Return the parts from the embeddings to the last block's input, both `[B, T, D]`; see `parts.lower_parts`."""
        return [] if self._graph.chain is None else parts.lower_parts(self._graph.chain)

    def upper_part(self, rows: int | None) -> Part:
        """Return the last part, which computes `rows` rows of hidden states; see `parts.upper_part`."""
        if self._graph.chain is None:
            return parts.whole_part(self._graph, rows)
        return parts.upper_part(self._graph.chain, self._kv_cache, rows)

    def prefill_parts(self) -> list[Part]:
        """Return the parts that read a prompt; see `parts.prefill_parts`.

        Raises:
            ValueError: `supports_kv_cache` is false.
        """
        return parts.prefill_parts(self._chain(), self.kv_cache)

    def continuation_parts(self, length: int, rows: int) -> list[Part]:
        """Return the parts that read `rows` tokens after a prompt padded to `length`; see `parts.continuation_parts`.

        Raises:
            ValueError: `supports_kv_cache` is false.
        """
        return parts.continuation_parts(self._chain(), self.kv_cache, self.width, length, rows)

    def embeddings(self, ids: Any) -> Any:
        """Return the embedding layer's output, `[B, T, D]`, as LIT does: before the scaling that some families apply next."""
        return self.embed(ids)

    def run(self, embeddings: Any) -> Any:
        """Return the model's hidden states, `[B, T, D]`, for embeddings `[B, T, D]`."""
        return self._graph.run(embeddings)

    def logits(self, hidden: Any) -> Any:
        """Return the head's logits, `<float32>[…, V]`, for hidden states `[…, D]`."""
        return ops.cast(self.embed(hidden, reverse=True), "float32")

    def _chain(self) -> Chain:
        if self._graph.chain is None:
            raise ValueError("no chain of blocks")
        return self._graph.chain
