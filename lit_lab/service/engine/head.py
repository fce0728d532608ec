"""The vocabulary head, forward and backward at once: each row's loss and its gradient."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..vocabulary import CHUNK, head_weights
from .backends import backend
from .cut import Cut

BLOCKS = (128, 48, 16)
"""Rows that are computed at once, so that no other number has to be compiled. Of a vocabulary of 256,000 the logits of
the most take 131 MB, of which a pass holds a few copies; products of a multiple of 16 rows are the fastest."""


SMALL = 4_000_000
"""Weights of a head up to which all of it is compiled, as one: XLA's product of a few rows with a large vocabulary takes
twice as long as an eager one, and with a small one less than it takes to call that."""


class Head:
    """From hidden states to losses and their gradients, in float32 whatever the weights' precision.

    Rows don't depend on each other, so that one run serves every target within them: a target's gradient is that of
    its rows, and zero elsewhere. Nothing of the size rows by vocabulary outlives a call.

    Args:
        cut: The model.
        compiled: Whether it is compiled, for each number of rows anew, which whoever asks first would wait for.
    """

    def __init__(self, cut: Cut, compiled: bool = True) -> None:
        self._embed = cut.embed
        self._backend = backend()
        self._between = self._backend.compiled(self._losses) if compiled else self._losses
        small = int(cut.embed.input_dim) * cut.width <= SMALL
        self._all = self._backend.compiled(self._of_all) if compiled and small else None

    def __call__(self, hidden: Any, labels: NDArray[np.int32]) -> tuple[Any, Any]:
        """Return the losses in nats, `<float32>[rows]`, and their gradients, `[rows, width]` in `hidden`'s type.

        Args:
            hidden: The model's hidden states, `[rows, width]`.
            labels: The token that each row predicts, `<int32>[rows]`; of rows that aren't asked for -1: both are zero.
        """
        if self._all is not None:
            losses, gradients = self._all(hidden, ops.convert_to_tensor(labels), head_weights(self._embed))
            return losses, gradients
        count = len(labels)
        asked = np.flatnonzero(labels >= 0)
        first, last = int(asked[0]), int(asked[-1]) + 1
        missing = (first - last) % BLOCKS[-1]
        rows = ops.pad(ops.cast(hidden[first:last], "float32"), [[0, missing], [0, 0]])
        wanted = ops.convert_to_tensor(np.pad(labels[first:last], (0, missing)))
        found = []
        at = 0
        while at < last - first:
            end = at + next(size for size in BLOCKS if at + size <= last - first + missing)
            found.append(self._block(rows[at:end], wanted[at:end]))
            at = end
        losses, gradients = found[0] if len(found) == 1 else map(ops.concatenate, zip(*found, strict=True))
        around = [first, count - last]
        losses = ops.pad(losses[: last - first], [around])
        return losses, ops.pad(ops.cast(gradients[: last - first], hidden.dtype), [around, [0, 0]])

    def compile(self) -> None:
        """Compile what serves all numbers of rows, by running it once on nothing."""
        for size in BLOCKS if self._all is None else ():
            self._between(ops.zeros((int(self._embed.input_dim), size), "float32"), ops.zeros((size,), "int32"))

    def _of_all(self, hidden: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        rows, weights = ops.cast(hidden, "float32"), ops.cast(weights, "float32")
        losses, upstream = self._losses(ops.matmul(weights, ops.transpose(rows)), ops.maximum(labels, 0))
        asked = labels >= 0
        gradients = ops.where(asked[:, None], ops.matmul(ops.transpose(upstream), weights), 0.0)
        return ops.where(asked, losses, 0.0), ops.cast(gradients, hidden.dtype)

    def _block(self, rows: Any, labels: Any) -> tuple[Any, Any]:
        matmul = self._backend.matmul
        weights = head_weights(self._embed)
        size = weights.shape[0]
        # Weights of half the precision are brought to float32 a part at a time: all at once would be a copy of the
        # largest weight. In half precision the product is inexact everywhere, and on a CPU slow.
        step = size if keras.backend.standardize_dtype(weights.dtype) == "float32" else CHUNK
        spans = [(at, at + step) for at in range(0, size, step)]
        parts = [weights[at:end] for at, end in spans] if len(spans) > 1 else [weights]
        products = [matmul(ops.cast(part, "float32"), rows, transpose_b=True) for part in parts]
        products = products[0] if len(products) == 1 else ops.concatenate(products, axis=0)
        losses, upstream = self._between(products, labels)
        shares = [upstream[at:end] for at, end in spans] if len(spans) > 1 else [upstream]
        gradients = [
            matmul(share, ops.cast(part, "float32"), transpose_a=True)
            for share, part in zip(shares, parts, strict=True)
        ]
        return losses, sum(gradients[1:], gradients[0])

    def _losses(self, products: Any, labels: Any) -> tuple[Any, Any]:
        """Return losses and their gradient with respect to the products, both `[vocabulary_size, rows]`."""
        cap = self._embed.logit_soft_cap
        bent = ops.tanh(products / cap) if cap is not None else None
        logits = products if bent is None else bent * cap
        highest = ops.max(logits, axis=0)
        powers = ops.exp(logits - highest)
        is_label = ops.equal(ops.arange(products.shape[0], dtype="int32")[:, None], labels)
        others = ops.sum(ops.where(is_label, 0.0, powers), axis=0)
        of_labels = ops.diagonal(ops.take(powers, labels, axis=0))
        total = others + of_labels
        losses = highest + ops.log(total) - ops.diagonal(ops.take(logits, labels, axis=0))
        # A label's probability less 1 would be all rounding error where the model is sure; the others' share isn't.
        upstream = ops.where(is_label, -others, powers) / total
        return losses, upstream if bent is None else upstream * (1.0 - bent * bent)
