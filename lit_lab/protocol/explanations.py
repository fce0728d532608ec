"""Requests that explain a run's answer: maps, effects and tests of maps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from lit_lab.protocol.base import (
    MAX_SAMPLES,
    MAX_SEGMENTS,
    MAX_TARGETS,
    MAX_TEXT,
    MAX_TOKENS,
    AblationMethod,
    AblationMode,
    ChatMode,
    EffectsPrecision,
    GradientMethod,
    Message,
    Method,
    Name,
    Removal,
    TokenId,
    TokenIds,
)
from lit_lab.protocol.turns import MAX_TURNS, PromptRequest


class Span(Message):
    """A half-open span of token indices."""

    start: int = Field(ge=0, le=MAX_TOKENS)
    end: int = Field(ge=1, le=MAX_TOKENS)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.start >= self.end:
            raise ValueError(f"a span needs start < end, not [{self.start}, {self.end})")
        return self


def _check_target(span: Span, ids: list[int]) -> None:
    # Token 0 is never predicted, so it can't be explained.
    if span.start < 1 or span.end > len(ids):
        raise ValueError(f"target [{span.start}, {span.end}) must lie in [1, {len(ids)})")


Foil = Annotated[
    Annotated[list[TokenId], Field(fail_fast=True)] | None,
    Field(
        min_length=1,
        max_length=MAX_TOKENS,
        description="For a contrastive target: the foil's tokens, B, which stand in the target's place. The scores then explain why the model said the "
        "target, A, rather than B: the log-probability of A minus that of B. Only tokens before the target get a score.",
    ),
]
"""The other half of a contrastive target (Yin and Neubig 2022)."""


class Integration(Message):
    """The path from a baseline to the prompt's embeddings, for integrated gradients."""

    baseline: Literal["zero", "mean"] = Field(
        default="zero",
        description="The embeddings that the path starts at. `zero`: a hundredth of each embedding (at exactly zero, "
        "models with RMS normalisation jump); `mean`: the vocabulary's mean.",
    )
    steps: int = Field(
        default=32,
        ge=8,
        le=1_024,
        description="Number of points on the path, rounded to eights; up to four times as many if the loss is rough.",
    )


class SalienceRequest(Message):
    """Score every token by its influence on each target span.

    The ids are those of the whole sequence, exactly as they were tokenized and generated; the service doesn't
    tokenize again. For each target, the service sends one `scores` event per method, in the order of `targets`. Equal
    targets are answered once.
    """

    kind: Literal["salience"] = "salience"
    model: Name
    ids: TokenIds = Field(min_length=2, max_length=MAX_TOKENS)
    targets: Annotated[list[Span], Field(fail_fast=True)] = Field(min_length=1, max_length=MAX_TARGETS)
    methods: list[Method] = Field(default=["grad_l2", "grad_dot_input"], min_length=1, max_length=4)
    integration: Integration = Integration()
    foil: Foil = None

    @model_validator(mode="after")
    def _within(self) -> SalienceRequest:
        for span in self.targets:
            _check_target(span, self.ids)
        if self.foil is not None and len(self.targets) != 1:
            raise ValueError("a foil needs exactly one target")
        if self.foil is not None and "flow" in self.methods:
            raise ValueError("flow explains a target, not a difference between it and a foil")
        return self


class _SegmentsRequest(Message):
    """Base of the requests that remove segments of a sequence and measure the target's probability."""

    model: Name
    ids: TokenIds = Field(min_length=2, max_length=MAX_TOKENS)
    target: Span
    segments: Annotated[list[Span], Field(fail_fast=True)] = Field(
        min_length=1,
        max_length=MAX_SEGMENTS,
        description="The segments to remove, each as a whole: in order, without overlap, and before the target. Tokens in "
        "no segment always stay.",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="The same seed gives the same numbers.")
    foil: Foil = None

    @model_validator(mode="after")
    def _in_place(self) -> _SegmentsRequest:
        _check_target(self.target, self.ids)
        end = 0
        for segment in self.segments:
            if segment.start < end or segment.end > self.target.start:
                raise ValueError(
                    f"segment [{segment.start}, {segment.end}) must lie after the one before it, and before the target"
                )
            end = segment.end
        if self.segments[0].start == 0 and self.segments[-1].end == self.target.start:
            covered = sum(segment.end - segment.start for segment in self.segments)
            if covered == self.target.start:
                raise ValueError("one token before the target must lie in no segment: the model needs a beginning")
        return self


class TextSpan(Message):
    """A half-open span of a prompt's characters (Unicode code points)."""

    turn: int = Field(ge=0, lt=MAX_TURNS, description="The index of the turn; 0 if the prompt is a text.")
    start: int = Field(ge=0, le=MAX_TEXT)
    end: int = Field(ge=1, le=MAX_TEXT)


