"""Flow: how much of what attention adds at the target's rows comes from each token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..attention import LayerAttention, attention_output, read_attention
from ..cached_pass import CachedPass, cache_length
from ..engine.backends import backend

MAX_ROWS = 64
"""Rows whose attention is read at once."""

PREFILL_CHUNK = 512
"""Tokens before the target's rows that run at once."""

MAX_CACHE_BYTES = 2**30
"""Of a key-value cache that the next target of the same text reuses."""

_MAX_NUMBERS = 2**24  # of the vectors that are in memory at one time: 64 MB


class Flow:
    """Scores tokens by what attention reads from them at the target's rows. A row is the token that predicts the next one.

    The output of a layer's attention at a row is a sum of one vector for each token (`LayerAttention`). A token's share is
    how much closer its vector brings the output (`proximities`), divided by the sum over all tokens. A token's score is
    the mean of its shares over all layers and all rows of the target. So scores aren't negative, and add up to 1.

    It is the attention part of Ferrando and Voita 2024, "Information Flow Routes: Automatically Interpreting Language
    Models at Scale", with each token as the source in every layer: what other layers moved into a token's hidden state
    before counts as that token's. It leaves out what a row keeps of itself in the residual stream, and the feed-forward
    layers.

    A text's rows are stored until the next text, so targets of the same text share their beginning.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        cached_pass: Its pass over a key-value cache.
    """

    def __init__(self, causal_lm: Any, cached_pass: CachedPass) -> None:
        self._causal_lm = causal_lm
        self._pass = cached_pass
        self._rows: dict[int, NDArray[np.float32]] = {}
        self._ids: list[int] = []  # that the cache contains
        self._cache: Any = None
        self.tokens = 0
        """How many tokens were run so far."""

    def forget(self) -> None:
        """Drop what is stored of the last text."""
        self._rows.clear()
        self._ids, self._cache = [], None

    def of(
        self, ids: Sequence[int], start: int, end: int, check: Callable[[], None] = lambda: None
    ) -> NDArray[np.float32]:
        """Return the scores of the tokens before the target's last one: `<float32>[end - 1]`.

        Args:
            ids: The sequence, at least to the target's end.
            start: First token of the target, at least 1.
            end: The token after the target's last one.
            check: Called between the parts of a pass; raises if the request is cancelled.

        Raises:
            AttentionError: The model's attention can't be read.
        """
        given = list(ids[: end - 1])
        self._keep(given)
        rows = range(start - 1, end - 1)  # row i predicts token i + 1
        missing = [row for row in rows if row not in self._rows]
        if missing:
            try:
                self._read(given, missing[0], missing[-1] + 1, check)
            except BaseException:
                self.forget()  # the cache may be half filled
                raise
        found = np.zeros((len(rows), end - 1), np.float32)
        for row, scores in zip(rows, found, strict=True):
            scores[: row + 1] = self._rows[row]
        mean: NDArray[np.float32] = found.mean(axis=0)
        return mean

    def _keep(self, ids: list[int]) -> None:
        """Drop what isn't of this text."""
        shared = next((at for at, (one, other) in enumerate(zip(self._ids, ids, strict=False)) if one != other), None)
        if shared is not None:
            self._ids = self._ids[:shared]
            self._rows = {row: scores for row, scores in self._rows.items() if row < shared}

    def _read(self, ids: list[int], first: int, end: int, check: Callable[[], None]) -> None:
        """Read the rows `[first, end)`."""
        length = cache_length(len(ids))
        if self._cache is None:
            self._cache = self._pass.empty_cache(length)
        elif length > self._pass.length_of(self._cache):
            self._cache = self._pass.resized(self._cache, length)
        known, cache = self._ids[: len(ids)], self._cache
        while len(known) < first:
            check()
            part = ids[len(known) : min(len(known) + PREFILL_CHUNK, first)]
            _, cache = self._pass.run(np.array([part], np.int32), cache, len(known))
            known += part
            self.tokens += len(part)
        at = first
        for begin in range(first, end, MAX_ROWS):
            for part in self._pass.parts(np.array([ids[begin : min(begin + MAX_ROWS, end)]], np.int32)):
                means = _Means(check)
                cache = read_attention(self._causal_lm, part, cache, at, means.add)
                shares = means.mean()
                for offset in range(part.shape[1]):
                    self._rows[at + offset] = shares[offset, : at + offset + 1]
                at += part.shape[1]
                self.tokens += part.shape[1]
        self._ids = max(known, ids[:end], self._ids, key=len)
        self._cache = cache if self._pass.bytes_of(cache) <= MAX_CACHE_BYTES else None
        if self._cache is None:
            self._ids = []


class _Means:
    """The mean of shares over layers."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._sum: Any = 0.0
        self._count: Any = 0.0

    def add(self, layer: LayerAttention) -> None:
        self._check()
        near = proximities(layer)
        total = ops.sum(near, axis=-1, keepdims=True)
        self._sum += near / ops.maximum(total, 1e-30)
        self._count += ops.cast(total > 0, "float32")

    def mean(self) -> NDArray[np.float32]:
        """Return the mean shares, `<float32>[rows, tokens]`. Layers in which no token has a share don't count."""
        found: NDArray[np.float32] = backend().array(self._sum / ops.maximum(self._count, 1.0))
        return found


def proximities(layer: LayerAttention) -> Any:
    """Return how much closer each token brings a layer's attention output: `<float32>[rows, tokens]`.

    With z for the output at a row, and x for a token's vector, it is `max(0, ‖z‖₁ - ‖z - x‖₁)` (Ferrando et al. 2022,
    "Measuring the Mixing of Contextual Information in the Transformer"). Both are as they enter the residual stream: if a
    norm follows, it scales each channel; the factor that all channels of a row share changes no share.
    """
    output = attention_output(layer) * layer.channels  # [rows, width]
    kernel = layer.kernel * layer.channels
    whole = ops.sum(ops.abs(output), axis=-1)  # [rows]
    heads, rows, tokens = layer.weights.shape
    size = max(1, _MAX_NUMBERS // (max(heads, rows) * output.shape[-1]))
    found = []
    for begin in range(0, tokens, size):
        some = slice(begin, begin + size)
        projected = ops.einsum("thk,hkd->thd", layer.values[some], kernel)
        parts = ops.einsum("hrt,thd->trd", layer.weights[:, :, some], projected)
        found.append(whole - ops.sum(ops.abs(output - parts), axis=-1))  # [tokens, rows]
    return ops.transpose(ops.maximum(ops.concatenate(found, axis=0), 0.0))
