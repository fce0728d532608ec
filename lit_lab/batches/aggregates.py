"""What the parts of a template do over all rows."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lit_lab.batches.record import Record

RESAMPLES = 1_000
"""Times that rows are drawn anew for an interval."""

MAX_DRAWN = 20_000
"""Most rows that are drawn anew: of a million, drawing would take a minute for each part."""


@dataclass(frozen=True)
class PartSummary:
    """A part of a template over all rows.

    Attributes:
        id: As in `PromptPart`.
        text: Its characters in the first row that has it; of a column's value, the column's name in braces.
        num_rows: In how many rows it is.
        effect: Mean effect for each token of the answer, in nats: by how much the answer's log-probability falls without the part.
            None: effects weren't computed.
        interval: Its 95% interval, by drawing the rows anew (bootstrap). None for fewer than two rows.
        share: Mean share of the gradient. None: shares weren't computed.
        outliers: The rows in which its effect differs the most from its median, the strongest first.
    """

    id: str
    text: str
    num_rows: int
    effect: float | None = None
    interval: tuple[float, float] | None = None
    share: float | None = None
    outliers: tuple[int, ...] = ()


@dataclass(frozen=True)
class CheckSummary:
    """A check over all rows.

    Attributes:
        name: What was checked.
        num_rows: How many answers were checked.
        num_passed: How many of them are as expected.
        failed: The first rows that aren't.
    """

    name: str
    num_rows: int
    num_passed: int
    failed: tuple[int, ...]


MAX_FAILED = 20
"""Maximum number of rows that a check's summary names."""


def check_summaries(records: Iterable[Record]) -> list[CheckSummary]:
    """Return the checks of records, in their order."""
    passed: dict[str, list[bool]] = {}
    failed: dict[str, list[int]] = {}
    for record in records:
        for check in record.checks:
            passed.setdefault(check.name, []).append(check.passed)
            rows = failed.setdefault(check.name, [])
            if not check.passed and len(rows) < MAX_FAILED:
                rows.append(record.row)
    return [CheckSummary(name, len(found), sum(found), tuple(failed[name])) for name, found in passed.items()]


@dataclass
class _Seen:
    text: str
    num_rows: int = 0
    # Of a million rows, lists would take five times the memory.
    effects: array[float] = field(default_factory=lambda: array("d"))
    effect_rows: array[int] = field(default_factory=lambda: array("q"))
    shares: array[float] = field(default_factory=lambda: array("d"))


def summaries(records: Iterable[Record], seed: int = 0) -> list[PartSummary]:
    """Return the parts of a template, by the size of their mean effect, else of their share, the largest first.

    Args:
        records: Records of one batch.
        seed: The same seed gives the same intervals.
    """
    seen: dict[str, _Seen] = {}
    for record in records:
        if not record.num_tokens:
            continue
        for part in record.parts:
            known = seen.setdefault(part.id, _Seen(part.id if part.id.startswith("{") else part.text))
            known.num_rows += 1
            if part.effect is not None:
                known.effects.append(part.effect / record.num_tokens)
                known.effect_rows.append(record.row)
            if part.share is not None:
                known.shares.append(part.share)
    found = [_summary(identity, known, seed) for identity, known in seen.items()]
    return sorted(found, key=lambda part: (-abs(part.effect or 0.0), -(part.share or 0.0)))


def _summary(identity: str, known: _Seen, seed: int) -> PartSummary:
    import numpy as np

    effect = interval = None
    outliers: tuple[int, ...] = ()
    if known.effects:
        values = np.asarray(known.effects)
        effect = float(values.mean())
        if len(values) > 1:
            interval = interval_of_mean(known.effects, seed)
            far = np.argsort(-np.abs(values - np.median(values)), kind="stable")[:5]
            outliers = tuple(known.effect_rows[index] for index in far)
    share = sum(known.shares) / len(known.shares) if known.shares else None
    return PartSummary(identity, known.text, known.num_rows, effect, interval, share, outliers)


def interval_of_mean(values: Sequence[float], seed: int) -> tuple[float, float]:
    """Return the 95% interval of a mean, by drawing the values anew; of very many, by their standard error, which is the same."""
    import numpy as np

    drawn = np.asarray(values)
    if len(drawn) > MAX_DRAWN:
        mean, half = drawn.mean(), 1.96 * drawn.std() / math.sqrt(len(drawn))
        return float(mean - half), float(mean + half)
    random = np.random.default_rng(seed)
    # A few resamples at a time: all of them together would take a thousand times the rows' memory.
    block = max(1, MAX_DRAWN // len(drawn))
    means = np.concatenate(
        [
            drawn[random.integers(0, len(drawn), (min(block, RESAMPLES - begun), len(drawn)))].mean(axis=1)
            for begun in range(0, RESAMPLES, block)
        ]
    )
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
