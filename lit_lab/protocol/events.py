"""What a job tells while it runs, one line each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lit_lab.protocol.base import AblationMethod, ChatUse, ErrorBody, Message, Method
from lit_lab.protocol.models import ModelTerms
from lit_lab.protocol.requests import Instead, Span
from lit_lab.protocol.tokens import Token


class StateEvent(Message):
    """What a job is waiting for or doing, in words for the user."""

    event: Literal["state"] = "state"
    message: str


class PromptEvent(Message):
    """The prompt's tokens, template tokens among them; sent before the first answer token."""

    event: Literal["prompt"] = "prompt"
    tokens: list[Token]
    window: int
    chat: ChatUse = "plain"
    thinking: bool = Field(default=False, description="Whether the model was told to think first.")
    terms: ModelTerms | None = Field(default=None, description="What its model, and what that says, is provided under.")


class Alternative(Message):
    """A token that the model might have said."""

    id: int
    piece: str
    text: str = Field(description="As it reads after what came before; `�` where it is part of a character.")
    logprob: float = Field(le=0, description="Natural logarithm of its probability, before any sampling setting.")


class AnswerToken(Token):
    """A token of the answer, and how sure the model was."""

    logprob: float | None = Field(
        default=None, le=0, description="Natural logarithm of its probability, before any sampling setting."
    )
    alternatives: Annotated[list[Alternative], Field(fail_fast=True)] = Field(
        default=[], description="The most likely tokens at this point, the likeliest first; this one may be among them."
    )


class TokenEvent(Message):
    """One more token of the answer. `text` is empty while a character is incomplete.

    One that may belong to a stop sequence is sent once it is known to be part of the answer.
    """

    event: Literal["token"] = "token"
    token: AnswerToken


Reason = Literal["end", "stop", "length", "window", "given"]
"""Why an answer ended."""


class AnswerEvent(Message):
    """The complete answer, which replaces what was streamed.

    `tokens` are those that belong to the answer's text; the end-of-sequence token that ended it is not among them, nor are
    the tokens that begin at or after the beginning of a stop sequence.
    """

    event: Literal["answer"] = "answer"
    text: str
    tokens: list[AnswerToken]
    reason: Reason = Field(
        description="`end`: the model ended it; `stop`: it came to a stop sequence; `length`: `max_new_tokens` reached; "
        "`window`: the model's window is full; `given`: it is no answer of the model's, but a text that was given "
        "(`ScoreRequest`)."
    )
    stopped_at: str | None = Field(default=None, description="The stop sequence that it came to, of reason `stop`.")
    seconds: float = Field(description="From the start of the computation to its end.")
    first_seconds: float | None = Field(default=None, description="From its start to the first token; None: no token.")
    reused: int = Field(default=0, description="Tokens of the prompt that were known from the run before.")


class ScoresEvent(Message):
    """One target's scores by one method."""

    event: Literal["scores"] = "scores"
    target: Span
    method: Method
    scores: Annotated[list[float], Field(fail_fast=True)] = Field(
        description="<float32>[num_tokens]: one for each id of the request; unit: nats."
    )
    gap: float | None = Field(
        default=None,
        description="Integrated gradients: how far the scores' sum is from the loss's change, as a part of the latter.",
    )
    instead: Instead = None


class ProgressEvent(Message):
    """How far a long computation is."""

    event: Literal["progress"] = "progress"
    done: int
    total: int


class SegmentScoresEvent(Message):
    """One target's scores by an ablation method.

    Positive: the segment makes the target more likely.
    """

    event: Literal["segment_scores"] = "segment_scores"
    target: Span
    method: AblationMethod
    segments: Annotated[list[Span], Field(fail_fast=True)]
    scores: Annotated[list[float], Field(fail_fast=True)] = Field(
        description="<float>[num_segments]; unit: nats of the target's log-probability."
    )
    errors: Annotated[list[float], Field(fail_fast=True)] | None = Field(
        description="<float>[num_segments]: standard error of each score; None: nothing was sampled."
    )
    logprob: float = Field(
        description="The target's log-probability with everything in place; less the other's, of a contrastive target."
    )
    passes: int = Field(description="Passes through the model that were made.")
    instead: Instead = None


class CurvePoint(Message):
    """The target's probability with a part of the tokens in place."""

    share: float = Field(
        ge=0, le=1, description="Part of the segments' tokens that was taken away (put in, for insertion)."
    )
    logprob: float = Field(description="The target's log-probability; for averaged orders their mean.")


class CurveEvent(Message):
    """One deletion or insertion curve."""

    event: Literal["curve"] = "curve"
    kind: Literal["deletion", "insertion"]
    order: Literal["map", "random", "length"] = Field(
        description="`map`: highest score first; `random`: mean of the random orders and their reverses; `length`: mean of "
        "the length-matched orders, which have in each place a random segment about as long as the map's."
    )
    points: list[CurvePoint]


class TrustEvent(Message):
    """A map's test in numbers.

    `faithfulness`, `deviation` and `length` are parts of `span`, from -1 to 1. They are None where it is below 0.1 nats:
    nothing that is taken away moves the target, so no order can be better than another.
    """

    event: Literal["trust"] = "trust"
    target: Span
    effect: float = Field(
        description="The target's log-probability with all segments in place, less that with none; nats."
    )
    span: float = Field(ge=0, description="How far apart the target's log-probabilities on all curves lie; nats.")
    faithfulness: float | None = Field(
        description="The area between the insertion and deletion curves of the map, less that of random orders (which is zero). "
        "Above 0: better than chance."
    )
    deviation: float | None = Field(description="Standard deviation of the same area among random orders.")
    length: float | None = Field(
        description="The same area of the map, less that of the length-matched orders: what the map knows besides "
        "length. None, too, where no segment has another of its length."
    )
    stability: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="Mean rank correlation (Spearman) of the method's map, its scores summed over segments, with its maps "
        "under noise; None: not tested.",
    )
    passes: int = Field(description="Passes through the model that were made; a gradient counts as two.")


class DoneEvent(Message):
    """The last event of a job that finished: all its results came before it.

    Its run, or its scores, are on their way into the history by then, whatever the last event is. Every request to the
    history that comes after it waits for that; so what reads this event and then lists the runs finds this one among them.
    Only where it can't be stored yet, since the disk is full or another program holds the history's lock, the list comes
    without it, and `status` says that it waits.
    """

    event: Literal["done"] = "done"
    seconds: float


class ErrorEvent(ErrorBody):
    """The last event of a job that failed. What came before it stays true."""

    event: Literal["error"] = "error"


class CancelledEvent(Message):
    """The last event of a job that was stopped by the user."""

    event: Literal["cancelled"] = "cancelled"


class HeartbeatEvent(Message):
    """Sent when nothing else was for a while; is not part of the replay and has no number."""

    event: Literal["heartbeat"] = "heartbeat"


JobEvent = Annotated[
    StateEvent
    | PromptEvent
    | TokenEvent
    | AnswerEvent
    | ScoresEvent
    | ProgressEvent
    | SegmentScoresEvent
    | CurveEvent
    | TrustEvent
    | DoneEvent
    | ErrorEvent
    | CancelledEvent
    | HeartbeatEvent,
    Field(discriminator="event"),
]
"""One line of `GET jobs/{id}/events`. The Nth line (heartbeats not counted) is event number N, from 0; `?from=N`
replays from there."""
