"""Measures of maps, and how sure they are: what `benchmarks/faithfulness.py` prints.

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
"""How often an interval's sample is drawn anew."""

MIN_COUNT = 8
"""Of fewer numbers than these, drawing anew says too little about how far their mean may be off."""

MIN_DROP = 0.1
"""Nats. If deleting never lowers a target's log-probability by as much, nobody can say what ranks first."""


@dataclass(frozen=True)
class Interval:
    """A mean, and what 95% of the means of samples drawn anew lie between.

    Attributes:
        mean: The mean.
        low: The lower end.
        high: The upper end.
        count: How many numbers it is the mean of.
    """

    mean: float
    low: float
    high: float
    count: int

    @property
    def is_sound(self) -> bool:
        """Whether the ends say something: there are `MIN_COUNT` numbers."""
        return self.count >= MIN_COUNT


def interval(values: Sequence[float], seed: int = 0) -> Interval | None:
    """Return the mean of some numbers, and its bootstrap interval. None: there are no numbers.

    Args:
        values: A number for each prompt: numbers of the same prompt depend on each other, and must be averaged first.
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
    """Return the segments that a map ranks first, by number. Of equal scores, the earlier one ranks first.

    Args:
        scores: The map, `<float>[num_segments]`.
        count: How many.
    """
    import numpy as np

    return tuple(sorted(np.argsort(-np.asarray(scores, np.float64), kind="stable")[:count].tolist()))


def part_of_best(drop: float, others: Collection[float]) -> float | None:
    """Return a drop of the target's log-probability as a part of the largest that is known: 1 is the best.

    Args:
        drop: Without the segments that a map ranks first, in nats.
        others: Without other sets of as many segments, in nats.

    Returns:
        The part, below 0 if the target becomes more likely. None: the largest drop is below `MIN_DROP`.
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
        one: A number for each prompt; None: there is none, and the prompt doesn't count.
        other: The same of the other measure.
    """
    return interval([a - b for a, b in zip(one, other, strict=True) if a is not None and b is not None])
