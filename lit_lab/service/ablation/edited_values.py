"""The target's probability with the text of segments deleted before it becomes tokens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import AblationRequest, EditedText

from ..cancellation import Cancellation
from ..effects.edited import EditedPrompt
from .masks import Masks, Scores, SegmentValues


class EditedValues(SegmentValues):
    """Computes the target's log-probability for sets of segments whose text is deleted, unless it is known.

    Args:
        request: The request.
        text: The request's `edited`: the prompt's text, and the known sets.
        edited: Makes the sequences from the edited text.
        scorer: Scores sequences.
        cancellation: Checked before each prompt that is tokenized, and before each batch of sequences.

    Attributes:
        random: `<bool>[num_sets, num_segments]`: the known random sets, true where a segment stays.
    """

    def __init__(
        self,
        request: AblationRequest,
        text: EditedText,
        edited: EditedPrompt,
        scorer: Scores,
        cancellation: Cancellation,
    ) -> None:
        super().__init__(request.ids, request.target, request.segments, "remove", 0, scorer, cancellation)
        self._edited = edited
        self._after = len(request.ids) - request.target.end
        self._sequences: dict[bytes, tuple[int, ...]] = {}
        masks = np.ones((len(text.removed), len(request.segments)), bool)
        for mask, removed in zip(masks, text.removed, strict=True):
            mask[removed] = False
        self.random: Masks = masks[len(masks) - text.num_random :]
        for mask, logprob in zip(masks, text.logprobs, strict=True):
            self._known[self.sequence(mask)] = logprob
        self._num_given = len(self._known)

    @property
    def passes(self) -> int:
        """Number of sequences scored so far. Known ones don't count."""
        return super().passes - self._num_given

    def sequence(self, mask: NDArray[np.bool_]) -> tuple[int, ...]:
        """Return the sequence for a mask, up to the target's end."""
        key = mask.tobytes()
        found = self._sequences.get(key)
        if found is None:
            self._cancellation.check()
            ids, _ = self._edited.without(np.flatnonzero(~mask).tolist())
            found = self._sequences[key] = tuple(ids[: len(ids) - self._after])
        return found
