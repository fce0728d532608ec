"""Losses and gradients at any embeddings: of a real model without the engine, and of a function with a known integral."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from reference_gradients import loss_and_gradient, numbers

WIDTH = 3


class ReferenceGradients:
    """A real model's gradients, with a whole eager pass for each: slow, and independent of the engine."""

    def __init__(self, causal_lm: Any) -> None:
        import keras

        backbone = causal_lm.backbone
        self._embed = backbone.token_embedding
        self._body = keras.Model([self._embed.output, backbone.input["padding_mask"]], backbone.output)

    def embeddings(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return numbers(self._embed(np.array([ids], np.int32))[0])

    def mean_embedding(self) -> NDArray[np.float32]:
        return np.asarray(np.mean(numbers(self._embed.embeddings), axis=0))

    def at(
        self, ids: Sequence[int], start: int, end: int, embeddings: NDArray[np.float32], check: Callable[[], None]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        from keras import ops

        check()

        def losses_at(given: Any) -> Any:
            hidden = self._body([given, ops.ones(given.shape[:2], "int32")])
            logits = self._embed(hidden[:, start - 1 :], reverse=True)
            labels = np.array([list(ids[start:end])] * len(embeddings))
            return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)

        losses, gradient = loss_and_gradient(losses_at, embeddings)
        return losses.sum(1, dtype=np.float64), gradient


class KnownGradients:
    """Gradients of a loss that is a known function of the embeddings.

    All numbers of a token's embedding are its id. The mean embedding is -1.
    """

    def __init__(
        self,
        loss: Callable[[NDArray[np.float64]], float],
        gradient: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    ) -> None:
        self._loss, self._gradient = loss, gradient
        self.places = 0

    def embeddings(self, ids: Sequence[int]) -> NDArray[np.float32]:
        return np.repeat(np.asarray(ids, np.float32)[:, None], WIDTH, axis=1)

    def mean_embedding(self) -> NDArray[np.float32]:
        return np.full(WIDTH, -1, np.float32)

    def at(
        self, ids: Sequence[int], start: int, end: int, embeddings: NDArray[np.float32], check: Callable[[], None]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        check()
        assert embeddings.shape[1:] == (end - 1, WIDTH)
        assert embeddings.dtype == np.float32
        self.places += len(embeddings)
        wide = embeddings.astype(np.float64)
        return (
            np.array([self._loss(one) for one in wide]),
            np.stack([self._gradient(one) for one in wide]).astype(np.float32),
        )
