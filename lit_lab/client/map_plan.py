"""A map of a run: which scores it needs, and what it is once they are there. Computes nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from lit_lab.client import effect_table
from lit_lab.client.checked import checked
from lit_lab.client.methods import AUTOMATIC, method_info
from lit_lab.client.run_text import MAX_PARTS, Cutting, DeletedSegments, RunText, cut_run, deleted_segments
from lit_lab.client.salience_map import Map, Segment
from lit_lab.client.targets import Target, target_of
from lit_lab.problem import Problem
from lit_lab.protocol import (
    AblationRequest,
    EffectsRequest,
    KeptScores,
    RunRecord,
    SalienceRequest,
    ScoresEvent,
    SegmentScoresEvent,
    Span,
)
from lit_lab.segmentation import (
    Granularity,
    PatternError,
    SalienceMap,
    TokenSpan,
    UnknownWordsError,
    shares,
    shares_of_segments,
)
from lit_lab.segmentation.ecmascript import BLANKS
from lit_lab.segmentation.shares import Aggregation


class MapPlan:
    """What a map needs, and how it is made.

    Args:
        run: The run; later ones with more scores may be passed to the methods.
        cutting: The kind of segments.
        method: The method's name.
        target: The target, as users write it.
        aggregation: How a segment's score is made of its tokens'.
        mode: How ablation methods remove segments.

    Raises:
        Problem: There is no such method, target or segment.
    """

    def __init__(
        self, run: RunRecord, cutting: Cutting, method: str, target: Target, aggregation: Aggregation, mode: str
    ) -> None:
        _check_choices(cutting, aggregation)
        self._method, self._info = method, method_info(method)
        self._cutting, self._mode = cutting, mode
        squares = aggregation == "squares" and not self._info.adds_up and cutting.granularity != "tokens"
        self._how: Aggregation = "sum" if aggregation == "squares" and not squares else aggregation
        self._is_squared = squares and self._info.kind == "salience"
        self.target = target_of(run, target, cutting)
        try:
            self._text = cut_run(run, cutting, self.target)
            whole = cut_run(run, cutting, None)
        except (UnknownWordsError, PatternError) as error:
            raise Problem(422, "not_segmented", f"{error}", "Sentences and tokens are always possible.") from None
        self._deleted = _deleted(run, whole) if self._info.kind == "effects" else None
        self._removable = _removable(self._text, self.target) if self._info.kind == "ablation" else []

    def known(self, run: RunRecord) -> Map | None:
        """Return the map; None: scores are missing."""
        if self._info.kind == "salience":
            event = self._token_scores(run)
            return None if event is None else self._of_tokens(event)
        if self._info.kind == "effects":
            effects = self._effects(run)
            return None if effects is None else self._map(shares_of_segments(self._text.segments, effects, self.target))
        scored = self._segment_scores(run)
        return None if scored is None else self._of_segments(scored)

    def request(self, run: RunRecord) -> SalienceRequest | EffectsRequest | AblationRequest:
        """Return the request for the scores that are missing. Raises `Problem` if it isn't valid."""
        ids = [token.id for token in self._text.tokens]
        if self._deleted is not None:
            request = effect_table.effects_request(run, self._deleted, ids)
            return effect_table.continued(request, run.effects)
        if self._info.kind == "salience":
            methods = list(AUTOMATIC) if self._method in AUTOMATIC else [self._method]
            return checked(SalienceRequest, model=run.model, ids=ids, targets=[_span(self.target)], methods=methods)
        return checked(
            AblationRequest,
            model=run.model,
            ids=ids,
            target=_span(self.target),
            segments=[_span(part) for _, part in self._removable],
            method=self._method,
            mode=self._mode,
        )

    def _token_scores(self, run: RunRecord) -> ScoresEvent | None:
        # The latest first: scores may have been computed again.
        for kept in reversed(run.scores):
            event = kept.event
            if (
                isinstance(event, ScoresEvent)
                and (event.method, event.foil) == (self._method, None)
                and _is(event.target, self.target)
            ):
                return event
        return None

    def _of_tokens(self, event: ScoresEvent) -> Map:
        scores = [self._info.turn * score for score in event.scores]
        found = shares(self._text.tokens, scores, self._text.segments, self.target, self._how)
        return self._map(found, gap=event.gap)

    def _effects(self, run: RunRecord) -> list[float | None] | None:
        """Return the effect of each segment of the text that has one; None: some are missing."""
        if self._deleted is None:
            return None
        spans = self._deleted.spans
        request = effect_table.effects_request(run, self._deleted, [token.id for token in self._text.tokens])
        logprobs = effect_table.known_logprobs(run.effects, request)
        values = effect_table.effects_on(logprobs, len(spans), self.target, self._text.seam)
        before = {span: value for span, value in zip(spans, values, strict=True) if span[1] <= self.target[0]}
        return None if None in before.values() else [before.get(span) for span in self._text.segments]

    def _segment_scores(self, run: RunRecord) -> SegmentScoresEvent | None:
        parts = [part for _, part in self._removable]

        def is_wanted(kept: KeptScores) -> bool:
            event = kept.event
            return (
                isinstance(event, SegmentScoresEvent)
                and (event.method, event.foil, kept.mode) == (self._method, None, self._mode)
                and _is(event.target, self.target)
                and [(part.start, part.end) for part in event.segments] == parts
            )

        found = next(filter(is_wanted, reversed(run.scores)), None)
        return found.event if found is not None and isinstance(found.event, SegmentScoresEvent) else None

    def _of_segments(self, scored: SegmentScoresEvent) -> Map:
        count = len(self._text.segments)
        scores: list[float | None] = [None] * count
        errors: list[float | None] = [None] * count
        for place, (index, _) in enumerate(self._removable):
            scores[index] = scored.scores[place]
            errors[index] = scored.errors[place] if scored.errors else None
        return self._map(shares_of_segments(self._text.segments, scores, self.target), errors=errors)

    def _map(self, found: SalienceMap, gap: float | None = None, errors: Sequence[float | None] | None = None) -> Map:
        text = self._text
        return Map(
            method=self._method,
            granularity=self._cutting.granularity,
            target=slice(*found.target),
            target_text=text.text(found.target),
            unit="squares" if self._is_squared else self._info.unit,
            is_signed=self._info.is_signed and not self._is_squared,
            segments=tuple(
                Segment(
                    rank=each.rank,
                    share=each.share,
                    score=each.score,
                    text=text.text(each.span).strip(BLANKS),
                    tokens=slice(*each.span),
                    error=errors[index] if errors else None,
                )
                for index, each in enumerate(found.segments)
            ),
            template_share=found.template_share,
            gap=gap,
        )


