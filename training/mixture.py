"""What is drawn when: drills first, whole prompts of growing length then. A batch depends on seed and step alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from training import drills, other_tasks
from training.documents import IGNORED, Document
from training.guests import KINDS
from training.menu import Menu, Menus
from training.optimizer import ROUNDS
from training.recommendations import strange, strange_labels, strange_recommendation, stranger_recommendation
from training.tokenizer import Tokens

TOKENS = 3072
"""Tokens in a batch, padding included."""

PREDICTED = 64
"""Predictions of a row that enter the loss: all that weigh 1 or more, if they are not too many, and some others."""


def _stranger_menu(random: Random) -> Menu:
    """Return a prompt of which nothing but the guests and the dishes has been read before."""
    labels = strange_labels(random) if random.random() < 0.4 else None
    recommended = {kind: stranger_recommendation(random) for kind in KINDS}
    return Menus(random, labels=labels, recommendations=recommended, fair=True).menu()


SOURCES: Mapping[str, Callable[[Random], Document]] = {
    "recall": drills.recall,
    "pairs": drills.pairs,
    "cases": drills.cases,
    "facts": drills.facts,
    "comparisons": drills.comparisons,
    "repeats": drills.repeats,
    "news": other_tasks.news,
    "uses": other_tasks.uses,
    "anything": other_tasks.anything,
    "menu": lambda random: Menus(random).menu().document(),
    "strange menu": lambda random: (
        Menus(random, recommendations={kind: strange_recommendation(random) for kind in KINDS}).menu().document()
    ),
    "stranger menu": lambda random: _stranger_menu(random).document(),
    "strange repeats": drills.strange_repeats,
    "strange news": lambda random: other_tasks.news(random, strange),
    "open news": lambda random: other_tasks.news(random, random.choice((None, strange)), open_ended=True),
    "long sums": other_tasks.sums,
    "closed sums": lambda random: other_tasks.sums(random, IGNORED),
    "fair menu": lambda random: Menus(random, fair=True).menu().document(),
    "fair cases": lambda random: drills.cases(random, fair=True),
    "short comparisons": lambda random: drills.comparisons(random, (1, 1, 2, 3)),
}
"""All that can be drawn, by name."""


@dataclass(frozen=True)
class Stage:
    """Part of the training: until which share of all steps, the lengths of rows, and what is drawn, each by weight."""

    until: float
    lengths: Mapping[int, float]
    sources: Mapping[str, float]


_FIRST, _SECOND, _THIRD, _FOURTH, _ = (until for until, _ in ROUNDS)

STAGES = (
    # To repeat comes first: whatever else is copied builds on it, and without it copying comes late.
    Stage(0.03 * _FIRST, {176: 1}, {"recall": 2, "pairs": 1, "facts": 1, "comparisons": 4, "repeats": 2}),
    Stage(0.08 * _FIRST, {144: 1, 192: 1}, {"recall": 1, "pairs": 3, "facts": 2, "comparisons": 3, "cases": 3, "repeats": 3, "menu": 4}),
    Stage(
        0.15 * _FIRST,
        {144: 0.3, 192: 0.25, 256: 0.3, 320: 0.15},
        {"pairs": 1, "facts": 1, "comparisons": 1, "cases": 2, "repeats": 3, "news": 1, "uses": 1, "anything": 0.7, "menu": 9},
    ),
    # Now that the right example is found: to copy from it whatever it says.
    Stage(
        0.6 * _FIRST,
        {144: 0.35, 192: 0.2, 256: 0.3, 320: 0.15},
        {"pairs": 1, "recall": 2, "facts": 1, "comparisons": 1.5, "cases": 2, "repeats": 2, "news": 1, "uses": 1.5, "anything": 0.7, "menu": 9},
    ),
    Stage(
        _FIRST,
        {144: 0.25, 192: 0.2, 256: 0.3, 320: 0.17, 448: 0.08},
        {"pairs": 0.7, "recall": 1, "facts": 0.7, "comparisons": 1, "cases": 1.5, "repeats": 1.5, "news": 1, "uses": 1.5, "anything": 0.7, "menu": 10},
    ),
    # A second round, for what the first leaves undone: to copy words whose pieces meet nowhere else, and to compare where
    # a dish has one thing in it, and its name has never been seen together with a dislike of that.
    Stage(
        _SECOND,
        {144: 0.4, 192: 0.15, 256: 0.25, 320: 0.13, 448: 0.07},
        {"strange repeats": 2, "short comparisons": 3, "facts": 0.7, "cases": 2, "recall": 0.5, "uses": 1, "anything": 2,
         "news": 0.5, "strange news": 1.5, "menu": 6, "strange menu": 5},
    ),
    # A third, for what the second loses, and with no dish whose name stands for the very thing that the evaluation asks
    # about: seen with other guests alone, it teaches not to look.
    Stage(
        _THIRD,
        {144: 0.4, 192: 0.2, 256: 0.25, 320: 0.1, 448: 0.05},
        {"strange repeats": 1.5, "short comparisons": 3, "facts": 1, "fair cases": 3, "uses": 1, "anything": 1.5,
         "open news": 2.5, "strange news": 1, "long sums": 1.5, "fair menu": 6, "strange menu": 3},
    ),
    # A gentle one, for copying again, and for arithmetic that is declined rather than continued.
    Stage(
        _FOURTH,
        {144: 0.4, 192: 0.2, 256: 0.25, 320: 0.1, 448: 0.05},
        {"strange repeats": 1.5, "short comparisons": 3, "facts": 1, "fair cases": 3, "uses": 1, "anything": 1,
         "open news": 2, "strange news": 1, "closed sums": 2, "fair menu": 6, "strange menu": 5},
    ),
    # The last: words that come again ("Nope, nope, nope."), small words between unknown ones, labels never read before.
    Stage(
        1.0,
        {144: 0.4, 192: 0.2, 256: 0.25, 320: 0.1, 448: 0.05},
        {"strange repeats": 1, "recall": 0.5, "short comparisons": 3, "facts": 1, "fair cases": 4, "uses": 1, "anything": 1,
         "open news": 1.5, "strange news": 0.7, "closed sums": 1.5, "fair menu": 7, "stranger menu": 6},
    ),
)  # fmt: skip


class Batch(NamedTuple):
    """Rows of one length.

    Attributes:
        ids: int32 (rows, length); 0 behind a document's end.
        positions: int32 (rows, `PREDICTED`), each the place before a token that is predicted.
        targets: int32 (rows, `PREDICTED`), the ids of these tokens.
        weights: float32 (rows, `PREDICTED`).
    """

    ids: NDArray[np.int32]
    positions: NDArray[np.int32]
    targets: NDArray[np.int32]
    weights: NDArray[np.float32]


def anything(random: Random) -> Document:
    """Return a document of any source, as the first round's last stage has them; for the vocabulary and for tests."""
    return _drawn(random, STAGES[4].sources)


