"""Effects: what deleting parts of a prompt does to its answer. All of it is computed from stored scores, without a model.

Sources: Cohen-Wang, Shah, Georgiev and Madry 2024, "ContextCite: Attributing Model Generation to Context", for the random sets, the
fit and the score; Li, Monroe and Jurafsky 2016, "Understanding Neural Networks through Representation Erasure", for leave one out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lit_lab.effect_precision import BLOCK, in_one_precision

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lit_lab.protocol import KeptEffects

ALPHA = 0.01
"""The penalty of ContextCite's fit, for log-odds per token."""

MIN_HELD_OUT = 8
"""Minimum number of held-out sets that can measure a map."""

MAX_CELLS = 32_000_000
"""Maximum of sets times segments in a run: a small file can name many of both."""

_Row = tuple[str, list[int], list["float | None"], "float | None"]
"""A set's kind, its segments, its scores, and their difference from float32 if they were computed in half precision."""

_ROUNDS = 20_000
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Effects:
    """The answer's log-probabilities with sets of segments deleted.

    A target is a slice of the run's tokens, as in `SalienceMap.target`, and must lie in the answer. Scores are positive for
    segments that make the target more likely.

    Attributes:
        segments: The prompt's segments: the index of the turn (0 for a text), and the start and the end in its characters.
        seam: The index of the answer's first token.
        removed: `<bool>[num_sets, num_segments]`: true where a segment is deleted. The first set is empty; sets that were
            chosen, such as pairs, come last.
        logprobs: `<float64>[num_sets, num_answer_tokens]`, in nats.
        is_random: `<bool>[num_sets]`: random sets, to fit to.
        is_held_out: `<bool>[num_sets]`: random sets, to measure maps by.
        difference: The largest difference of a token's log-probability from float32, in nats, as far as it was checked, if a model in float32 had
            any of these computed in half precision; None: none was.

    Example:
        >>> import numpy as np
        >>> from lit_lab.effects import Effects
        >>> effects = Effects(
        ...     segments=((0, 0, 9), (0, 9, 20)), seam=5, removed=np.array([[0, 0], [0, 1], [1, 0]], bool),
        ...     logprobs=np.log([[0.8, 0.5], [0.8, 0.5], [0.2, 0.5]]), is_random=np.zeros(3, bool), is_held_out=np.zeros(3, bool),
        ... )
        >>> effects.leave_one_out(slice(5, 7)).round(2).tolist()
        [1.39, 0.0]
    """

    segments: tuple[tuple[int, int, int], ...] = field(repr=False)
    seam: int
    removed: NDArray[np.bool_] = field(repr=False)
    logprobs: NDArray[np.float64] = field(repr=False)
    is_random: NDArray[np.bool_] = field(repr=False)
    is_held_out: NDArray[np.bool_] = field(repr=False)
    difference: float | None = None

    def target_logprobs(self, target: slice) -> NDArray[np.float64]:
        """Return the target's log-probability for each set: `<float64>[num_sets]`, in nats.

        Raises:
            ValueError: The target isn't in the answer.
        """
        start, end = target.start - self.seam, target.stop - self.seam
        if not 0 <= start < end <= self.logprobs.shape[1]:
            raise ValueError(f"the target must lie in the answer, which begins at token {self.seam}")
        found: NDArray[np.float64] = self.logprobs[:, start:end].sum(axis=1)
        return found

    def leave_one_out(self, target: slice) -> NDArray[np.float64]:
        """Return how much less likely the target is without each segment: `<float64>[num_segments]`, in nats.

        NaN: the set without this segment wasn't scored.
        """
        import numpy as np

        scores = self.target_logprobs(target)
        found = np.full(len(self.segments), np.nan)
        alone = (self.removed.sum(axis=1) == 1) & ~self.is_random & ~self.is_held_out
        for at in np.flatnonzero(alone):
            found[int(self.removed[at].argmax())] = scores[0] - scores[at]
        return found

    def interaction(self, target: slice, one: int, other: int) -> float:
        """Return how much more deleting two segments does than their two effects add up to, in nats.

        Positive: each segment makes up for the other's absence. Negative: each does less without the other. NaN: the pair wasn't
        scored.
        """
        import numpy as np

        pair = np.zeros(len(self.segments), bool)
        pair[[one, other]] = True
        found = np.flatnonzero((self.removed == pair).all(axis=1))
        if len(found) == 0:
            return float("nan")
        scores = self.target_logprobs(target)
        alone = self.leave_one_out(target)
        return float(scores[0] - scores[found[0]] - alone[one] - alone[other])

    def token_probabilities(self, target: slice) -> tuple[float, NDArray[np.float64]]:
        """Return the probability of the target's tokens (geometric mean) with the whole prompt, and without each segment.

        Returns:
            A probability, and `<float64>[num_segments]`.
        """
        import numpy as np

        length = target.stop - target.start
        whole = float(self.target_logprobs(target)[0])
        return float(np.exp(whole / length)), np.asarray(np.exp((whole - self.leave_one_out(target)) / length))

    def context_cite(self, target: slice, samples: int | None = None) -> NDArray[np.float64]:
        """Return each segment's weight in a sparse linear model of the target's log-odds: `<float64>[num_segments]`, in nats.

        Args:
            target: The target.
            samples: How many random sets to fit to, the first ones. None: all whole blocks of 16, as in the panel. A block is
                sorted, so the first sets of one that isn't complete aren't random.

        Raises:
            ValueError: No random set was scored, or the target isn't in the answer.
        """
        import numpy as np

        count = int(self.is_random.sum())
        chosen = np.flatnonzero(self.is_random)[: samples or count - count % BLOCK or count]
        if len(chosen) == 0:
            raise ValueError("no random set was scored")
        length = target.stop - target.start
        kept = (~self.removed[chosen]).astype(np.float64)
        weights: NDArray[np.float64] = lasso(kept, log_odds(self.target_logprobs(target)[chosen]) / length) * length
        return weights

    def datamodelling_score(self, scores: Sequence[float] | NDArray[np.float64], target: slice) -> float | None:
        """Return how well a map predicts what deleting sets of segments does to the target (LDS).

        Args:
            scores: The map, `<float>[num_segments]`: the higher, the more likely the segment makes the target.
            target: The target.

        Returns:
            Spearman's rank correlation, over the held-out sets, of the sum of the kept segments' scores with the target's
            log-odds. None: there are too few sets, or nothing varies.
        """
        import numpy as np

        chosen = np.flatnonzero(self.is_held_out)
        if len(chosen) < MIN_HELD_OUT:
            return None
        predicted = (~self.removed[chosen]).astype(np.float64) @ np.asarray(scores, np.float64)
        return rank_correlation(predicted, log_odds(self.target_logprobs(target)[chosen]))


