"""LIME: fits a linear model of the effect of sets of segments."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
from lit_nlp.components.citrus.utils import exponential_kernel
from numpy.typing import NDArray

from lit_lab.protocol import ProgressEvent

from .masks import Masks, SegmentValues
from .samples import is_exact

Fit = tuple[NDArray[np.float64], NDArray[np.float64]]

_DISTANCE_SCALE = 100.0  # as in LIT, which scales cosine distances by it for its kernel of width 25


def lime(
    num_segments: int, values: SegmentValues, samples: int, seed: int
) -> Generator[ProgressEvent, None, tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
    """Score each segment by its coefficient in a linear fit of the target's log-probability.

    The method is that of Ribeiro, Singh and Guestrin 2016, "Why Should I Trust You?". Sampling, distance, kernel and fit
    are those of LIT (`lit_nlp.components.citrus.lime`), but without LIT's ridge penalty, which would shrink the
    coefficients by a few per cent, depending on the number of samples. If all sets are tried, each is weighted by the
    probability of sampling it.

    Returns:
        Coefficients, `<float64>[num_segments]`, in nats, and their standard errors; None if all sets were tried. The
        standard errors allow for heteroscedastic residuals (HC3: MacKinnon and White 1985), because the residuals of a
        linear fit to a nonlinear model are far from uniform.
    """
    exact = is_exact(num_segments, samples)
    masks, likelihood = every_mask(num_segments) if exact else (sample_masks(samples, num_segments, seed), 1.0)
    outcomes = yield from values.of(masks)
    design = np.column_stack([np.ones(len(masks)), masks])
    coefficients, covariance = weighted_fit(design, outcomes, weights(masks) * likelihood)
    return coefficients[1:], None if exact else np.sqrt(np.diag(covariance)[1:])


def sample_masks(samples: int, num_segments: int, seed: int) -> Masks:
    """Return the masks that LIT's LIME samples for this seed. The first mask has all segments.

    The number of removed segments is uniform between 1 and all, and so is the choice of segments. This function exists
    because LIT's module imports scikit-learn, which takes 1.8 s. The tests compare it with LIT's.
    """
    random = np.random.RandomState(seed)
    orders = np.array([random.permutation(num_segments) for _ in range(samples)])
    masks = orders >= random.randint(1, num_segments + 1, (samples, 1))
    masks[0] = True
    return np.asarray(masks, bool)


def every_mask(num_segments: int) -> tuple[Masks, NDArray[np.float64]]:
    """Return all masks, and the probability that `sample_masks` draws each. The mask with all segments counts as one draw."""
    numbers = np.arange(2**num_segments)
    masks = (numbers[:, None] >> np.arange(num_segments)) & 1 == 1
    gone = num_segments - masks.sum(1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, num_segments + 1)))])
    log_choices = log_factorial[-1] - log_factorial[gone] - log_factorial[num_segments - gone]
    return masks, np.where(gone == 0, 1.0 / len(masks), np.exp(-log_choices) / num_segments)


def weights(masks: Masks) -> NDArray[np.float64]:
    """Return the masks' weights by their cosine distance from the mask with all segments: `<float64>[num_masks]`."""
    distances = 1 - np.sqrt(masks.mean(1))
    return np.asarray(exponential_kernel(_DISTANCE_SCALE * distances), np.float64)


def weighted_fit(design: NDArray[np.float64], outcomes: NDArray[np.float64], weights: NDArray[np.float64]) -> Fit:
    """Fit by weighted least squares.

    Args:
        design: `<float64>[num_masks, num_coefficients]`.
        outcomes: `<float64>[num_masks]`.
        weights: `<float64>[num_masks]`.

    Returns:
        The coefficients, `<float64>[num_coefficients]`, and their covariance by HC3.
    """
    root = np.sqrt(weights)
    design = design * root[:, None]
    inverse = np.linalg.pinv(design)  # <float64>[num_coefficients, num_masks]
    coefficients = inverse @ (outcomes * root)
    residuals = outcomes * root - design @ coefficients
    leverage = np.einsum("mi,im->m", design, inverse)
    # A mask with a leverage of 1 has no residual, so it says nothing about the error.
    spread = np.where(leverage < 1 - 1e-9, residuals / np.maximum(1 - leverage, 1e-9), 0.0)
    scaled = inverse * spread
    return coefficients, scaled @ scaled.T
