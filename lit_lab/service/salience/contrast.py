"""Contrastive targets: gradients of the difference between the log-probabilities of a target A and its foil B.

The gradient of `log p(A)` shows everything that makes A likely, including what makes B just as likely. In the gradient of
`log p(A) - log p(B)`, influences that both share cancel out. The method is that of Yin and Neubig 2022, "Interpreting
Language Models with Contrastive Explanations".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .gradients import TargetGradient


class Gradients(Protocol):
    """Losses and gradients of a single target, as `EmbeddingGradients` computes them."""

    def embeddings(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the embedding layer's output: `<float32>[num_tokens, width]`."""

    def mean_embedding(self) -> NDArray[np.float32]:
        """Return the mean of the vocabulary's embeddings: `<float32>[width]`."""

    def of(
        self,
        ids: Sequence[int],
        start: int,
        end: int,
        window: tuple[int, int] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> TargetGradient:
        """Return the gradient of the summed loss of tokens `[start, end)`; see `EmbeddingGradients.of`."""

    def at(
        self, ids: Sequence[int], start: int, end: int, embeddings: NDArray[np.float32], check: Callable[[], None]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return losses and gradients at given embeddings; see `EmbeddingGradients.at`."""


class Contrast:
    """Losses and gradients of a target A minus those of its foil B, the tokens in A's place.

    This class has the interface of `EmbeddingGradients`, so gradient methods don't need to know about it. Its embeddings
    are those of one sequence: the tokens before the target, A without its last token, and B without its last token.

    The loss is A's loss minus B's loss, which is `log p(B) - log p(A)`. Each takes one forward and one backward pass.
    For the tokens before the target, the gradient is A's gradient minus B's gradient. A method that takes a norm therefore
    takes the norm of this difference, not the difference of two norms.

    Args:
        gradients: Losses and gradients of a single target.
        foil: The ids of B.
    """

    def __init__(self, gradients: Gradients, foil: Sequence[int]) -> None:
        self._gradients = gradients
        self._foil = list(foil)

    def of(self, ids: Sequence[int], start: int, end: int, check: Callable[[], None] = lambda: None) -> TargetGradient:
        """Return the gradient of the target's loss minus the foil's loss.

        Args:
            ids: The whole sequence, which contains A.
            start: First token of A, at least 1.
            end: The token after A's last one.
            check: Called between the parts of a pass; raises if the request is cancelled.

        Returns:
            Embeddings and gradient, `<float32>[end - 1 + num_foil - 1, width]`. The rows of A's tokens begin at `start`,
            those of B's tokens at `end - 1`.
        """
        one = self._gradients.of(ids, start, end, None, check)
        foil = self._gradients.of(self._with_foil(ids, start), start, start + len(self._foil), None, check)
        return TargetGradient(
            np.concatenate([one.embeddings, foil.embeddings[start:]]),
            _less(one.gradient, foil.gradient, start),
            one.loss - foil.loss,
        )

    def embeddings(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the embeddings of a sequence that ends before A's last token, followed by B's without its last token.

        Args:
            ids: The sequence, `<int>[end - 1]`.

        Returns:
            `<float32>[end - 1 + num_foil - 1, width]`
        """
        own = self._gradients.embeddings(ids)
        if len(self._foil) == 1:
            return own
        return np.concatenate([own, self._gradients.embeddings(self._foil[:-1])])

    def mean_embedding(self) -> NDArray[np.float32]:
        """Return the mean of the vocabulary's embeddings: `<float32>[width]`."""
        return self._gradients.mean_embedding()

    def at(
        self, ids: Sequence[int], start: int, end: int, embeddings: NDArray[np.float32], check: Callable[[], None]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return the target's losses minus the foil's, and their gradients, at given embeddings.

        Args:
            ids: The sequence, at least to A's end.
            start: First token of A.
            end: The token after A's last one.
            embeddings: In the form of `embeddings`, `<float32>[batch, end - 1 + num_foil - 1, width]`.
            check: Called between the parts of a pass; raises if the request is cancelled.

        Returns:
            `<float64>[batch]`, in nats, and gradients of the embeddings' shape.
        """
        losses, one = self._gradients.at(ids, start, end, embeddings[:, : end - 1], check)
        foils = np.concatenate([embeddings[:, :start], embeddings[:, end - 1 :]], axis=1)
        foil_losses, foil = self._gradients.at(
            self._with_foil(ids, start), start, start + len(self._foil), foils, check
        )
        return losses - foil_losses, np.stack([_less(*pair, start) for pair in zip(one, foil, strict=True)])

    def _with_foil(self, ids: Sequence[int], start: int) -> list[int]:
        return [*ids[:start], *self._foil]


def _less(one: NDArray[np.float32], other: NDArray[np.float32], start: int) -> NDArray[np.float32]:
    """Return `one - other` for the first `start` rows, then the other rows of `one`, then those of `-other`."""
    return np.concatenate([one[:start] - other[:start], one[start:], -other[start:]])
