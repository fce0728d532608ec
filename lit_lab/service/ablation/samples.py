"""How many sets of segments a method tries: used by the methods and by the estimates of what they cost."""

from __future__ import annotations

from math import exp, expm1, lgamma, log

from lit_lab.problem import Problem
from lit_lab.protocol import MAX_SAMPLES, AblationMethod

_MIN_SAMPLES = 256  # up to 8 segments, all sets
_PER_SEGMENT = 16


def default_samples(num_segments: int) -> int:
    """Return how many sets LIME and SHAP try when nothing else is asked: 16 a segment, 256 at least.

    For SHAP these are eight orders of the segments, forwards and backwards. 2^n sets are all there are.
    """
    return min(all_sets(num_segments), MAX_SAMPLES, max(_MIN_SAMPLES, _PER_SEGMENT * num_segments))


def all_sets(num_segments: int) -> int:
    """Return the number of all sets of segments: 2^n, `MAX_SAMPLES` + 1 where there are more than that."""
    return int(min(2 ** min(num_segments, 32), MAX_SAMPLES + 1))


def is_exact(num_segments: int, samples: int) -> bool:
    """Return whether all sets are tried, and nothing is left to chance."""
    return samples >= all_sets(num_segments)


def fewest_samples(method: AblationMethod, num_segments: int) -> int:
    """Return how many sets a method needs at least where it doesn't try all.

    LIME fits `num_segments + 1` numbers, and a standard error needs more equations than numbers; SHAP needs two orders,
    each forwards and backwards, for the spread between them.
    """
    if method == "lime":
        return 2 * (num_segments + 1)
    return 2 + 2 * pair_passes(num_segments)


def pair_passes(num_segments: int) -> int:
    """Return how many sets, besides all and none, an order of the segments and its reverse go through."""
    return 2 * (num_segments - 1)


def samples_of(method: AblationMethod, num_segments: int, samples: int | None) -> int:
    """Return how many sets a method tries.

    Raises:
        Problem: `too_few_samples`.
    """
    if method == "leave_one_out":
        return num_segments + 1
    samples = default_samples(num_segments) if samples is None else samples
    fewest = min(fewest_samples(method, num_segments), all_sets(num_segments))
    if samples < fewest:
        raise Problem(
            422,
            "too_few_samples",
            f"{'LIME' if method == 'lime' else 'SHAP'} needs at least {fewest} samples for {num_segments} segments, "
            f"not {samples}.",
            "Ask for more samples, or for fewer and larger segments.",
        )
    return min(samples, all_sets(num_segments))


def expected_passes(method: AblationMethod, num_segments: int, samples: int | None) -> int:
    """Return how many sequences a method is likely to score; a set that is drawn again costs nothing.

    Raises:
        Problem: `too_few_samples`.
    """
    samples = samples_of(method, num_segments, samples)
    if method == "leave_one_out" or is_exact(num_segments, samples):
        return samples
    # Sets of one size are drawn alike: LIME draws every size but that of all, SHAP's orders go through every size.
    drawn = samples / num_segments if method == "lime" else 2.0 * ((samples - 2) // pair_passes(num_segments))
    inner = sum(_distinct(num_segments, size, drawn) for size in range(1, num_segments))
    return round(2 + inner)


def _distinct(num_segments: int, size: int, drawn: float) -> float:
    """Return how many different sets of one size are expected among some that are drawn."""
    log_sets = lgamma(num_segments + 1) - lgamma(size + 1) - lgamma(num_segments - size + 1)
    rarity = log_sets - log(drawn)
    return drawn if rarity > 20 else -drawn * expm1(-(exp(-rarity))) * exp(rarity)
