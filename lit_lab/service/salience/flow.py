"""Flow: how much of what attention adds at the target's rows comes from each token."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from lit_lab.problem import Problem

from ..attention import AttentionError, LayerAttention, read_attention
from ..engine.backends import backend
from ..generation import Decoder

log = logging.getLogger(__name__)

FLOW_ROWS = 64
"""Rows whose attention is read in a pass."""

MAX_STORED = 2**24
"""Maximum number of stored shares: 64 MB. Beyond it, all stored ones are dropped."""

_PROBE = 9  # tokens that show how a family's attention uses a cache
_MAX_NUMBERS = 2**24  # in the vectors that are in memory at a time: 64 MB


class Flow:
    """Scores tokens by what attention reads from them at the target's rows. A row is the token that predicts the next one.

    The output of a layer's attention at a row is a sum of one vector for each token (`LayerAttention`). A token's share is
    its vector's squared norm, divided by the sum over all tokens. A token's score is the mean of its shares over all layers
    and all rows of the target. So scores aren't negative, and add up to 1.

    It is the attention part of Ferrando and Voita 2024, "Information Flow Routes: Automatically Interpreting Language
    Models at Scale", with each token as the source in every layer: what other layers moved into a token's hidden state
    before counts as that token's. Vectors are measured by their norms, as in Kobayashi et al. 2020, "Attention is Not Only a
    Weight". It leaves out what a row keeps of itself in the residual stream, and the feed-forward
    layers.

    Rows are stored until another text is read, so the targets of an answer share a pass. The tokens before the rows come from
    the decoder's cache.

    Args:
        causal_lm: A `keras_nlp.models.CausalLM`.
        decoder: Its decoder.
        is_checked: Whether the family is known to attend in the same way to tokens in a cache and to tokens of the same
            call. Otherwise the first text shows it.
    """

    def __init__(self, causal_lm: Any, decoder: Decoder, is_checked: bool = False) -> None:
        self._causal_lm = causal_lm
        self._decoder = decoder
        self._is_checked = is_checked
        self._ids: list[int] = []
        self._rows: dict[int, NDArray[np.float32]] = {}  # of these ids
        self.num_read = 0
        """Number of passes that read rows so far."""

    def forget(self) -> None:
        """Drop what is stored of the last text."""
        self._rows.clear()

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
            Problem: `no_flow`: the model's attention can't be read.
        """
        try:
            if not self._is_checked:
                self._check(ids)
                self._is_checked = True
            return self._of(ids, start, end, check)
        except AttentionError as error:
            log.info("no flow: %s", error)
            raise Problem(
                422,
                "no_flow",
                f"The attention of {type(self._causal_lm).__name__} can't be read, so it has no flow here.",
                "Choose another method: leave one out works with every model.",
            ) from error

    def _of(self, ids: Sequence[int], start: int, end: int, check: Callable[[], None]) -> NDArray[np.float32]:
        rows = range(start - 1, end - 1)  # row i predicts token i + 1
        inputs = list(ids[:-1])  # the last token predicts nothing
        differs_at = next((at for at, (a, b) in enumerate(zip(self._ids, inputs, strict=False)) if a != b), None)
        if differs_at is not None:
            self._rows = {row: scores for row, scores in self._rows.items() if row < differs_at}
        self._ids = inputs if differs_at is not None or len(inputs) > len(self._ids) else self._ids
        total = np.zeros(end - 1, np.float64)
        for row in rows:
            if row not in self._rows:
                if sum(map(len, self._rows.values())) > MAX_STORED:
                    self._rows.clear()
                # More rows take little longer, and the next ones are likely to be needed.
                self._read(inputs, row, min(row + FLOW_ROWS, len(inputs)), check)
                self.num_read += 1
            total[: row + 1] += self._rows[row]
        mean: NDArray[np.float32] = (total / len(rows)).astype(np.float32)
        return mean

    def _check(self, ids: Sequence[int]) -> None:
        """Check that the last of a few tokens attends to the others in the same way if they are in a cache.

        In keras-hub's GPT-NeoX, for example, a query's position counts from the start of its call.

        Raises:
            AttentionError: It doesn't.
        """
        probe = list(ids[:_PROBE])
        run = self._decoder.cached_pass
        found = []
        for cached in (0, len(probe) - 1):
            cache = run.empty_cache(len(probe))
            if cached:
                _, cache = run.run(np.array([probe[:cached]], np.int32), cache, 0)
            means = _Means(lambda: None)
            read_attention(self._causal_lm, np.array([probe[cached:]], np.int32), cache, cached, means.add)
            found.append(means.mean()[-1])
        tolerance = 1e-3 if keras.backend.standardize_dtype(self._causal_lm.compute_dtype) == "float32" else 0.05
        if np.max(np.abs(found[0] - found[1])) > tolerance:
            raise AttentionError("attention that depends on where a call begins")

    def _read(self, ids: list[int], first: int, end: int, check: Callable[[], None]) -> None:
        """Read the rows `[first, end)`, at most `FLOW_ROWS`."""
        cache = self._decoder.prefilled(ids[:first], end, check)
        at = first
        for part in self._decoder.cached_pass.parts(np.array([ids[first:end]], np.int32)):
            means = _Means(check)
            cache = read_attention(self._causal_lm, part, cache, at, means.add)
            for shares in means.mean():
                self._rows[at] = shares[: at + 1].copy()  # the cache may be longer
                at += 1


class _Means:
    """The mean of shares over layers."""

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._sum: Any = 0.0
        self._count: Any = 0.0

    def add(self, layer: LayerAttention) -> None:
        self._check()
        sizes = squared_norms(layer)
        total = ops.sum(sizes, axis=-1, keepdims=True)
        self._sum += sizes / ops.maximum(total, 1e-30)
        self._count += ops.cast(total > 0, "float32")

    def mean(self) -> NDArray[np.float32]:
        """Return the mean shares, `<float32>[rows, tokens]`. Layers in which no token has a share don't count."""
        found: NDArray[np.float32] = backend().array(self._sum / ops.maximum(self._count, 1.0))
        return found


def squared_norms(layer: LayerAttention) -> Any:
    """Return the squared norm of what each token adds to a layer's attention output: `<float32>[rows, tokens]`.

    Of vectors as they enter the residual stream: if a norm follows, it scales each channel; the factor that all channels of a
    row share changes no share. A token's vector is a sum over heads, weighted by attention, so its squared norm follows from the
    products of its heads' vectors, which are the same at all rows.
    """
    kernel = layer.kernel * layer.channels
    heads, rows, tokens = layer.weights.shape
    size = max(1, _MAX_NUMBERS // (heads * max(heads, rows, kernel.shape[-1])))
    found = []
    for begin in range(0, tokens, size):
        some = slice(begin, begin + size)
        vectors = ops.einsum("thk,hkd->thd", layer.values[some], kernel)
        products = ops.matmul(vectors, ops.transpose(vectors, (0, 2, 1)))  # [tokens, heads, heads]
        weights = ops.transpose(layer.weights[:, :, some], (2, 1, 0))  # [tokens, rows, heads]
        found.append(ops.sum(ops.matmul(weights, products) * weights, axis=-1))
    return ops.transpose(ops.maximum(ops.concatenate(found, axis=0), 0.0))
