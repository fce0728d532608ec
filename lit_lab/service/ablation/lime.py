"""LIME: a linear model of what sets of segments do."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from lit_nlp.components.citrus.utils import exponential_kernel
from numpy.typing import NDArray

from lit_lab.protocol import ProgressEvent

from .masks import Masks, SegmentValues
from .samples import is_exact

_DISTANCE_SCALE = 100.0  # LIT's: cosine distances of 0 to 1 before its kernel of width 25


def lime(
    num_segments: int, values: SegmentValues, samples: int, seed: int
) -> Generator[ProgressEvent, None, tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
    """Score each segment by its coefficient in a linear fit of the target's log-probability.

    Ribeiro, Singh and Guestrin 2016, "Why Should I Trust You?". Sampling, distance and kernel are LIT's
    (`lit_nlp.components.citrus.lime`), and the fit is LIT's less its ridge, which would shrink the nats by some per
    cent, depending on the number of samples. Where all sets are tried, each counts by how likely it is to be sampled.

    Returns:
        `<float64>[num_segments]`, in nats, and standard errors: those that heteroscedastic residuals leave to the
        coefficients (HC3: MacKinnon and White 1985), for the residuals of a linear fit to a model that isn't linear
        are anything but even. None where all sets were tried.
    """
    exact = is_exact(num_segments, samples)
    masks, likelihood = every_mask(num_segments) if exact else (sample_masks(samples, num_segments, seed), 1.0)
    outcomes = yield from values.of(masks)
    coefficients, errors = _fit(masks, outcomes, weights(masks) * likelihood)
    return coefficients, None if exact else errors


def sample_masks(samples: int, num_segments: int, seed: int) -> Masks:
    """Return the masks that LIT's LIME samples for this seed, the first with everything in place.

    How many segments go is uniform between 1 and all; which of them, too. Written again here because LIT's module
    imports scikit-learn, which takes 1.8 s; the tests hold it against LIT's own.
    """
    random = np.random.RandomState(seed)
    orders = np.array([random.permutation(num_segments) for _ in range(samples)])
    masks = orders >= random.randint(1, num_segments + 1, (samples, 1))
    masks[0] = True
    return np.asarray(masks, bool)


def every_mask(num_segments: int) -> tuple[Masks, NDArray[np.float64]]:
    """Return all masks, and how likely `sample_masks` is to draw each; everything in place as likely as one draw."""
    numbers = np.arange(2**num_segments)
    masks = (numbers[:, None] >> np.arange(num_segments)) & 1 == 1
    gone = num_segments - masks.sum(1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, num_segments + 1)))])
    log_choices = log_factorial[-1] - log_factorial[gone] - log_factorial[num_segments - gone]
    return masks, np.where(gone == 0, 1.0 / len(masks), np.exp(-log_choices) / num_segments)


def weights(masks: Masks) -> NDArray[np.float64]:
    """Return how much each mask counts, by its cosine distance from everything in place: `<float64>[num_masks]`."""
    distances = 1 - np.sqrt(masks.mean(1))
    return np.asarray(exponential_kernel(_DISTANCE_SCALE * distances), np.float64)


def _fit(
    masks: Masks, outcomes: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit by weighted least squares; return the coefficients without the intercept, and their standard errors."""
    root = np.sqrt(weights)
    design = np.column_stack([np.ones(len(masks)), masks]) * root[:, None]
    inverse = np.linalg.pinv(design)  # <float64>[num_segments + 1, num_masks]
    coefficients = inverse @ (outcomes * root)
    residuals = outcomes * root - design @ coefficients
    leverage = np.einsum("mi,im->m", design, inverse)
    # A mask that the fit goes through whatever it says tells nothing of the error.
    spread = np.where(leverage < 1 - 1e-9, residuals / np.maximum(1 - leverage, 1e-9), 0.0)
    errors = np.sqrt(np.square(inverse) @ np.square(spread))
    return coefficients[1:], errors[1:]