def effects_of(jobs: Sequence[KeptEffects], seam: int) -> tuple[Effects, ...]:
    """Return the effects that a run's jobs computed. Jobs with the same segments and seed are merged, in one precision.

    Raises:
        ValueError: The events contradict each other, or name too many sets and segments.
    """
    if not jobs:
        return ()
    import numpy as np

    merged: dict[str, list[KeptEffects]] = {}
    for job in jobs:
        merged.setdefault(job.model_dump_json(exclude={"events"}), []).append(job)
    found = []
    for same in merged.values():
        num_segments = len(same[0].segments)
        rows: dict[int, _Row] = {}
        # Each job numbers its chosen sets from 0.
        chosen: dict[tuple[int, ...], _Row] = {}
        for job in in_one_precision(same):
            for event in job.events:
                if len(event.removed) != len(event.logprobs):
                    raise ValueError("its effects have other numbers of sets than of scores")
                for at, (removed, row) in enumerate(zip(event.removed, event.logprobs, strict=True), event.first):
                    new = event.kind, removed, row, event.difference
                    if event.kind == "chosen":
                        chosen[tuple(removed)] = new
                    else:
                        rows[at] = new
        if not rows:  # chosen sets need the whole prompt's scores to compare with
            continue
        ordered = [row for _, row in sorted(rows.items())]
        # Sets that delete parts of the answer are left out: those parts have no segment here.
        sets = [row for row in [*ordered, *chosen.values()] if all(index < num_segments for index in row[1])]
        if not sets or sets[0][1] or len({len(row) for _, _, row, _ in sets}) != 1:
            raise ValueError("its effects lack the prompt as it is, or have scores of other numbers of tokens")
        if len(sets) * num_segments > MAX_CELLS:
            raise ValueError(f"its effects have {len(sets):,} sets of {num_segments:,} segments, which are too many")
        removed_sets = np.zeros((len(sets), num_segments), bool)
        for at, (_, removed, _, _) in enumerate(sets):
            removed_sets[at, removed] = True
        kinds = np.array([kind for kind, *_ in sets])
        found.append(
            Effects(
                segments=tuple((span.turn, span.start, span.end) for span in same[0].segments),
                seam=seam,
                removed=removed_sets,
                logprobs=np.array([row for _, _, row, _ in sets], np.float64),
                is_random=kinds == "random",
                is_held_out=kinds == "held_out",
                difference=max((one for *_, one in sets if one is not None), default=None),
            )
        )
    return tuple(found)


def log_odds(logprobs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log p - log(1 - p), also where p is nearly 1 or 0."""
    import numpy as np

    # 1 - p, at least the smallest that differs from 0, so that a certain target has finite odds.
    rest = np.maximum(-np.expm1(np.minimum(logprobs, 0.0)), np.finfo(np.float64).eps)
    return np.asarray(logprobs - np.log(rest))


def lasso(features: NDArray[np.float64], outcomes: NDArray[np.float64], alpha: float = ALPHA) -> NDArray[np.float64]:
    """Fit a linear model with an intercept and an L1 penalty to standardized features, by coordinate descent.

    It minimizes `mean((outcomes - prediction)**2) / 2 + alpha * sum(abs(weights))`, with the weights of the standardized features.

    Args:
        features: `<float64>[num_samples, num_features]`.
        outcomes: `<float64>[num_samples]`.
        alpha: The penalty.

    Returns:
        The weights of the features as they are, `<float64>[num_features]`; 0 for a feature that doesn't vary.
    """
    import numpy as np

    scale = features.std(axis=0)
    varies = scale > 0
    columns = (features[:, varies] - features[:, varies].mean(axis=0)) / scale[varies]
    rest = outcomes - outcomes.mean()
    weights = np.zeros(columns.shape[1])
    for _ in range(_ROUNDS):
        largest = 0.0
        for at, column in enumerate(columns.T):
            # A standardized column's mean square is 1.
            pull = float(column @ rest) / len(rest) + weights[at]
            new = float(np.sign(pull) * max(abs(pull) - alpha, 0.0))
            rest -= column * (new - weights[at])
            largest = max(largest, abs(new - weights[at]))
            weights[at] = new
        if largest < _TOLERANCE:
            break
    found = np.zeros(features.shape[1])
    found[varies] = weights / scale[varies]
    return found


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Return Spearman's rank correlation; None if one of the two doesn't vary."""
    import numpy as np

    ranks = [_ranks(values) for values in (one, other)]
    if any(np.ptp(each) == 0 for each in ranks):
        return None
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1; equal values share their mean rank."""
    import numpy as np

    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[places], np.float64)