def _check_choices(cutting: Cutting, aggregation: Aggregation) -> None:
    for what, value, choices in (
        ("granularity", cutting.granularity, get_args(Granularity)),
        ("aggregation", aggregation, get_args(Aggregation)),
    ):
        if value not in choices:
            raise Problem(
                422, f"no_{what}", f"There is no {what} {str(value)[:40]!r}.", f"Choose one of: {', '.join(choices)}."
            )
    if cutting.granularity == "custom" and cutting.custom is None:
        raise Problem(
            422, "no_granularity", "The granularity custom needs a regular expression.", "Give one as `custom`."
        )


def _deleted(run: RunRecord, text: RunText) -> DeletedSegments:
    found = deleted_segments(run, text)
    if found is None:
        raise Problem(
            422,
            "no_segments",
            "The prompt has no parts that can be deleted: it is empty, or its tokens don't spell its text.",
            "Choose another method.",
        )
    _check_count(len(found.texts))
    return found


def _removable(text: RunText, target: TokenSpan) -> list[tuple[int, TokenSpan]]:
    """Return the segments before a target that can be removed, each with its index among the text's.

    Without template tokens, the first token stays, because a model needs at least one.
    """
    parts = [(index, span) for index, span in enumerate(text.segments) if span[1] <= target[0]]
    covered = sum(end - start for _, (start, end) in parts)
    if parts and covered >= target[0]:
        index, (start, end) = parts[0]
        parts = parts[1:] if end - start == 1 else [(index, (start + 1, end)), *parts[1:]]
    if not parts:
        raise Problem(422, "no_segments", "There is nothing before the target that can be removed.", "")
    _check_count(len(parts))
    return parts


def _check_count(count: int) -> None:
    if count > MAX_PARTS:
        raise Problem(
            422,
            "too_many_segments",
            f"There are {count:,} segments to delete one by one; {MAX_PARTS} are the most.",
            "Use a coarser granularity, such as paragraphs, or a gradient method.",
        )


def _is(span: Span, other: TokenSpan) -> bool:
    return (span.start, span.end) == other


def _span(span: TokenSpan) -> dict[str, int]:
    return {"start": span[0], "end": span[1]}
