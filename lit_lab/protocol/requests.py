"""Work for a model: what is asked for, what it would cost, and the jobs that do it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from lit_lab.protocol.base import (
    MAX_NAME,
    MAX_SAMPLES,
    MAX_SEGMENTS,
    MAX_STOP,
    MAX_STOPS,
    MAX_TARGETS,
    MAX_TEXT,
    MAX_TOKENS,
    AblationMethod,
    AblationMode,
    ChatMode,
    Message,
    Method,
    Name,
    Text,
    TokenId,
    TokenIds,
)


class Sampling(Message):
    """How the next token is chosen. Without a temperature it is the most likely one (greedy)."""

    temperature: float = Field(
        default=0.0, ge=0, le=10, description="0: greedy; of the rest only the repetition penalty has an effect then."
    )
    top_k: int | None = Field(default=None, ge=1, le=MAX_TOKENS, description="Only among the K most likely.")
    top_p: float | None = Field(
        default=None, gt=0, le=1, description="Only among the most likely that reach P together."
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="The same seed gives the same answer.")
    repetition_penalty: float = Field(
        default=1.0,
        ge=1,
        le=2,
        description="What a token's logit is divided by where it is positive, and multiplied with where it is negative, if the "
        "prompt, its template or the answer so far has the token; before the temperature. 1: none.",
    )


StopSequences = Annotated[
    Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=MAX_STOP)]],
        Field(max_length=MAX_STOPS, fail_fast=True),
    ],
    AfterValidator(lambda stop: list(dict.fromkeys(stop))),
]
"""Texts that end an answer, each once."""


class RunOrigin(Message):
    """Where a prompt came from, in words, as the panel shows it."""

    document: Annotated[str, StringConstraints(max_length=4096)] = Field(
        description="The notebook's or file's path, or a dataset's name."
    )
    place: list[Annotated[str, StringConstraints(max_length=500)]] = Field(
        max_length=20, description="Such as `cell 3`, `line 2`."
    )


class GenerateRequest(Message):
    """Let the model answer a prompt, token by token."""

    kind: Literal["generate"] = "generate"
    model: Name
    prompt: Text
    max_new_tokens: int = Field(default=256, ge=1, le=MAX_TOKENS)
    sampling: Sampling = Sampling()
    stop: StopSequences = Field(
        default=[],
        description="The answer ends as soon as its text holds one of these. A token that begins at or after the beginning of the "
        "sequence isn't part of the answer; one that begins before it is, as a whole.",
    )
    chat: ChatMode = "auto"
    thinking: bool = Field(
        default=False, description="Whether the model is to think first, where its chat template can tell it to."
    )
    alternatives: int = Field(default=5, ge=0, le=20, description="How many of the most likely tokens to tell of each.")
    origin: RunOrigin | None = Field(default=None, description="Kept with the run; the model service isn't told.")
    title: Annotated[str, StringConstraints(max_length=MAX_NAME)] = Field(
        default="", description="The run's name in the history; the model service isn't told."
    )


class ScoreRequest(Message):
    """Ask how likely a given text is after a prompt: what the model would have to say, token by token.

    Answered by the same events as a `GenerateRequest`; the answer's `reason` is `given`. Prompt and target are tokenized
    apart, as a prompt and its answer are.
    """

    kind: Literal["score"] = "score"
    model: Name
    prompt: Text
    target: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    chat: ChatMode = "auto"
    thinking: bool = Field(
        default=False, description="Whether the model is to think first, where its chat template can tell it to."
    )
    alternatives: int = Field(default=5, ge=0, le=20, description="How many of the most likely tokens to tell of each.")
    origin: RunOrigin | None = Field(default=None, description="Kept with the run; the model service isn't told.")


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


Instead = Annotated[
    Annotated[list[TokenId], Field(fail_fast=True)] | None,
    Field(
        min_length=1,
        max_length=MAX_TOKENS,
        description="Another text in the target's place, B: what is explained is then why the target, A, rather than B, that is "
        "the log-probability of A less that of B. Of the sequence, only what stands before the target is then scored.",
    ),
]
"""The other half of a contrastive target (Yin and Neubig 2022)."""


class Integration(Message):
    """How integrated gradients walk from a baseline to the prompt's embeddings."""

    baseline: Literal["zero", "mean"] = Field(
        default="zero",
        description="Embeddings to begin with: next to zero, a hundredth of each (at zero itself models with RMS normalisation "
        "jump), or the vocabulary's mean.",
    )
    steps: int = Field(
        default=32,
        ge=8,
        le=1_024,
        description="Points on the way at first, in eights; up to four times as many where the loss is rough.",
    )


