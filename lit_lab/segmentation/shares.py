"""From scores to shares, as docs/text-contract.md defines; its cases are in tests/fixtures/text/shares.json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from .token import TextToken, TokenSpan

Aggregation = Literal["squares", "sum", "mean", "max"]
"""How a segment's score is computed from its tokens' scores. The default is `squares`; LIT's own is `sum`."""


@dataclass(frozen=True)
class SegmentSalience:
    """A segment and how much it influenced the target."""

    span: TokenSpan
    score: float
    share: float | None
    """Share of all text before the target, 0 to 1; None for the target and after it."""
    rank: int | None
    """By absolute score, from 1; None without a share."""


@dataclass(frozen=True)
class SalienceMap:
    """How much each segment influenced one target."""

    target: TokenSpan
    segments: tuple[SegmentSalience, ...]
    """In order; a segment that the target cuts is cut there."""
    template_share: float
    """Share of the template tokens, such as `<bos>`; not part of the others."""
    max_share: float
    """The largest share of a segment; 0 if there is none."""


def shares(
    tokens: Sequence[TextToken],
    scores: Sequence[float],
    spans: Sequence[TokenSpan],
    target: TokenSpan,
    how: Aggregation = "squares",
    within: TokenSpan | None = None,
) -> SalienceMap:
    """Return the map of one target from scores of tokens.

    Args:
        tokens: The whole sequence.
        scores: `<float>[num_tokens]`
        spans: The segments of the whole sequence, in order.
        target: The target's tokens.
        how: How tokens' scores make a segment's.
        within: The part of the sequence that shares refer to; None: all of it.
    """
    cut = cut_at_target(spans, target)
    values = [aggregate(scores, span, how) for span in cut]
    before = sum(end <= target[0] for _, end in cut)
    rows = [
        (span, value, i < before and _meets(span, within))
        for i, (span, value) in enumerate(zip(cut, values, strict=True))
    ]
    total = _sum(abs(value) for value in values[:before])
    template = [score for token, score in zip(tokens[: target[0]], scores, strict=False) if token.kind == "template"]
    apart = abs(_combine(template, how))
    return _map(rows, target, apart / (apart + total) if apart + total > 0 else 0.0)


def shares_of_segments(
    spans: Sequence[TokenSpan],
    scores: Sequence[float | None],
    target: TokenSpan,
    within: TokenSpan | None = None,
) -> SalienceMap:
    """Return the map of one target from scores of whole segments, as ablation measures them.

    Args:
        spans: The segments of the whole sequence, in order, cut at the target.
        scores: One for each segment; None if there is none, as for the target and the text after it.
        target: The target's tokens.
        within: The part of the sequence that shares refer to; None: all of it.
    """
    rows = [
        (span, score or 0.0, score is not None and _meets(span, within))
        for span, score in zip(spans, scores, strict=True)
    ]
    # Template tokens are never removed, so their influence is unknown.
    return _map(rows, target, 0.0)


def aggregate(scores: Sequence[float], span: TokenSpan, how: Aggregation) -> float:
    """Return the score of a segment.

    For `squares` it is the sum of squares, never negative; for `max` the score with the largest absolute value, with its sign.
    """
    return _combine(scores[span[0] : span[1]], how)


def cut_at_target(spans: Iterable[TokenSpan], target: TokenSpan) -> list[TokenSpan]:
    """Cut segments where the target begins and ends, so that none contains both the target and text before it."""
    result: list[TokenSpan] = []
    for start, end in spans:
        edges = [start, *(edge for edge in target if start < edge < end), end]
        result.extend(pairwise(edges))
    return result


def ranks(scores: Sequence[float]) -> list[int]:
    """Return ranks by absolute score, from 1; ties by position."""
    order = sorted(range(len(scores)), key=lambda i: -abs(scores[i]))
    result = [0] * len(scores)
    for place, index in enumerate(order):
        result[index] = place + 1
    return result


def colour_weight(segment: SegmentSalience, max_share: float, exponent: float) -> float:
    """Return the strength of a segment's colour: its share relative to the largest share, raised to the exponent.

    It is -1 to 1; negative for negative scores, 0 without a share.
    """
    if segment.share is None or max_share <= 0 or segment.share <= 0:
        return 0.0
    weight: float = (segment.share / max_share) ** exponent
    return -weight if segment.score < 0 else weight


def _map(rows: Sequence[tuple[TokenSpan, float, bool]], target: TokenSpan, template_share: float) -> SalienceMap:
    """Give segments their shares and ranks. A row is a span, its score and whether it has a share."""
    scores = [score for _, score, is_ranked in rows if is_ranked]
    total = _sum(abs(score) for score in scores)
    places = iter(ranks(scores))
    made = tuple(
        SegmentSalience(span, score, (abs(score) / total if total > 0 else 0.0), next(places))
        if is_ranked
        else SegmentSalience(span, score, None, None)
        for span, score, is_ranked in rows
    )
    return SalienceMap(target, made, template_share, max((row.share or 0.0 for row in made), default=0.0))


def _meets(span: TokenSpan, within: TokenSpan | None) -> bool:
    """Whether a part of the sequence contains a token of a segment."""
    return within is None or (span[0] < within[1] and within[0] < span[1])


def _combine(scores: Sequence[float], how: Aggregation) -> float:
    if not scores:
        return 0.0
    if how == "squares":
        return _sum(score * score for score in scores)
    if how == "max":
        return max(scores, key=abs)
    total = _sum(scores)
    return total if how == "sum" else total / len(scores)


def _sum(values: Iterable[float]) -> float:
    """Return the sum, one after the other as JavaScript adds: `sum` rounds less since Python 3.12."""
    total = 0.0
    for value in values:
        total += value
    return total
