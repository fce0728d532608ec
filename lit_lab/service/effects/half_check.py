"""Whether a half-precision copy scores a run's answer as the model in float32 does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from lit_lab.protocol import EffectsRequest

from ..cached_pass import ALTERNATIVES, CachedPass
from ..cancellation import Cancellation
from ..scoring import LOGIT_BYTES, row_logprobs
from .edited import EditedPrompt

MAX_DIFFERENCE = 0.15
"""Maximum difference of a token's log-probability, in nats. On SmolLM2 135M and Gemma 3 270M the largest of the check was 0.05 to 0.10, with a root
of the mean square of 0.018; the ranks of effects then correlated with those in float32 by 0.97 to 1."""

MIN_MARGIN = 0.3
"""Where the two most probable tokens in float32 are further apart than this, in nats, both must find the same one most probable."""

NUM_RANDOM = 2
"""Number of random sets of segments that are deleted for the check, besides none."""


@dataclass(frozen=True)
class Check:
    """The result.

    Attributes:
        difference: The largest difference of a token's log-probability, in nats.
        agrees: Whether the most probable tokens are the same where they must be.
    """

    difference: float
    agrees: bool

    @property
    def passed(self) -> bool:
        """Whether the copy may score this run. False also if anything overflowed."""
        return self.agrees and self.difference <= MAX_DIFFERENCE


def checked(
    request: EffectsRequest, edited: EditedPrompt, exact: CachedPass, half: CachedPass, cancellation: Cancellation
) -> Check:
    """Compare the answer's scores after the whole prompt, and after two random deletions of about half of it.

    Args:
        request: The request.
        edited: Of that request.
        exact: The model's pass, in float32.
        half: The copy's.
        cancellation: Checked between passes.

    Raises:
        Problem: What tokenizing an edited prompt raises.
        Cancelled: The reader is gone.
    """
    count = len(request.segments)
    random = np.random.default_rng((request.seed, 2)).random((NUM_RANDOM, count)) < 0.5
    sets = dict.fromkeys(tuple(np.flatnonzero(row).tolist()) for row in (np.zeros(count, bool), *random))
    differences, agreements = [], []
    for removed in sets:
        cancellation.check()
        ids, stays = edited.without(removed)
        labels = np.array(ids[len(ids) - int(stays.sum()) :], np.int32)
        rows = _rows(exact, ids, len(labels))
        cancellation.check()
        others = _rows(half, ids, len(labels))
        scores, agree = _in_float32(exact, half, rows, others, labels)
        difference = np.abs(scores - row_logprobs(half, others, labels))
        differences.append(float(difference.max(initial=0.0)) if np.isfinite(difference).all() else np.inf)
        agreements.append(agree)
    return Check(max(differences), all(agreements))


def _rows(cached_pass: CachedPass, ids: list[int], count: int) -> Any:
    """Return the hidden states that predict the last tokens, `[count, width]`."""
    given = np.array([ids[:-1]], np.int32)
    hidden, _ = cached_pass.run(given, cached_pass.empty_cache(cached_pass.length_for(given.shape[1])), 0)
    return hidden[0, given.shape[1] - count :]


def _in_float32(
    exact: CachedPass, half: CachedPass, rows: Any, others: Any, labels: NDArray[np.int32]
) -> tuple[NDArray[np.float64], bool]:
    """Return the labels' log-probabilities in float32, and whether both passes find the same tokens most probable.

    The copy's most probable token is that among the first ones in float32.

    Args:
        exact: The model's pass, in float32.
        half: The copy's.
        rows: Hidden states of the model's pass, `[num_rows, width]`.
        others: The copy's.
        labels: `<int32>[num_rows]`.
    """
    size = max(1, LOGIT_BYTES // (8 * exact.vocabulary_size))  # the sum needs a second copy
    scores, agree = [np.zeros(0)], True
    for at in range(0, len(labels), size):
        logits = exact.logits(rows[at : at + size])
        own = ops.take_along_axis(logits, ops.convert_to_tensor(labels[at : at + size, None]), axis=1)[:, 0]
        scores.append(_numbers(own - ops.logsumexp(logits, axis=1)).astype(np.float64))
        values, places = ops.top_k(logits, min(ALTERNATIVES, exact.vocabulary_size))
        best, ranked = _numbers(half.logits_of(others[at : at + size], places)).argmax(axis=1), _numbers(values)
        agree &= not np.any((best != 0) & (ranked[:, 0] - ranked[:, 1] > MIN_MARGIN))
    return np.concatenate(scores), agree


def _numbers(tensor: Any) -> NDArray[np.float32]:
    return np.asarray(ops.convert_to_numpy(tensor), np.float32)
