"""Ablation: measures how removing segments of a prompt changes a target's probability. It needs no gradients."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import AblationRequest, ProgressEvent, SegmentScoresEvent

from ..cancellation import Cancellation
from .leave_one_out import leave_one_out
from .lime import lime
from .masks import Scores, SegmentValues
from .samples import samples_of
from .shap import shap

__all__ = ["Scores", "SegmentValues", "explain", "samples_of"]


def explain(
    request: AblationRequest, scorer: Scores, pad_id: int, cancellation: Cancellation
) -> Iterator[ProgressEvent | SegmentScoresEvent]:
    """Score segments by their effect on the target's log-probability.

    A positive score means that the segment makes the target more likely.

    Args:
        request: The request. Its ids must be valid for the model and fit its window.
        scorer: Scores sequences.
        pad_id: The token that replaces masked ones.
        cancellation: Checked before each batch of passes.

    Yields:
        Progress, and the scores last.

    Raises:
        Problem: `too_few_samples`.
        Cancelled: The reader is gone.
    """
    num_segments = len(request.segments)
    samples = samples_of(request.method, num_segments, request.samples)
    values = SegmentValues(
        request.ids,
        request.target,
        request.segments,
        request.mode,
        pad_id,
        scorer,
        cancellation,
        foil=request.foil,
    )
    errors: NDArray[np.float64] | None = None
    if request.method == "leave_one_out":
        scores = yield from leave_one_out(num_segments, values)
    elif request.method == "lime":
        scores, errors = yield from lime(num_segments, values, samples, request.seed)
    else:
        scores, errors = yield from shap(num_segments, values, samples, request.seed)
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
    )
