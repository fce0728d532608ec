"""Scores as they were computed: of tokens, or of removed segments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lit_lab.protocol import KeptScores


@dataclass(frozen=True)
class SalienceMap:
    """The scores of a part of the answer by one method, as they were computed. `Run.map` makes shares and ranks of them.

    Attributes:
        method: The method's name, such as `grad_l2`, `flow` or `shap`.
        target: The tokens that the map explains.
        scores: `<float64>[num_tokens]` for gradient methods, with LIT's sign (that of the loss), and for `flow`: shares
            that add up to 1; `<float64>[num_segments]` for ablation methods, positive if the segment makes the target more
            likely. Unit, except of shares: nats.
        segments: The segments that were removed, as slices of tokens; None for methods that score tokens.
        errors: `<float64>[num_segments]`: standard errors if the method samples; else None.
        mode: `remove`, `mask` or `text` for ablation methods; else None.
    """

    method: str
    target: slice
    scores: NDArray[np.float64] = field(repr=False)
    segments: tuple[slice, ...] | None = field(default=None, repr=False)
    errors: NDArray[np.float64] | None = field(default=None, repr=False)
    mode: str | None = None


def recorded_map(stored: KeptScores) -> SalienceMap:
    """Return scores as arrays."""
    import numpy as np

    event = stored.event
    target, scores = slice(event.target.start, event.target.end), np.array(event.scores, np.float64)
    if event.event == "scores":
        return SalienceMap(event.method, target, scores)
    segments = tuple(slice(span.start, span.end) for span in event.segments)
    errors = None if event.errors is None else np.array(event.errors, np.float64)
    return SalienceMap(event.method, target, scores, segments, errors, stored.mode)
