"""LIME and SHAP from random sets: first those that are already known, then more until the scores are certain enough."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import lgamma, log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import ProgressEvent

from .lime import lime, weighted_fit, weights
from .masks import Masks, SegmentValues
from .samples import BLOCK, FIRST_SAMPLES, MIN_NEW, all_sets, distinct, first_samples, max_samples
from .shap import shap

Floats = NDArray[np.float64]

TOP = 3
"""How many of the largest scores need narrow intervals before no more sets are tried."""

NARROW = 0.25
"""An interval is narrow if half of it is at most this part of the largest score …"""

NARROW_NATS = 0.1
"""… or at most this, in nats: smaller differences aren't worth a pass."""

_INTERVAL = 1.96  # standard errors in half of a 95% interval


@dataclass(frozen=True)
class Sampled:
    """The result of a method.

    Attributes:
        scores: `<float64>[num_segments]`, in nats.
        errors: Their standard errors; None: all sets were tried.
        sets: How many sets the scores are fitted to, the known ones among them.
    """

    scores: Floats
    errors: Floats | None
    sets: int


def sampled(
    method: Literal["lime", "shap"], num_segments: int, values: SegmentValues, known: Masks, seed: int
) -> Generator[ProgressEvent, None, Sampled]:
    """Fit a linear model to the target's log-probability for sets of segments.

    Both methods are weighted fits. They differ in the weight of the sets of each size. For LIME, it is the probability that LIT
    draws that size, times LIT's kernel. For SHAP, it is the Shapley kernel (Lundberg and Lee 2017), and the fit is exact for all
    segments and for none.

    Sets of the same size are equally likely, whatever method draws them, as long as it treats all segments alike. So known sets
    of another method can be used, too: the weight of a size is divided among as many sets as both methods together are
    expected to draw of it (the balance heuristic: Veach and Guibas 1995, "Optimally Combining Sampling Techniques for Monte
    Carlo Rendering"). All sets that lack exactly one segment are tried.

    Args:
        method: The method.
        num_segments: The number of segments.
        values: Computes the target's log-probability.
        known: Random sets, each of which keeps each segment with a probability of one half.
        seed: The same seed draws the same sets.

    Yields:
        Progress.

    Returns:
        The scores, with their standard errors.
    """
    if all_sets(num_segments) <= FIRST_SAMPLES:
        exact = lime if method == "lime" else shap
        scores, _ = yield from exact(num_segments, values, FIRST_SAMPLES, seed)
        return Sampled(scores, None, all_sets(num_segments))
    mass = lime_mass(num_segments) if method == "lime" else shap_mass(num_segments)
    design = _Design(num_segments, mass, known, seed)
    extra = 0 if method == "lime" else 1  # no segments at all
    design.draw(max(MIN_NEW, first_samples(num_segments) - design.count - extra))
    limit = max_samples(num_segments)
    while True:
        if design.count + extra >= all_sets(num_segments):
            exact = lime if method == "lime" else shap
            scores, _ = yield from exact(num_segments, values, all_sets(num_segments), seed)
            return Sampled(scores, None, all_sets(num_segments))
        before = values.passes
        outcomes = yield from _outcomes(values, design.masks, before)
        if method == "lime":
            scores, errors = lime_fit(design.masks, outcomes, design.weights)
        else:
            (nothing,) = yield from _outcomes(values, np.zeros((1, num_segments), bool), values.passes)
            scores, errors = shap_fit(design.masks, outcomes, design.weights, float(nothing))
        if design.count >= limit or is_narrow(scores, errors):
            return Sampled(scores, errors, design.count + extra)
        # By an eighth at a time, so that the repeated fits take little time in comparison to the passes.
        design.draw(max(BLOCK, design.count // 8))


def _outcomes(values: SegmentValues, masks: Masks, before: int) -> Generator[ProgressEvent, None, Floats]:
    """Return the masks' log-probabilities. Progress also counts the passes before."""
    computing = values.of(masks)
    while True:
        try:
            event = next(computing)
        except StopIteration as end:
            outcomes: Floats = end.value
            return outcomes
        yield ProgressEvent(done=before + event.done, total=before + event.total)


class _Design:
    """The sets to fit to.

    The first is everything in place, then come those without one segment, then the known and the drawn ones.
    """

    def __init__(self, num_segments: int, mass: Floats, known: Masks, seed: int) -> None:
        self._n = num_segments
        self._mass = mass
        self._random = np.random.default_rng(seed)
        gone = num_segments - known.sum(1)
        # All sets that lack one segment are tried anyway. The set without any segment has a weight only in LIME.
        self._known = known[(gone > 1) & (mass[gone] > 0)]
        self._num_known = len(known)
        self._share = _drawn_share(mass)
        self._drawn = np.zeros((0, num_segments), bool)

    @property
    def masks(self) -> Masks:
        first = np.concatenate([np.ones((1, self._n), bool), ~np.eye(self._n, dtype=bool)])
        return np.concatenate([first, self._known, self._drawn])

    @property
    def count(self) -> int:
        """The number of sets, including repeated ones."""
        return 1 + self._n + len(self._known) + len(self._drawn)

    @property
    def weights(self) -> Floats:
        """Each set's weight."""
        rest = np.concatenate([self._known, self._drawn])
        expected = self._num_known * _binomial(self._n) + len(self._drawn) * self._share
        gone = self._n - rest.sum(1)
        first = [self._mass[0], *[self._mass[1] / self._n] * self._n]
        return np.concatenate([first, self._mass[gone] / expected[gone]])

    def draw(self, count: int) -> None:
        """Draw more sets."""
        sizes = self._random.choice(self._n + 1, size=count, p=self._share)
        orders = np.array([self._random.permutation(self._n) for _ in range(count)])
        self._drawn = np.concatenate([self._drawn, orders >= sizes[:, None]])


def first_passes(method: Literal["lime", "shap"], num_segments: int, known: int) -> int:
    """Return the expected number of sequences to score before the errors are first looked at.

    Args:
        method: The method.
        num_segments: The number of segments.
        known: How many sets are already known: the one with all segments, those that lack one, and random ones.
    """
    if all_sets(num_segments) <= FIRST_SAMPLES:
        return max(0, all_sets(num_segments) - known)
    extra = 0 if method == "lime" else 1
    alone = 1 + num_segments
    drawn = max(MIN_NEW, first_samples(num_segments) - max(known, alone) - extra)
    share = _drawn_share(lime_mass(num_segments) if method == "lime" else shap_mass(num_segments))
    found = sum(distinct(num_segments, size, drawn * part) for size, part in enumerate(share.tolist()) if part > 0)
    return round((0 if known else alone) + extra + found)


def _drawn_share(mass: Floats) -> Floats:
    """Return the probability of each size among the sets to draw. Sets that lack no segment, or one, aren't drawn."""
    inner = mass.copy()
    inner[:2] = 0
    return np.asarray(inner / inner.sum())


def _binomial(num_segments: int) -> Floats:
    """Return the probability of each size among sets that keep each segment with a probability of one half."""
    n = num_segments
    return np.exp([lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) - n * log(2) for k in range(n + 1)])


def lime_mass(num_segments: int) -> Floats:
    """Return the weight of all sets that lack 0, 1, 2, … segments in LIME: `<float64>[num_segments + 1]`.

    As in LIT, each number of removed segments from 1 to all is equally likely, and the set with all segments is drawn once.
    """
    kept = np.tri(num_segments + 1, num_segments, -1, dtype=bool)[::-1]
    mass = weights(kept) / num_segments
    mass[0] = 1 / FIRST_SAMPLES
    return np.asarray(mass, np.float64)


def shap_mass(num_segments: int) -> Floats:
    """Return the weight of all sets that lack 0, 1, 2, … segments in SHAP: `<float64>[num_segments + 1]`.

    The sets with all segments and with none have a weight of 0, because they are constraints of the fit.
    """
    gone = np.arange(1, num_segments)
    mass = np.zeros(num_segments + 1)
    mass[1:-1] = (num_segments - 1) / (gone * (num_segments - gone))
    return mass


def lime_fit(masks: Masks, outcomes: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Fit with an intercept.

    Returns:
        The scores and their standard errors, each `<float64>[num_segments]`.
    """
    coefficients, covariance = weighted_fit(np.column_stack([np.ones(len(masks)), masks]), outcomes, weights)
    return coefficients[1:], np.sqrt(np.diag(covariance)[1:])


def shap_fit(masks: Masks, outcomes: Floats, weights: Floats, nothing: float) -> tuple[Floats, Floats]:
    """Fit without an intercept, with scores that add up to the difference between all segments and none.

    Args:
        masks: `<bool>[num_sets, num_segments]`; the first has all segments.
        outcomes: `<float64>[num_sets]`: log-probabilities, in nats.
        weights: `<float64>[num_sets]`.
        nothing: The log-probability without any segment.

    Returns:
        The scores and their standard errors, each `<float64>[num_segments]`.
    """
    num_segments = masks.shape[1]
    mean = (outcomes[0] - nothing) / num_segments
    # The scores are their mean, plus a vector whose elements add up to zero: `base` is an orthonormal base of such vectors.
    base = np.linalg.svd(np.ones((1, num_segments)))[2][1:].T
    rest = outcomes - nothing - masks.sum(1) * mean
    inner = weights > 0
    found, covariance = weighted_fit((masks @ base)[inner], rest[inner], weights[inner])
    errors = np.sqrt(np.maximum(0, np.diag(base @ covariance @ base.T)))
    return mean + base @ found, errors


def is_narrow(scores: Floats, errors: Floats) -> bool:
    """Whether the intervals of the largest scores are narrow enough to rank these roughly."""
    order = np.argsort(-np.abs(scores))[:TOP]
    allowed = max(NARROW * float(np.abs(scores).max()), NARROW_NATS)
    return bool((_INTERVAL * errors[order] <= allowed).all())
