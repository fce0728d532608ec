"""Measures of maps, with intervals: what `benchmarks/faithfulness.py` prints.

Sources: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife", for the intervals; Adebayo et al. 2018, "Sanity Checks for
Saliency Maps", for maps of a model with random weights.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 2_000
"""Number of resamples for an interval."""

MIN_COUNT = 8
"""Minimum number of values for an interval: with fewer, resampling says too little about the error of their mean."""

MIN_DROP = 0.1
"""In nats. If no deletion lowers a target's log-probability by as much, no segment can be said to rank first."""


@dataclass(frozen=True)
class Interval:
    """A mean, and the range of 95% of its resamples' means.

    Attributes:
        mean: The mean.
        low: The lower end.
        high: The upper end.
        count: The number of values.
    """

    mean: float
    low: float
    high: float
    count: int

    @property
    def is_sound(self) -> bool:
        """Whether there are enough values for the ends to mean something: at least `MIN_COUNT`."""
        return self.count >= MIN_COUNT


def interval(values: Sequence[float], seed: int = 0) -> Interval | None:
    """Return the mean of some values, and its bootstrap interval. None: there are no values.

    Args:
        values: One for each prompt: values of the same prompt depend on each other, so average them first.
        seed: The same seed gives the same interval.
    """
    import numpy as np

    if not len(values):
        return None
    given = np.asarray(values, np.float64)
    drawn = np.random.default_rng(seed).choice(given, (DRAWS, len(given))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(given.mean()), float(low), float(high), len(given))


def highest(scores: Sequence[float] | NDArray[np.float64], count: int) -> tuple[int, ...]:
    """Return the indices of the segments that a map ranks first, in ascending order. Of equal scores, the earlier ranks first.

    Args:
        scores: The map, `<float>[num_segments]`.
        count: How many.
    """
    import numpy as np

    return tuple(sorted(np.argsort(-np.asarray(scores, np.float64), kind="stable")[:count].tolist()))


def part_of_best(drop: float, others: Collection[float]) -> float | None:
    """Return a drop of the target's log-probability, relative to the largest known one: 1 is the best.

    Args:
        drop: The drop without the segments that a map ranks first, in nats.
        others: The drops without other sets of as many segments, in nats.

    Returns:
        The ratio; below 0 if the target becomes more likely. None: the largest drop is below `MIN_DROP`.
    """
    best = max([drop, *others])
    return drop / best if best >= MIN_DROP else None


def reciprocal_rank(scores: Sequence[float] | NDArray[np.float64], segment: int) -> float:
    """Return 1 / rank of a segment in a map: 1 if it ranks first. Of equal scores, the segment ranks last.

    Args:
        scores: The map, `<float>[num_segments]`.
        segment: The segment's index.
    """
    import numpy as np

    return 1.0 / int((np.asarray(scores) >= scores[segment]).sum())


def paired(one: Sequence[float | None], other: Sequence[float | None]) -> Interval | None:
    """Return the mean difference of two measures of the same prompts, and its interval.

    Args:
        one: A value for each prompt; None: there is none, and the prompt doesn't count.
        other: The same for the other measure.
    """
    return interval([a - b for a, b in zip(one, other, strict=True) if a is not None and b is not None])
