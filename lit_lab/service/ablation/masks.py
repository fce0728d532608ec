"""Sets of segments, and the target's probability with each of them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import AblationMode, ProgressEvent, Span

from ..cancellation import Cancellation

Masks = NDArray[np.bool_]
"""`<bool>[num_masks, num_segments]`: true where a segment stays."""

_PROGRESS_EVENTS = 25  # approximate number of progress events
_MIN_PART = 16  # sequences; fewer leave the scorer's batches half empty


class Scores(Protocol):
    """Scores sequences, as `lit_lab.service.scoring.Scorer` does."""

    def log_probabilities(
        self,
        sequences: Sequence[Sequence[int]],
        num_targets: int,
        progress: Callable[[int], None],
        cancellation: Cancellation,
    ) -> NDArray[np.float64]:
        """Return the summed log-probability of each sequence's last `num_targets` tokens: `<float64>[num_sequences]`."""


class SegmentValues:
    """Computes the target's log-probability for sets of segments. Each distinct sequence is scored once.

    Args:
        ids: The whole sequence. Tokens after the target aren't used.
        target: The span to score.
        segments: Disjoint spans before the target, in order.
        mode: Whether the tokens of removed segments are removed or masked.
        pad_id: The token that replaces masked ones.
        scorer: Scores sequences.
        cancellation: Checked before each batch of sequences.
        foil: The foil's ids. Its log-probability is subtracted from the target's. None: the target isn't contrastive.
    """

    def __init__(
        self,
        ids: Sequence[int],
        target: Span,
        segments: Sequence[Span],
        mode: AblationMode,
        pad_id: int,
        scorer: Scores,
        cancellation: Cancellation,
        foil: Sequence[int] | None = None,
    ) -> None:
        self._foil = foil
        self._ids = np.asarray(ids[: target.end], np.int64)
        self._num_targets = target.end - target.start
        self._segments = segments
        self._mode = mode
        self._pad_id = pad_id
        self._scorer = scorer
        self._cancellation = cancellation
        self._known: dict[tuple[int, ...], float] = {}

    @property
    def passes(self) -> int:
        """Number of sequences scored so far."""
        return len(self._known) * (1 if self._foil is None else 2)

    @property
    def logprob_range(self) -> float:
        """Difference between the largest and the smallest value so far, in nats."""
        return max(self._known.values()) - min(self._known.values()) if self._known else 0.0

    def sequence(self, mask: NDArray[np.bool_]) -> tuple[int, ...]:
        """Return the sequence for a mask, up to the target's end.

        Args:
            mask: `<bool>[num_segments]`: true where a segment stays.
        """
        gone = np.zeros(len(self._ids), bool)
        for segment, stays in zip(self._segments, mask, strict=True):
            gone[segment.start : segment.end] = not stays
        left = self._ids[~gone] if self._mode == "remove" else np.where(gone, self._pad_id, self._ids)
        return tuple(left.tolist())

    def of(self, masks: Masks) -> Generator[ProgressEvent, None, NDArray[np.float64]]:
        """Return the target's log-probability for each mask, `<float64>[num_masks]`, in nats; yield progress meanwhile.

        Masks that leave the same ids, as with two equal segments side by side, are scored once. The scorer gets the sequences
        in parts, sorted, so that the sequences of a part share a long prefix.
        """
        sequences = [self.sequence(mask) for mask in masks]
        new = sorted(set(sequences) - self._known.keys())
        part = max(_MIN_PART, -(-len(new) // _PROGRESS_EVENTS))
        for begin in range(0, len(new), part):
            self._cancellation.check()
            some = new[begin : begin + part]
            values = self._scorer.log_probabilities(some, self._num_targets, _ignore, self._cancellation)
            if self._foil is not None:
                foils = [(*sequence[: -self._num_targets], *self._foil) for sequence in some]
                values = values - self._scorer.log_probabilities(foils, len(self._foil), _ignore, self._cancellation)
            self._known.update(zip(some, np.asarray(values, np.float64).tolist(), strict=True))
            yield ProgressEvent(done=begin + len(some), total=len(new))
        return np.array([self._known[sequence] for sequence in sequences], np.float64)


def _ignore(done: int) -> None:
    """Ignore progress inside a part."""
