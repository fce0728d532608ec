"""SHAP: each segment's Shapley value."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import ProgressEvent

from .masks import Masks, SegmentValues
from .samples import is_exact, pair_passes


def shap(
    num_segments: int, values: SegmentValues, samples: int, seed: int
) -> Generator[ProgressEvent, None, tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
    """Score each segment by what it adds to the target's log-probability, averaged over all orders of adding segments.

    The method is that of Shapley 1953 and of Lundberg and Lee 2017, "A Unified Approach to Interpreting Model
    Predictions". The scores add up to the log-probability with all segments minus that with none.

    With few segments, all sets are tried. With more segments, orders are sampled, each with its reverse (antithetic
    sampling: Mitchell, Cooper, Frank and Holmes 2022, "Sampling Permutations for Shapley Value Estimation"). The estimate
    is unbiased for any number of orders, and its scores have the exact sum. The spread between pairs of orders gives valid
    standard errors, which the regression in `shap.KernelExplainer` doesn't. Importing the package `shap` would also take
    3 s. The tests compare this function with it.

    Returns:
        Shapley values, `<float64>[num_segments]`, in nats, and their standard errors; None if all sets were tried.
    """
    if is_exact(num_segments, samples):
        return (yield from _exact(num_segments, values)), None
    random = np.random.default_rng(seed)
    pairs = (samples - 2) // pair_passes(num_segments)
    orders = np.array([random.permutation(num_segments) for _ in range(pairs)])
    orders = np.stack([orders, orders[:, ::-1]], axis=1)  # <int>[pairs, 2, num_segments]
    outcomes = yield from values.of(_built_up(orders).reshape(-1, num_segments))
    gains = np.diff(outcomes.reshape(pairs, 2, num_segments + 1), axis=2)
    scores = np.zeros((pairs, 2, num_segments))
    np.put_along_axis(scores, orders, gains, axis=2)
    of_pairs = scores.mean(1)
    return of_pairs.mean(0), of_pairs.std(0, ddof=1) / np.sqrt(pairs)


def _built_up(orders: NDArray[np.int64]) -> Masks:
    """Return the masks of an order's first segments, from none to all: `<bool>[..., num_segments + 1, num_segments]`."""
    places = np.argsort(orders, axis=-1)
    steps = np.arange(orders.shape[-1] + 1)
    return np.asarray(places[..., None, :] < steps[:, None])


def _exact(num_segments: int, values: SegmentValues) -> Generator[ProgressEvent, None, NDArray[np.float64]]:
    numbers = np.arange(2**num_segments)
    masks = (numbers[:, None] >> np.arange(num_segments)) & 1 == 1
    outcomes = yield from values.of(masks)
    size = masks.sum(1)
    # The probability that exactly the set S precedes a given segment in a random order: |S|! (n - |S| - 1)! / n!
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, num_segments + 1)))])
    scores = np.zeros(num_segments)
    for segment in range(num_segments):
        before = numbers[~masks[:, segment]]
        likelihood = np.exp(
            log_factorial[size[before]] + log_factorial[num_segments - size[before] - 1] - log_factorial[num_segments]
        )
        scores[segment] = likelihood @ (outcomes[before | (1 << segment)] - outcomes[before])
    return scores
