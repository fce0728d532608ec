"""The vocabulary head, which computes logits from hidden states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from .engine.backends import Spec, backend

BLOCKS = (128, 48, 16)
"""Numbers of rows in one matrix product for losses: only these are compiled. With a vocabulary of 256,000 the logits of 128
rows take 131 MB, and a pass holds a few copies of them. Products of a multiple of 16 rows are the fastest."""

CHUNK = 32_768
"""Rows of the vocabulary that are cast at one time: 300 MB of float32 at width 2,304."""


VOCABULARY_PART = 16_384
"""Rows of the vocabulary whose logits for losses are computed at one time. These then stay in the processor's cache between
the product and the sums over them, which takes two thirds of the time that logits of a whole large vocabulary take."""

LOWEST = -1e30
"""A logit without weight in a sum. It is finite, so that the highest of only such logits can be subtracted from them."""


def head_weights(embed: Any) -> Any:
    """Return the weights by which a `keras.layers.ReversibleEmbedding` computes logits, `[vocabulary_size, width]`."""
    tensor = backend().tensor
    return tensor(embed.embeddings) if embed.tie_weights else ops.transpose(tensor(embed.reverse_embeddings))


def logits(embed: Any, hidden: Any, exact: bool = False) -> Any:
    """Return a ReversibleEmbedding's logits, `<float32>[rows, vocabulary_size]`.

    The result is that of `embed(hidden, reverse=True)`. Keras first transposes the weights there, which outside XLA copies
    the model's largest weight for each token.

    Args:
        embed: The embedding layer.
        hidden: Hidden states, `[rows, width]`.
        exact: Whether to cast half-precision weights to float32 first, one chunk at a time. A product in half precision
            has a rounding error of up to 0.06 at a logit of 20.
    """
    if embed.quantization_mode is not None:  # the weights need their scales
        return ops.cast(embed(hidden, reverse=True), "float32")
    matmul = backend().matmul
    weights = head_weights(embed)
    if exact and keras.backend.standardize_dtype(weights.dtype) != "float32":
        rows = ops.cast(hidden, "float32")
        parts = [weights[at : at + CHUNK] for at in range(0, weights.shape[0], CHUNK)]
        product = ops.concatenate([matmul(rows, ops.cast(part, "float32"), transpose_b=True) for part in parts], axis=1)
    else:
        product = ops.cast(matmul(ops.cast(hidden, weights.dtype), weights, transpose_b=True), "float32")
    return soft_cap(embed, product)


def logits_at(embed: Any, hidden: Any, places: Any) -> Any:
    """Return the exact logits of some tokens after one row, `<float32>[num_tokens]`.

    Args:
        embed: The embedding layer, not quantized.
        hidden: `[width]`.
        places: The tokens, `<int32>[num_tokens]`.
    """
    weights = ops.cast(ops.take(head_weights(embed), places, axis=0), "float32")
    return soft_cap(embed, ops.matmul(weights, ops.cast(hidden, "float32")))


def rows_at(embed: Any, hidden: Any, places: Any) -> Any:
    """Return the exact logits of other tokens after each row, `<float32>[rows, num_tokens]`.

    Args:
        embed: The embedding layer, not quantized.
        hidden: `[rows, width]`.
        places: The tokens of each row, `<int32>[rows, num_tokens]`.
    """
    weights = ops.cast(ops.take(head_weights(embed), places, axis=0), "float32")
    return soft_cap(embed, ops.einsum("rnd,rd->rn", weights, ops.cast(hidden, "float32")))


def soft_cap(embed: Any, product: Any) -> Any:
    """Return logits from products with the weights: some families, such as Gemma 2, cap them."""
    cap = embed.logit_soft_cap
    return product if cap is None else ops.tanh(product / cap) * cap


def weight_parts(embed: Any) -> list[Any]:
    """Return the head's weights in parts: all of them if they are float32, otherwise a chunk each.

    Half-precision weights are cast to float32 one chunk at a time: casting all at once would copy the model's largest
    weight. A product in half precision would be inexact, and slow on a CPU.
    """
    weights = head_weights(embed)
    if keras.backend.standardize_dtype(weights.dtype) == "float32":
        return [weights]
    return [weights[at : at + CHUNK] for at in range(0, weights.shape[0], CHUNK)]


def products(parts: Sequence[Any], rows: Any) -> Any:
    """Return the products of the head's weights with rows, `<float32>[vocabulary_size, num_rows]`.

    Args:
        parts: From `weight_parts`.
        rows: Hidden states, `<float32>[num_rows, width]`.
    """
    matmul = backend().matmul
    found = [matmul(ops.cast(part, "float32"), rows, transpose_b=True) for part in parts]
    return found[0] if len(found) == 1 else ops.concatenate(found, axis=0)


def blocks(num_rows: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of rows that are multiplied at one time.

    Args:
        num_rows: A multiple of the smallest block.
    """
    at = 0
    while at < num_rows:
        end = at + next(size for size in BLOCKS if at + size <= num_rows)
        yield at, end
        at = end