class SalienceRequest(Message):
    """Score every token by its influence on each target span.

    The ids are those of the whole sequence exactly as they were tokenized and generated; nothing is tokenized again.
    Each target is answered by one `scores` event a method, in the order of `targets`; equal ones are answered once.
    """

    kind: Literal["salience"] = "salience"
    model: Name
    ids: TokenIds = Field(min_length=2, max_length=MAX_TOKENS)
    targets: Annotated[list[Span], Field(fail_fast=True)] = Field(min_length=1, max_length=MAX_TARGETS)
    methods: list[Method] = Field(default=["grad_l2", "grad_dot_input"], min_length=1, max_length=3)
    integration: Integration = Integration()
    instead: Instead = None

    @model_validator(mode="after")
    def _within(self) -> SalienceRequest:
        for span in self.targets:
            _check_target(span, self.ids)
        if self.instead is not None and len(self.targets) != 1:
            raise ValueError("what stands instead of a target needs exactly one target")
        return self


class _SegmentsRequest(Message):
    """Base of what takes segments of a sequence away and reads the target's probability."""

    model: Name
    ids: TokenIds = Field(min_length=2, max_length=MAX_TOKENS)
    target: Span
    segments: Annotated[list[Span], Field(fail_fast=True)] = Field(
        min_length=1,
        max_length=MAX_SEGMENTS,
        description="What is taken away, each as a whole: in order, apart from each other, and before the target. "
        "Tokens in none of them always stay.",
    )
    mode: AblationMode = "remove"
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="The same seed gives the same numbers.")
    instead: Instead = None

    @model_validator(mode="after")
    def _in_place(self) -> _SegmentsRequest:
        _check_target(self.target, self.ids)
        end = 0
        for segment in self.segments:
            if segment.start < end or segment.end > self.target.start:
                raise ValueError(
                    f"segment [{segment.start}, {segment.end}) must lie behind the one before it and before the target"
                )
            end = segment.end
        if self.segments[0].start == 0 and self.segments[-1].end == self.target.start:
            covered = sum(segment.end - segment.start for segment in self.segments)
            if covered == self.target.start:
                raise ValueError("one token before the target must lie in no segment: the model needs a beginning")
        return self


class AblationRequest(_SegmentsRequest):
    """Score segments by what taking them away does to the target's probability.

    Answered by `progress` events and one `segment_scores` event.
    """

    kind: Literal["ablation"] = "ablation"
    method: AblationMethod
    samples: int | None = Field(
        default=None,
        ge=1,
        le=MAX_SAMPLES,
        description="Sets of segments to try; LIME and SHAP. None: the method's own.",
    )


class TrustRequest(_SegmentsRequest):
    """Test a map: does taking away what it ranks first really take the target's probability away?

    Answered by `progress` events, one `curve` event for each curve as it is done, and one `trust` event.
    """

    kind: Literal["trust"] = "trust"
    scores: Annotated[list[float], Field(fail_fast=True)] = Field(
        max_length=MAX_SEGMENTS,
        description="<float>[num_segments]: the map, turned so that the highest is what most makes the target likely (gradient "
        "times input and integrated gradients are of the loss: their opposite). Segments are ranked by it, highest first.",
    )
    method: Method | None = Field(
        default=None, description="The gradient method that made the map, whose stability is tested; None: not tested."
    )
    orders: int = Field(default=5, ge=1, le=50, description="Random orders to compare with.")
    jitters: int = Field(default=4, ge=0, le=50, description="Maps under noise.")
    noise: float = Field(
        default=0.05, gt=0, le=1, description="Standard deviation of the noise, in parts of each embedding's own."
    )

    @model_validator(mode="after")
    def _as_many(self) -> TrustRequest:
        if len(self.scores) != len(self.segments):
            raise ValueError(f"{len(self.segments)} segments need as many scores, not {len(self.scores)}")
        return self


class LitAppRequest(Message):
    """Make LIT's own app ready: the service started, a model loaded, LIT imported."""

    kind: Literal["lit_app"] = "lit_app"
    model: Name
    max_new_tokens: int = Field(default=256, ge=1, le=MAX_TOKENS, description="Of the answers that LIT asks for.")
    chat: ChatMode = "auto"


JobRequest = Annotated[
    GenerateRequest | ScoreRequest | SalienceRequest | AblationRequest | TrustRequest | LitAppRequest,
    Field(discriminator="kind"),
]
"""What can be asked for as a job. The model service answers each kind at the path of its name, such as `/salience`."""

JobKind = Literal["generate", "score", "salience", "ablation", "trust", "lit_app"]
"""The kinds of `JobRequest`."""


class EstimateRequest(Message):
    """Ask what a job would cost."""

    request: SalienceRequest | AblationRequest | TrustRequest = Field(discriminator="kind")


class Estimate(Message):
    """What a job would cost."""

    passes: int = Field(description="Passes through the model; a gradient counts as two.")
    seconds: float | None = Field(description="As fast as this model was so far; None before its first pass.")


class JobInfo(Message):
    """A job: work that goes on when the tab closes."""

    id: str
    kind: JobKind
    state: Literal["running", "done", "failed", "cancelled"]
    created: float = Field(description="Seconds since the epoch.")


class JobsResponse(Message):
    """The caller's jobs, newest first."""

    jobs: list[JobInfo]
