"""The vocabulary head: computes each row's loss and its gradient in one call."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..vocabulary import BLOCKS, blocks, head_weights, losses_of, products, weight_parts
from .backends import backend
from .split_model import SplitModel

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
        found = [self._block(rows[at:end], targets[at:end]) for at, end in blocks(last - first + missing)]
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
        parts = weight_parts(self._embed)
        losses, upstream = self._between(products(parts, rows), labels)
        ends = np.cumsum([part.shape[0] for part in parts])
        shares = [upstream[end - part.shape[0] : end] for end, part in zip(ends, parts, strict=True)]
        gradients = [
            self._backend.matmul(share, ops.cast(part, "float32"), transpose_a=True)
            for share, part in zip(shares if len(parts) > 1 else [upstream], parts, strict=True)
        ]
        return losses, sum(gradients[1:], gradients[0])

    def _losses(self, products: Any, labels: Any) -> tuple[Any, Any]:
        return losses_of(self._embed, products, labels)