MAX_KNOWN = 1_000_000
"""Maximum of known sets times segments in a request."""

KnownSet = Annotated[list[Annotated[int, Field(ge=0)]], Field(max_length=MAX_SEGMENTS, fail_fast=True)]


class EditedText(PromptRequest):
    """A run's prompt as text, from which segments are deleted before it is tokenized.

    The sets that the run's effects have scored come with it, so that they aren't scored again.
    """

    chat: ChatMode = "auto"
    thinking: bool = Field(default=False, description="As in the run's own request.")
    answer_start: int = Field(ge=1, lt=MAX_TOKENS, description="The index of the answer's first token.")
    segments: Annotated[list[TextSpan], Field(fail_fast=True)] = Field(
        min_length=1,
        max_length=MAX_SEGMENTS,
        description="The texts of the request's segments, as in an `EffectsRequest`.",
    )
    removed: Annotated[list[KnownSet], Field(fail_fast=True)] = Field(
        default=[], max_length=MAX_SAMPLES, description="For each known set: the indices of the deleted segments."
    )
    logprobs: Annotated[list[Annotated[float, Field(le=0)]], Field(fail_fast=True)] = Field(
        default=[], max_length=MAX_SAMPLES, description="For each known set: the target's log-probability, in nats."
    )
    num_random: int = Field(
        default=0,
        ge=0,
        le=MAX_SAMPLES,
        description="Number of sets at the end of `removed` that are random: each deletes each segment with a probability of one "
        "half. They must not include the sets that measure maps.",
    )

    @model_validator(mode="after")
    def _as_many(self) -> EditedText:
        if len(self.removed) != len(self.logprobs) or self.num_random > len(self.removed):
            raise ValueError(
                f"{len(self.removed)} sets need as many log-probabilities, and at most as many random sets"
            )
        if len(self.removed) * len(self.segments) > MAX_KNOWN:
            raise ValueError(f"{len(self.removed)} sets of {len(self.segments)} segments are too many")
        for removed in self.removed:
            if len(removed) > len(self.segments) or any(not 0 <= at < len(self.segments) for at in removed):
                raise ValueError(f"a set removes a segment that isn't among the {len(self.segments)}")
        return self


class AblationRequest(_SegmentsRequest):
    """Score segments by how the target's probability changes without them.

    The answer consists of `progress` events and one `segment_scores` event.
    """

    kind: Literal["ablation"] = "ablation"
    method: AblationMethod
    mode: Removal = "remove"
    samples: int | None = Field(
        default=None,
        ge=1,
        le=MAX_SAMPLES,
        description="Number of sets of segments to try, for LIME and SHAP, drawn as LIT draws them for LIME. None: at first 64, or "
        "2 * (segments + 1) if that is more, including known ones; then more until the largest scores are certain enough.",
    )
    edited: EditedText | None = Field(default=None, description="For the mode `text`.")

    @model_validator(mode="after")
    def _has_text(self) -> AblationRequest:
        if (self.edited is None) != (self.mode != "text"):
            raise ValueError("the mode `text`, and no other, needs `edited`")
        if self.edited is None:
            return self
        if self.foil is not None:
            raise ValueError("a contrastive target has no known sets: choose another mode")
        if len(self.edited.segments) != len(self.segments):
            raise ValueError(f"{len(self.segments)} segments need as many texts, not {len(self.edited.segments)}")
        if not self.segments[-1].end <= self.edited.answer_start <= self.target.start:
            raise ValueError("the segments must lie in the prompt, and the target in the answer")
        self.effects()
        return self

    def effects(self) -> EffectsRequest:
        """Return a request for effects of the same segments. Raises `ValueError` if they aren't in the text."""
        text = self.edited
        if text is None:
            raise ValueError("no text")
        return EffectsRequest(
            model=self.model,
            prompt=text.prompt,
            turns=text.turns,
            chat=text.chat,
            thinking=text.thinking,
            ids=self.ids,
            answer_start=text.answer_start,
            segments=text.segments,
        )


MAX_CHOSEN_SETS = 1_000
"""Maximum number of sets of segments that a request may name."""

ChosenSet = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=MAX_SEGMENTS)]


