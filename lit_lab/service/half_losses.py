"""The vocabulary head of a half-precision copy: products in bfloat16, and in float32 what the result depends on most."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from .engine.backends import Spec, backend
from .vocabulary import LOWEST, VOCABULARY_PART, head_weights, soft_cap


class HalfLosses:
    """Computes losses from hidden states, without gradients, like `LabelLosses`.

    The logit of each label is computed in float32, and so is the highest logit of each part of the vocabulary. A product in half precision has
    an error of up to 0.06 at a logit of 20, but the errors of the many others nearly cancel in their sum.

    Args:
        embed: The embedding layer, not quantized.
    """

    def __init__(self, embed: Any) -> None:
        self._embed = embed
        self._backend = backend()
        self._half = ops.cast(head_weights(embed), "bfloat16")
        size, width = int(embed.input_dim), int(embed.output_dim)
        signature = [
            Spec((size, width), "bfloat16"),
            Spec((size, width), embed.variable_dtype),
            Spec((None, width), "float32"),
            Spec((None,), "int32"),
        ]
        self._losses = self._backend.open_graph(self._losses_of, signature)

    def __call__(self, hidden: Any, labels: NDArray[np.int32]) -> Any:
        """Return the losses in nats, `<float32>[num_rows]`.

        Args:
            hidden: Hidden states, `[num_rows, width]`.
            labels: The token that each row predicts, `<int32>[num_rows]`.
        """
        rows = ops.cast(hidden, "float32")
        return self._losses(self._half, head_weights(self._embed), rows, ops.convert_to_tensor(labels))

    def _losses_of(self, half: Any, exact: Any, rows: Any, labels: Any) -> Any:
        """Return the losses from sums over parts of the vocabulary, in which each row's own label is left out."""
        count = ops.shape(labels)[0]
        columns = ops.arange(count, dtype="int32")
        narrow = ops.cast(rows, "bfloat16")
        highest, totals = [], []
        for at in range(0, half.shape[0], VOCABULARY_PART):
            part = half[at : at + VOCABULARY_PART]
            size = int(part.shape[0])
            product = ops.cast(self._backend.matmul(part, narrow, transpose_b=True), "float32")
            logits = ops.reshape(soft_cap(self._embed, product), (-1,))
            is_here = ops.logical_and(labels >= at, labels < at + size)
            places = ops.clip(labels - at, 0, size - 1) * count + columns
            own = ops.take(logits, places)
            others = ops.scatter_update(logits, places[:, None], ops.where(is_here, LOWEST, own))
            others = ops.reshape(others, (size, count))
            first = ops.argmax(others, axis=0)
            most = ops.max(others, axis=0)
            # The first one counts as 1 in the sum; its true share replaces that.
            rest = ops.maximum(ops.sum(ops.exp(others - most), axis=0) - 1.0, 0.0)
            total = rest + ops.exp(self._logit_at(exact, rows, first + at) - most)
            # A part of one token, which is the label, has no others.
            totals.append(ops.where(most > LOWEST, total, 0.0))
            highest.append(most)
        label = self._logit_at(exact, rows, labels)
        most = ops.stack(highest)
        top = ops.maximum(ops.max(most, axis=0), label)
        total = ops.sum(ops.stack(totals) * ops.exp(most - top), axis=0)
        power = ops.exp(label - top)
        # As in `LabelLosses`.
        return ops.where(power >= 0.1, ops.log1p(total / ops.maximum(power, 0.1)), top + ops.log(total + power) - label)

    def _logit_at(self, exact: Any, rows: Any, places: Any) -> Any:
        """Return each row's logit of one token, in float32: `[num_rows]`."""
        weights = ops.cast(ops.take(exact, places, axis=0), "float32")
        return soft_cap(self._embed, ops.sum(weights * rows, axis=1))
