"""Sets of segments, and what the target's probability is with each of them in place."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import AblationMode, ProgressEvent, Span

from ..cancellation import Cancellation

Masks = NDArray[np.bool_]
"""`<bool>[num_masks, num_segments]`: true where a segment stays."""

_PROGRESS_EVENTS = 25  # number of progress events, about
_SMALLEST_PART = 16  # sequences: fewer would leave the scorer's batches half empty


class Scores(Protocol):
    """What scores sequences (`lit_lab.service.scoring.Scorer`)."""

    def log_probabilities(
        self,
        sequences: Sequence[Sequence[int]],
        num_targets: int,
        progress: Callable[[int], None],
        cancellation: Cancellation,
    ) -> NDArray[np.float64]:
        """Return the summed log-probability of the last `num_targets` tokens of each: `<float64>[num_sequences]`."""


class SegmentValues:
    """The target's log-probability for any set of segments in place. Each distinct sequence is scored once.

    Args:
        ids: The whole sequence; what follows the target has no part in it.
        target: What is scored.
        segments: In order, apart, before the target.
        mode: What is done with the segments that don't stay.
        pad_id: What their tokens are replaced by in mode `mask`.
        scorer: What scores sequences.
        cancellation: Checked before each batch of sequences.
        foil: Other tokens in the target's place, whose log-probability is taken off; None: nothing is.
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
        """Sequences that were scored until now."""
        return len(self._known) * (1 if self._foil is None else 2)

    @property
    def logprob_range(self) -> float:
        """How far the values met until now lie apart, in nats."""
        return max(self._known.values()) - min(self._known.values()) if self._known else 0.0

    def sequence(self, mask: NDArray[np.bool_]) -> tuple[int, ...]:
        """Return the ids that are left, up to the target's end.

        Args:
            mask: `<bool>[num_segments]`: true where a segment stays.
        """
        gone = np.zeros(len(self._ids), bool)
        for segment, stays in zip(self._segments, mask, strict=True):
            gone[segment.start : segment.end] = not stays
        left = self._ids[~gone] if self._mode == "remove" else np.where(gone, self._pad_id, self._ids)
        return tuple(left.tolist())

    def of(self, masks: Masks) -> Generator[ProgressEvent, None, NDArray[np.float64]]:
        """Return the target's log-probability for each mask, `<float64>[num_masks]`, in nats; tell progress meanwhile.

        Sets that leave the same ids (segments that say the same stand side by side) count as one. What is left to
        score goes to the scorer in parts, in lexical order, so that the sequences of a part begin alike.
        """
        sequences = [self.sequence(mask) for mask in masks]
        new = sorted(set(sequences) - self._known.keys())
        part = max(_SMALLEST_PART, -(-len(new) // _PROGRESS_EVENTS))
        for begin in range(0, len(new), part):
            self._cancellation.check()
            some = new[begin : begin + part]
            values = self._scorer.log_probabilities(some, self._num_targets, _untold, self._cancellation)
            if self._foil is not None:
                foils = [(*sequence[: -self._num_targets], *self._foil) for sequence in some]
                values = values - self._scorer.log_probabilities(foils, len(self._foil), _untold, self._cancellation)
            self._known.update(zip(some, np.asarray(values, np.float64).tolist(), strict=True))
            yield ProgressEvent(done=begin + len(some), total=len(new))
        return np.array([self._known[sequence] for sequence in sequences], np.float64)


def _untold(done: int) -> None:
    """Progress inside of a part isn't reported."""
