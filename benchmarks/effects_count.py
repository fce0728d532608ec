"""Counts the computations of an effects job without running them. Part of `effects.py`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from lit_lab.protocol import EffectsEvent, EffectsRequest
from lit_lab.service.cached_pass import CachedPass
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.effects import EditedPrompt, PrefixScorer, blocks_of, explain
from lit_lab.service.language_model import LanguageModel

SIZE = 2_048  # of a large product


@dataclass(frozen=True)
class Cache:
    """A cache's shape."""

    batch: int
    length: int


class Counted:
    """Stands in for a model's passes, and only counts their tokens.

    Args:
        cached_pass: The model's.
    """

    def __init__(self, cached_pass: CachedPass) -> None:
        self._pass = cached_pass
        self.passes = 0
        self.block_weights = cached_pass.block_weights
        self.vocabulary_size = cached_pass.vocabulary_size
        self.token_bytes = cached_pass.token_bytes
        self.compiles_shapes = cached_pass.compiles_shapes

    def length_for(self, tokens: int) -> int:
        """Like the method of `CachedPass`, but with shapes only."""
        return self._pass.length_for(tokens)

    def empty_cache(self, length: int, batch: int = 1) -> Cache:
        """Like the method of `CachedPass`, but with shapes only."""
        return Cache(batch, length)

    def bytes_of(self, cache: Cache) -> int:
        """Like the method of `CachedPass`, but with shapes only."""
        return int(cache.batch * cache.length * self.token_bytes)

    def row_of(self, cache: Cache, index: int) -> Cache:
        """Like the method of `CachedPass`, but with shapes only."""
        return Cache(1, cache.length)

    def resized(self, cache: Cache, length: int) -> Cache:
        """Like the method of `CachedPass`, but with shapes only."""
        return Cache(cache.batch, length)

    def tiled(self, cache: Cache, batch: int) -> Cache:
        """Like the method of `CachedPass`, but with shapes only."""
        return Cache(batch, cache.length)

    def joined(self, caches: list[Cache]) -> Cache:
        """Like the method of `CachedPass`, but with shapes only."""
        return Cache(len(caches), caches[0].length)

    def run(self, ids: Any, cache: Cache, position: int) -> tuple[Any, Cache]:
        """Like the method of `CachedPass`, but with shapes only."""
        self.passes += 1
        return ops.zeros((*ids.shape, 1)), cache

    def losses(self, rows: Any, labels: Any) -> Any:
        """Like the method of `CachedPass`, but with shapes only."""
        return np.zeros(len(labels), np.float32)


def count(model: LanguageModel, request: EffectsRequest) -> dict[str, float]:
    """Return a job's tokens and passes, and the processor time of the least arithmetic."""
    edited = EditedPrompt(request, model.tokenizer, model.window)
    blocks = blocks_of(len(request.segments), 0, request)
    sequences = [tuple(edited.without(each.indices)[0][:-1]) for block in blocks for each in block]
    passes = Counted(model.decoder.cached_pass)
    scorer = PrefixScorer(passes)  # type: ignore[arg-type]
    for event in explain(request, model.tokenizer, scorer, model.window, Cancellation()):
        assert isinstance(event, EffectsEvent)
    least = len({ids[:end] for ids in sequences for end in range(1, len(ids) + 1)})
    rows = len(sequences) * (len(request.ids) - request.answer_start)
    embed = model.causal_lm.backbone.token_embedding
    flops = 2 * (least * passes.block_weights + rows * int(embed.input_dim) * int(embed.output_dim))
    return {
        "tokens": scorer.tokens,
        "passes": passes.passes,
        "least_tokens": least,
        "plain_tokens": sum(map(len, sequences)),
        "arithmetic_cpu_s": flops / flops_per_second(),
    }


def flops_per_second() -> float:
    """Return the floating-point operations of a large product per second of processor time."""
    matrix = ops.ones((SIZE, SIZE))
    found = []
    for _ in range(6):
        before = time.process_time()
        np.asarray(ops.matmul(matrix, matrix))
        found.append(2 * SIZE**3 / (time.process_time() - before))
    return max(found)
