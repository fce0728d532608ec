"""Ablation: measures how removing segments of a prompt changes a target's probability. It needs no gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import AblationRequest, ProgressEvent, SegmentScoresEvent

from ..cancellation import Cancellation
from ..effects.edited import EditedPrompt
from .edited_values import EditedValues
from .leave_one_out import leave_one_out
from .lime import lime
from .masks import Scores, SegmentValues
from .sampled import sampled
from .samples import samples_of
from .shap import shap

__all__ = ["Scores", "SegmentValues", "explain", "samples_of"]


def explain(
    request: AblationRequest,
    scorer: Scores,
    pad_id: int,
    cancellation: Cancellation,
    edited: EditedPrompt | None = None,
) -> Iterator[ProgressEvent | SegmentScoresEvent]:
    """Score segments by their effect on the target's log-probability.

    A positive score means that the segment makes the target more likely.

    Args:
        request: The request. Its ids must be valid for the model and fit its window.
        scorer: Scores sequences.
        pad_id: The token that replaces masked ones.
        cancellation: Checked before each batch of passes.
        edited: Deletes the segments' text; needed for the mode `text`.

    Yields:
        Progress, and the scores last.

    Raises:
        Problem: `too_few_samples`.
        Cancelled: The reader is gone.
    """
    num_segments = len(request.segments)
    known = np.zeros((0, num_segments), bool)
    if request.edited is None or edited is None:
        values = SegmentValues(
            request.ids,
            request.target,
            request.segments,
            "mask" if request.mode == "mask" else "remove",
            pad_id,
            scorer,
            cancellation,
            foil=request.foil,
        )
    else:
        values = EditedValues(request, request.edited, edited, scorer, cancellation)
        known = values.random
    errors: NDArray[np.float64] | None = None
    adaptive = False
    if request.method == "leave_one_out":
        scores = yield from leave_one_out(num_segments, values)
        sets = num_segments + 1
    elif request.samples is None:
        adaptive = True
        found = yield from sampled(request.method, num_segments, values, known, request.seed)
        scores, errors, sets = found.scores, found.errors, found.sets
    else:
        sets = samples_of(request.method, num_segments, request.samples)
        method = lime if request.method == "lime" else shap
        scores, errors = yield from method(num_segments, values, sets, request.seed)
    (logprob,) = yield from values.of(np.ones((1, num_segments), bool))
    yield SegmentScoresEvent(
        target=request.target,
        method=request.method,
        segments=request.segments,
        scores=scores.tolist(),
        errors=None if errors is None else errors.tolist(),
        logprob=float(logprob),
        passes=values.passes,
        foil=request.foil,
        sets=sets,
        adaptive=adaptive,
    )