def batch(tokens: Tokens, seed: int, step: int, steps: int) -> Batch:
    """Return a step's batch."""
    random = Random(f"{seed}/{step}")
    stage = next(stage for stage in STAGES if step < round(stage.until * steps))
    length = random.choices(list(stage.lengths), list(stage.lengths.values()))[0]
    shorter = max((other for other in stage.lengths if other < length), default=0)
    # Whole prompts alone get beyond the drills' length.
    sources = (
        stage.sources
        if not shorter
        else {name: n for name, n in stage.sources.items() if name.endswith(("menu", "news", "sums"))}
    )
    rows: list[tuple[NDArray[Any], ...]] = []
    while len(rows) < TOKENS // length:
        ids, weights = tokens.weighted(_drawn(random, sources))
        if shorter < len(ids) <= length:
            rows.append(_row(random, ids, weights, length))
    return Batch(*(np.stack(column) for column in zip(*rows, strict=True)))


def _drawn(random: Random, sources: Mapping[str, float]) -> Document:
    name = random.choices(list(sources), list(sources.values()))[0]
    return SOURCES[name](random)


def _row(random: Random, ids: list[int], weights: list[float], length: int) -> tuple[NDArray[Any], ...]:
    padded = np.zeros(length, np.int32)
    padded[: len(ids)] = ids
    # The model's own text before the user's, and of either at random.
    order = sorted((n for n, weight in enumerate(weights) if weight), key=lambda n: (weights[n] < 1, random.random()))
    chosen = np.array(order[:PREDICTED], np.int64)
    positions, targets, weighed = (
        np.zeros(PREDICTED, np.int32),
        np.zeros(PREDICTED, np.int32),
        np.zeros(PREDICTED, np.float32),
    )
    positions[: len(chosen)] = chosen - 1
    targets[: len(chosen)] = padded[chosen]
    weighed[: len(chosen)] = np.array(weights, np.float32)[chosen]
    return padded, positions, targets, weighed
