"""Why this rather than that: gradients of the difference between two continuations' log-probabilities.

Yin and Neubig 2022, "Interpreting Language Models with Contrastive Explanations": not the gradient of `log p(A)`, in which
all that makes A a word at all has its part, but of `log p(A) - log p(B)`, in which what speaks for both cancels out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .gradients import TargetGradient


class Gradients(Protocol):
    """The losses and gradients of one continuation (`EmbeddingGradients`)."""

    def embeddings(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the embedding layer's output: `<float32>[num_tokens, width]`."""

    def mean_embedding(self) -> NDArray[np.float32]:
        """Return the vocabulary's mean: `<float32>[width]`."""

    def of(
        self,
        ids: Sequence[int],
        start: int,
        end: int,
        window: tuple[int, int] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> TargetGradient:
        """Return the gradient of the summed loss of tokens `[start, end)`."""

    def at(
        self, ids: Sequence[int], start: int, end: int, embeddings: NDArray[np.float32], check: Callable[[], None]
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return losses and gradients at other embeddings."""


class Contrast:
    """Losses and gradients of a target A, less those of its foil B: other tokens in its place.

    It looks like one sequence, so that every gradient method takes it as it takes `EmbeddingGradients`: what stands before
    the target, then A without its last token, then B without its last. The loss is A's less B's, `log p(B) - log p(A)`,
    exactly: one pass forward and one back for each, whose gradients are subtracted where both read the same tokens.
    A norm is then that of the difference, not a difference of norms.

    Args:
        gradients: Of one continuation.
        foil: B's ids.
    """

    def __init__(self, gradients: Gradients, foil: Sequence[int]) -> None:
        self._gradients = gradients
        self._foil = list(foil)

    def of(self, ids: Sequence[int], start: int, end: int, check: Callable[[], None] = lambda: None) -> TargetGradient:
        """Return the gradient of the target's loss less the foil's.

        Args:
            ids: The whole sequence, with A in its place.
            start: First token of A, 1 or more.
            end: The token after its last.
            check: Called between pieces of work; raises when nobody waits any more.

        Returns:
            Embeddings and gradient are `<float32>[end - 1 + num_foil - 1, width]`: those of A's own tokens stand from
            `start` on, those of B's from `end - 1` on.
        """
        one = self._gradients.of(ids, start, end, None, check)
        foil = self._gradients.of(self._with_foil(ids, start), start, start + len(self._foil), None, check)
        return TargetGradient(
            np.concatenate([one.embeddings, foil.embeddings[start:]]),
            _less(one.gradient, foil.gradient, start),
            one.loss - foil.loss,
        )

    def embeddings(self, ids: Sequence[int]) -> NDArray[np.float32]:
        """Return the embeddings of a sequence up to A's last token, which isn't among them, and of B's own.

        Args:
            ids: `<int>[end - 1]`.
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
        """Return losses and gradients at other embeddings, `<float32>[batch, end - 1 + num_foil - 1, width]`."""
        losses, one = self._gradients.at(ids, start, end, embeddings[:, : end - 1], check)
        foils = np.concatenate([embeddings[:, :start], embeddings[:, end - 1 :]], axis=1)
        foil_losses, foil = self._gradients.at(
            self._with_foil(ids, start), start, start + len(self._foil), foils, check
        )
        return losses - foil_losses, np.stack([_less(*pair, start) for pair in zip(one, foil, strict=True)])

    def _with_foil(self, ids: Sequence[int], start: int) -> list[int]:
        return [*ids[:start], *self._foil]


def _less(one: NDArray[np.float32], other: NDArray[np.float32], start: int) -> NDArray[np.float32]:
    """Return the difference where the sequences are the same, then what each has of its own."""
    return np.concatenate([one[:start] - other[:start], one[start:], -other[start:]])