class EffectsRequest(PromptRequest):
    """Score a run's answer with parts of its prompt deleted: the sets of segments that every effect is computed from.

    The service deletes the text, tokenizes the edited prompt as it would any prompt, and scores the original answer's
    tokens behind it. The answer consists of `effects` events. The order of the sets depends only on `segments`,
    `answer_segments`, `held_out` and `seed`, and more `samples` add sets at the end, so `skip` continues an earlier job.
    """

    kind: Literal["effects"] = "effects"
    model: Name
    chat: ChatMode = "auto"
    thinking: bool = Field(default=False, description="As in the run's own request.")
    ids: TokenIds = Field(min_length=2, max_length=MAX_TOKENS, description="The run's tokens: prompt, then answer.")
    answer_start: int = Field(ge=1, lt=MAX_TOKENS, description="The index of the answer's first token.")
    segments: Annotated[list[TextSpan], Field(fail_fast=True)] = Field(
        min_length=1,
        max_length=MAX_SEGMENTS,
        description="The parts of the prompt to delete, each as a whole: in order, without overlap. Of the gaps before and "
        "after a deleted part, the one with fewer line breaks is deleted, too.",
    )
    answer_segments: Annotated[list[Span], Field(fail_fast=True)] = Field(
        default=[],
        max_length=MAX_SEGMENTS,
        description="Earlier parts of the answer, as spans of `ids`: in order, without overlap. Each is left out once, with "
        "its tokens, to score the tokens after it; random sets keep all of them.",
    )
    samples: int = Field(default=32, ge=0, le=MAX_SAMPLES, description="Random sets to fit ContextCite to.")
    held_out: int = Field(default=16, ge=0, le=MAX_SAMPLES, description="Random sets to measure maps by.")
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="The same seed gives the same sets.")
    chosen: Annotated[list[ChosenSet], Field(fail_fast=True)] = Field(
        default=[],
        max_length=MAX_CHOSEN_SETS,
        description="Sets of segments to delete together, as ascending indices that count `segments`, then "
        "`answer_segments`. If there are any, the job scores these sets instead of all others.",
    )
    skip: int = Field(
        default=0, ge=0, le=4 * MAX_SAMPLES, description="Number of sets at the beginning that are already known."
    )
    seconds: float | None = Field(
        default=None, gt=0, le=86_400, description="The job ends once it has computed for this long. None: no limit."
    )
    precision: EffectsPrecision = Field(
        default="auto",
        description="`auto`: in bfloat16 where the processor has units for that (AMX), and where the answer's log-probabilities in bfloat16 "
        "agree with those in float32, which is checked first; `float32`: exact.",
    )

    @model_validator(mode="after")
    def _in_place(self) -> EffectsRequest:
        if self.answer_start >= len(self.ids):
            raise ValueError(f"the answer must begin before token {len(self.ids)}, not at {self.answer_start}")
        texts = [self.prompt or ""] if self.turns is None else [turn.text for turn in self.turns]
        place = (0, 0)
        for span in self.segments:
            if span.turn >= len(texts) or not span.start < span.end <= len(texts[span.turn]):
                raise ValueError(f"segment [{span.start}, {span.end}) isn't in the text of turn {span.turn}")
            if (span.turn, span.start) < place:
                raise ValueError(f"segment [{span.start}, {span.end}) must lie after the one before it")
            place = (span.turn, span.end)
        end = self.answer_start
        for part in self.answer_segments:
            if part.start < end or part.end > len(self.ids):
                raise ValueError(f"segment [{part.start}, {part.end}) must lie in the answer, after the one before it")
            end = part.end
        count = len(self.segments) + len(self.answer_segments)
        for removed in self.chosen:
            if removed != sorted(set(removed)) or removed[-1] >= count:
                raise ValueError(f"the set {removed} must have ascending indices of the {count} segments")
        return self


class FaithfulnessRequest(_SegmentsRequest):
    """Test a map: does removing what it ranks first really lower the target's probability?

    The answer consists of `progress` events, one `curve` event for each finished curve, and one `faithfulness` event.
    """

    kind: Literal["faithfulness"] = "faithfulness"
    mode: AblationMode = "remove"
    scores: Annotated[list[float], Field(fail_fast=True)] = Field(
        max_length=MAX_SEGMENTS,
        description="<float>[num_segments]: the map, with the highest score for what most makes the target likely (negate "
        "the scores of gradient times input and integrated gradients, which are of the loss). The test ranks "
        "segments by score, highest first.",
    )
    method: GradientMethod | None = Field(
        default=None,
        description="The gradient method that made the map, to test its stability. None: stability isn't tested.",
    )
    orders: int = Field(default=5, ge=1, le=50, description="Number of random orders to compare with.")
    jitters: int = Field(default=4, ge=0, le=50, description="Number of maps under noise.")
    noise: float = Field(
        default=0.05, gt=0, le=1, description="Standard deviation of the noise, relative to that of each embedding."
    )

    @model_validator(mode="after")
    def _as_many(self) -> FaithfulnessRequest:
        if len(self.scores) != len(self.segments):
            raise ValueError(f"{len(self.segments)} segments need as many scores, not {len(self.scores)}")
        return self
