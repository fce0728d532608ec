"""The stability of a gradient map: how much of its ranking remains when the embeddings are perturbed slightly."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import FaithfulnessRequest, GradientMethod, Integration, ProgressEvent, Span

from .cancellation import Cancellation
from .salience.gradients import TargetGradient
from .salience.integrated_gradients import PathGradients, integrate

GRADIENT_PASSES = 2
"""Number of passes that a gradient counts as: a forward pass, and a backward pass, which takes about as long without the
weights' gradients."""


def stability(
    request: FaithfulnessRequest,
    method: GradientMethod,
    gradients: PathGradients,
    methods: Mapping[GradientMethod, Callable[[TargetGradient], NDArray[np.float32]]],
    cancellation: Cancellation,
) -> Generator[ProgressEvent, None, tuple[float, int]]:
    """Return the mean rank correlation of a method's map with its maps under noise, and the number of passes.

    The map consists of the segments' summed scores. This function computes it again instead of using the request's scores,
    which may be negated, averaged or otherwise prepared for display. The noise is Gaussian; its standard deviation is
    `request.noise` times each embedding's root mean square.

    Args:
        request: The request.
        method: A gradient method.
        gradients: Computes gradients.
        methods: The functions of gradient methods, by name, except that of integrated gradients.
        cancellation: Checked before each map.

    Returns:
        The correlation, from -1 to 1, and the number of passes.

    Raises:
        Cancelled: The reader is gone.
    """
    start, end = request.target.start, request.target.end
    ids = request.ids[:end]
    embeddings = gradients.embeddings(ids[:-1])
    random = np.random.default_rng(request.seed)
    size = np.sqrt(np.mean(np.square(embeddings), axis=1, keepdims=True))
    maps, points = [], 0
    for number in range(request.jitters + 1):
        cancellation.check()
        noise = random.standard_normal(embeddings.shape, np.float32) if number else np.float32(0)
        shaken = embeddings + request.noise * size * noise
        if method == "integrated_gradients":
            found = integrate(gradients, ids, start, end, Integration(), cancellation, embeddings=shaken)
            scores, points = found.scores, points + found.points
        else:
            losses, gradient = gradients.at(ids, start, end, shaken[None], cancellation.check)
            scores, points = methods[method](TargetGradient(shaken, gradient[0], float(losses[0]))), points + 1
        maps.append(summed(scores, request.segments))
        yield ProgressEvent(done=number + 1, total=request.jitters + 1)
    mean = np.mean([rank_correlation(maps[0], shaken) for shaken in maps[1:]])
    return float(np.clip(mean, -1, 1)), GRADIENT_PASSES * points


def summed(scores: NDArray[np.float32], segments: Sequence[Span]) -> NDArray[np.float64]:
    """Return each segment's sum of its tokens' scores: `<float64>[num_segments]`."""
    return np.array([scores[segment.start : segment.end].sum(dtype=np.float64) for segment in segments])


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation, or 0 if all values of one array are equal. Ties get their mean rank.

    This function exists because importing `scipy.stats` takes a second.
    """
    ranks = [_ranks(values) - (len(values) - 1) / 2 for values in (one, other)]
    norm = np.sqrt(np.prod([np.sum(centred**2) for centred in ranks]))
    return float(ranks[0] @ ranks[1] / norm) if norm else 0.0


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts + 1) / 2)[which])
