"""How many sets of segments a method tries. The methods and the estimates of their cost use it."""

from __future__ import annotations

from math import exp, expm1, lgamma, log

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_SAMPLES, AblationMethod

FIRST_SAMPLES = 64
"""Sets that LIME and SHAP try before they look at their errors; with up to 6 segments, all sets."""

BLOCK = 16
"""Minimum number of sets to add at a time, until the errors are small enough."""

MIN_NEW = 8
"""Minimum number of sets to draw in addition to known ones: these contain hardly any very small or very large sets."""

_MAX_SETS = 256  # up to 8 segments, all sets
_PER_SEGMENT = 16


def first_samples(num_segments: int) -> int:
    """Return how many sets LIME and SHAP try at first: 64, or twice the number of coefficients."""
    return min(max_samples(num_segments), max(FIRST_SAMPLES, 2 * (num_segments + 1)))


def max_samples(num_segments: int) -> int:
    """Return the maximum number of sets for LIME and SHAP, however uncertain their scores are: 16 per segment, at least 256."""
    return min(all_sets(num_segments), MAX_SAMPLES, max(_MAX_SETS, _PER_SEGMENT * num_segments))


def all_sets(num_segments: int) -> int:
    """Return the number of all sets of segments: 2^n, or `MAX_SAMPLES` + 1 if there are more."""
    return int(min(2 ** min(num_segments, 32), MAX_SAMPLES + 1))


def is_exact(num_segments: int, samples: int) -> bool:
    """Return whether all sets are tried, without sampling."""
    return samples >= all_sets(num_segments)


def min_samples(method: AblationMethod, num_segments: int) -> int:
    """Return the minimum number of sets for a method that doesn't try all.

    LIME fits `num_segments + 1` coefficients, and standard errors need more sets than coefficients. SHAP needs two orders
    and their reverses, to compute a standard error from their difference.
    """
    if method == "lime":
        return 2 * (num_segments + 1)
    return 2 + 2 * pair_passes(num_segments)


def pair_passes(num_segments: int) -> int:
    """Return how many sets an order of the segments and its reverse contribute, besides all segments and none."""
    return 2 * (num_segments - 1)


def samples_of(method: AblationMethod, num_segments: int, samples: int) -> int:
    """Return how many sets LIME or SHAP tries if a number is requested.

    Raises:
        Problem: `too_few_samples`.
    """
    needed = min(min_samples(method, num_segments), all_sets(num_segments))
    if samples < needed:
        raise Problem(
            422,
            "too_few_samples",
            f"{'LIME' if method == 'lime' else 'SHAP'} needs at least {needed} samples for {num_segments} segments, "
            f"not {samples}.",
            "Choose more samples, or fewer and larger segments.",
        )
    return min(samples, all_sets(num_segments))


def expected_passes(method: AblationMethod, num_segments: int, samples: int) -> int:
    """Return the expected number of sequences to score; a set that is drawn again costs nothing.

    Raises:
        Problem: `too_few_samples`.
    """
    if method == "leave_one_out":
        return num_segments + 1
    samples = samples_of(method, num_segments, samples)
    if is_exact(num_segments, samples):
        return samples
    # Sets of one size are equally likely. LIME draws every size but all segments; SHAP's orders contain every size.
    drawn = samples / num_segments if method == "lime" else 2.0 * ((samples - 2) // pair_passes(num_segments))
    inner = sum(distinct(num_segments, size, drawn) for size in range(1, num_segments))
    return round(2 + inner)


def distinct(num_segments: int, size: int, drawn: float) -> float:
    """Return the expected number of distinct sets of one size among the drawn ones."""
    log_sets = lgamma(num_segments + 1) - lgamma(size + 1) - lgamma(num_segments - size + 1)
    rarity = log_sets - log(drawn)
    return drawn if rarity > 20 else -drawn * expm1(-(exp(-rarity))) * exp(rarity)
