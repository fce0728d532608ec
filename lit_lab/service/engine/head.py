"""The vocabulary head: computes each row's loss and its gradient in one call."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..vocabulary import CHUNK, head_weights
from .backends import backend
from .split_model import SplitModel

BLOCKS = (128, 48, 16)
"""Numbers of rows in one matrix product: only these are compiled. With a vocabulary of 256,000 the logits of 128 rows take
131 MB, and a pass holds a few copies of them. Products of a multiple of 16 rows are the fastest."""


MAX_COMPILED = 4_000_000
"""Maximum number of weights for compiling the whole head at once. For a large vocabulary XLA's product of a few rows takes
twice as long as an eager one; for a small vocabulary it takes less time than eager calls."""


class Head:
    """Computes losses and their gradients from hidden states, in float32 whatever the weights' precision.

    Rows are independent, so one call serves every target within them: a target's gradient is the gradient of its rows,
    and zero in all others. No tensor of shape `[R, V]` outlives a call.

    Args:
        model: The model.
        compiled: Whether to compile the head, once for each number of rows, when that number is first used.
    """

    def __init__(self, model: SplitModel, compiled: bool = True) -> None:
        self._embed = model.embed
        self._backend = backend()
        self._between = self._backend.compiled(self._losses) if compiled else self._losses
        small = int(model.embed.input_dim) * model.width <= MAX_COMPILED
        self._all = self._backend.compiled(self._of_all) if compiled and small else None

    def __call__(self, hidden: Any, labels: NDArray[np.int32]) -> tuple[Any, Any]:
        """Return the losses in nats, `<float32>[R]`, and their gradients, `[R, D]` in `hidden`'s type.

        Args:
            hidden: The model's hidden states, `[R, D]`.
            labels: The token that each row predicts, `<int32>[R]`. -1: the row isn't needed; its loss and gradient are
                zero.
        """
        if self._all is not None:
            losses, gradients = self._all(hidden, ops.convert_to_tensor(labels), head_weights(self._embed))
            return losses, gradients
        count = len(labels)
        needed = np.flatnonzero(labels >= 0)
        first, last = int(needed[0]), int(needed[-1]) + 1
        missing = (first - last) % BLOCKS[-1]
        rows = ops.pad(ops.cast(hidden[first:last], "float32"), [[0, missing], [0, 0]])
        targets = ops.convert_to_tensor(np.pad(labels[first:last], (0, missing)))
        found = []
        at = 0
        while at < last - first:
            end = at + next(size for size in BLOCKS if at + size <= last - first + missing)
            found.append(self._block(rows[at:end], targets[at:end]))
            at = end
        losses, gradients = found[0] if len(found) == 1 else map(ops.concatenate, zip(*found, strict=True))
        around = [first, count - last]
        losses = ops.pad(losses[: last - first], [around])
        return losses, ops.pad(ops.cast(gradients[: last - first], hidden.dtype), [around, [0, 0]])

    def compile(self) -> None:
        """Compile the head for all numbers of rows, by running it once on zeros."""
        for size in BLOCKS if self._all is None else ():
            self._between(ops.zeros((int(self._embed.input_dim), size), "float32"), ops.zeros((size,), "int32"))

    def _of_all(self, hidden: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        rows, weights = ops.cast(hidden, "float32"), ops.cast(weights, "float32")
        losses, upstream = self._losses(ops.matmul(weights, ops.transpose(rows)), ops.maximum(labels, 0))
        needed = labels >= 0
        gradients = ops.where(needed[:, None], ops.matmul(ops.transpose(upstream), weights), 0.0)
        return ops.where(needed, losses, 0.0), ops.cast(gradients, hidden.dtype)

    def _block(self, rows: Any, labels: Any) -> tuple[Any, Any]:
        matmul = self._backend.matmul
        weights = head_weights(self._embed)
        size = weights.shape[0]
        # Half-precision weights are cast to float32 one chunk at a time: casting all at once would copy the model's largest
        # weight. A product in half precision would be inexact, and slow on a CPU.
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
        """Return the losses, `[R]`, and their gradient with respect to the products, `[V, R]`."""
        cap = self._embed.logit_soft_cap
        capped = ops.tanh(products / cap) if cap is not None else None
        logits = products if capped is None else capped * cap
        highest = ops.max(logits, axis=0)
        powers = ops.exp(logits - highest)
        is_label = ops.equal(ops.arange(products.shape[0], dtype="int32")[:, None], labels)
        others = ops.sum(ops.where(is_label, 0.0, powers), axis=0)
        of_labels = ops.diagonal(ops.take(powers, labels, axis=0))
        total = others + of_labels
        losses = highest + ops.log(total) - ops.diagonal(ops.take(logits, labels, axis=0))
        # If the label's probability is close to 1, subtracting 1 leaves only rounding error. The sum of the others doesn't.
        upstream = ops.where(is_label, -others, powers) / total
        return losses, upstream if capped is None else upstream * (1.0 - capped * capped)