def losses_of(embed: Any, products: Any, labels: Any) -> tuple[Any, Any]:
    """Return the losses in nats, `[R]`, and their gradient with respect to the products, `[V, R]`.

    Args:
        embed: The embedding layer, for its soft cap.
        products: From the function `products`, `[V, R]`.
        labels: The token that each row predicts, `<int32>[R]`.
    """
    cap = embed.logit_soft_cap
    capped = ops.tanh(products / cap) if cap is not None else None
    logits = products if capped is None else capped * cap
    highest = ops.max(logits, axis=0)
    powers = ops.exp(logits - highest)
    is_label = ops.equal(ops.arange(products.shape[0], dtype="int32")[:, None], labels)
    others = ops.sum(ops.where(is_label, 0.0, powers), axis=0)
    of_labels = ops.diagonal(ops.take(powers, labels, axis=0))
    total = others + of_labels
    # If the label's probability is close to 1, subtracting from 1, or logits from each other, leaves only rounding error. The
    # sum of the others doesn't.
    of_others = ops.log1p(others / ops.maximum(of_labels, 0.1))
    losses = highest + ops.log(total) - ops.diagonal(ops.take(logits, labels, axis=0))
    losses = ops.where(of_labels >= 0.1, of_others, losses)
    upstream = ops.where(is_label, -others, powers) / total
    return losses, upstream if capped is None else upstream * (1.0 - capped * capped)


class LabelLosses:
    """Computes losses from hidden states, in float32 whatever the weights' precision, without gradients.

    Args:
        embed: The embedding layer, not quantized.
    """

    def __init__(self, embed: Any) -> None:
        self._embed = embed
        self._backend = backend()
        weights = Spec((int(embed.input_dim), int(embed.output_dim)), embed.variable_dtype)
        signature = [weights, Spec((None, int(embed.output_dim)), "float32"), Spec((None,), "int32")]
        self._losses = self._backend.open_graph(self._losses_of, signature)

    def __call__(self, hidden: Any, labels: NDArray[np.int32]) -> Any:
        """Return the losses in nats, `<float32>[num_rows]`.

        Args:
            hidden: Hidden states, `[num_rows, width]`.
            labels: The token that each row predicts, `<int32>[num_rows]`.
        """
        weights, rows = head_weights(self._embed), ops.cast(hidden, "float32")
        if self._backend.PROMPT_LENGTHS is None:  # any number of rows
            return self._losses(weights, rows, ops.convert_to_tensor(labels))
        count = len(labels)
        missing = -count % BLOCKS[-1]
        rows = ops.pad(rows, [[0, missing], [0, 0]])
        targets = ops.convert_to_tensor(np.pad(labels, (0, missing)))
        found = [self._losses(weights, rows[at:end], targets[at:end]) for at, end in blocks(count + missing)]
        return (found[0] if len(found) == 1 else ops.concatenate(found))[:count]

    def _losses_of(self, weights: Any, rows: Any, labels: Any) -> Any:
        """Return the losses from sums over parts of the vocabulary, in which each row's own label is left out."""
        matmul = self._backend.matmul
        count = ops.shape(labels)[0]
        columns = ops.arange(count, dtype="int32")
        highest, totals, of_labels = [], [], []
        for at in range(0, weights.shape[0], VOCABULARY_PART):
            part = ops.cast(weights[at : at + VOCABULARY_PART], "float32")
            size = int(part.shape[0])
            logits = ops.reshape(soft_cap(self._embed, matmul(part, rows, transpose_b=True)), (-1,))
            is_here = ops.logical_and(labels >= at, labels < at + size)
            places = ops.clip(labels - at, 0, size - 1) * count + columns
            own = ops.take(logits, places)
            others = ops.scatter_update(logits, places[:, None], ops.where(is_here, LOWEST, own))
            others = ops.reshape(others, (size, count))
            highest.append(ops.max(others, axis=0))
            totals.append(ops.sum(ops.exp(others - highest[-1]), axis=0))
            of_labels.append(ops.where(is_here, own, 0.0))
        label = ops.sum(ops.stack(of_labels), axis=0)
        most = ops.stack(highest)
        top = ops.maximum(ops.max(most, axis=0), label)
        total = ops.sum(ops.stack(totals) * ops.exp(most - top), axis=0)
        power = ops.exp(label - top)
        # As in `losses_of`: where the label's probability is close to 1, only the others' sum is exact.
        return ops.where(power >= 0.1, ops.log1p(total / ops.maximum(power, 0.1)), top + ops.log(total + power) - label)
