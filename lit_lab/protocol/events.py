"""The events that a job sends while it runs, one line each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lit_lab.protocol.base import AblationMethod, ChatUse, ComputedPrecision, ErrorBody, Message, Method
from lit_lab.protocol.explanations import Foil, Span
from lit_lab.protocol.models import ModelTerms
from lit_lab.protocol.tokens import Token, TurnSpans
from lit_lab.protocol.turns import SystemUse


class StateEvent(Message):
    """What a job is waiting for or doing, in words for the user."""

    event: Literal["state"] = "state"
    message: str


class RestartedEvent(Message):
    """The model service ended during the job, which has been given to another replica, or to the next process.

    An answer begins again: `prompt` and its tokens come once more, from the first one, and usually are the same. All other
    results remain valid, and don't come again.
    """

    event: Literal["restarted"] = "restarted"
    message: str = Field(description="What happened, in words for the user.")


class PromptEvent(Message):
    """The prompt's tokens, including template tokens. Sent before the first token of the answer."""

    event: Literal["prompt"] = "prompt"
    tokens: list[Token]
    window: int
    chat: ChatUse = "plain"
    thinking: bool = Field(default=False, description="Whether the model was instructed to think first.")
    turn_spans: TurnSpans = Field(default=[])
    system: SystemUse | None = Field(
        default=None,
        description="Where the chat format put the conversation's system turns. `turn`: in turns of their own; `user`: "
        "within a user's turn, because the format has no system turn. None: there are none.",
    )
    terms: ModelTerms | None = Field(
        default=None, description="The terms that the model and its output are provided under."
    )


class Alternative(Message):
    """A token that the model might have generated."""

    id: int
    piece: str
    text: str = Field(description="The token's text after the text before it; `�` if the token is part of a character.")
    logprob: float = Field(le=0, description="Natural logarithm of its probability, before any sampling setting.")


class AnswerToken(Token):
    """A token of the answer, and how sure the model was of it."""

    logprob: float | None = Field(
        default=None, le=0, description="Natural logarithm of its probability, before any sampling setting."
    )
    alternatives: Annotated[list[Alternative], Field(fail_fast=True)] = Field(
        default=[],
        description="The most likely tokens at this position, the most likely first. The token itself may be among them.",
    )


class TokenEvent(Message):
    """One more token of the answer. `text` is empty while a character is incomplete.

    A token that may belong to a stop sequence is sent once it is clear that it is part of the answer.
    """

    event: Literal["token"] = "token"
    token: AnswerToken


Reason = Literal["end", "stop", "length", "window", "forced_answer"]
"""Why an answer ended."""


class AnswerEvent(Message):
    """The complete answer, which replaces the streamed tokens.

    `tokens` belong to the answer's text. They don't include the end-of-sequence token that ended it, nor tokens that
    begin at or after the beginning of a stop sequence.
    """

    event: Literal["answer"] = "answer"
    text: str
    tokens: list[AnswerToken]
    reason: Reason = Field(
        description="`end`: the model ended the answer; `stop`: the answer reached a stop sequence; `length`: it reached "
        "`max_new_tokens`; `window`: the model's window is full; `forced_answer`: the model didn't generate it, but "
        "scored a text that the user supplied (`ScoreRequest`)."
    )
    stopped_at: str | None = Field(
        default=None, description="The stop sequence that ended the answer, if the reason is `stop`."
    )
    seconds: float = Field(description="Duration of the computation.")
    first_seconds: float | None = Field(
        default=None, description="Time from the start of the computation to the first token. None: there was no token."
    )
    reused: int = Field(default=0, description="Tokens of the prompt that the service reused from the run before.")


class ScoresEvent(Message):
    """The scores of one target by one method."""

    event: Literal["scores"] = "scores"
    target: Span
    method: Method
    scores: Annotated[list[float], Field(fail_fast=True)] = Field(
        description="<float32>[num_tokens], one for each id of the request. Unit: nats; of `flow`: shares that add up to 1."
    )
    gap: float | None = Field(
        default=None,
        description="For integrated gradients: how far the scores' sum is from the loss's change, as a fraction of that "
        "change.",
    )
    foil: Foil = None


class ProgressEvent(Message):
    """The progress of a long computation."""

    event: Literal["progress"] = "progress"
    done: int
    total: int


class SegmentScoresEvent(Message):
    """The scores of one target by an ablation method.

    A positive score means that the segment makes the target more likely.
    """

    event: Literal["segment_scores"] = "segment_scores"
    target: Span
    method: AblationMethod
    segments: Annotated[list[Span], Field(fail_fast=True)]
    scores: Annotated[list[float], Field(fail_fast=True)] = Field(
        description="<float>[num_segments]. Unit: nats of the target's log-probability."
    )
    errors: Annotated[list[float], Field(fail_fast=True)] | None = Field(
        description="<float>[num_segments]: the standard error of each score. None: nothing was sampled."
    )
    logprob: float = Field(
        description="The target's log-probability with all segments in place. For a contrastive target, minus that of the "
        "foil."
    )
    passes: int = Field(description="Number of passes through the model.")
    foil: Foil = None
    sets: int | None = Field(
        default=None,
        description="Number of sets of segments that the scores follow from, known and repeated ones among them. None: an "
        "earlier version of LIT Lab didn't say.",
    )
    adaptive: bool = Field(
        default=False,
        description="Whether sets were added until the scores were certain enough, by their standard errors.",
    )


class EffectsEvent(Message):
    """The answer's log-probabilities with sets of segments deleted.

    The first set of a job that names no sets is empty: the prompt as it is.
    """

    event: Literal["effects"] = "effects"
    kind: Literal["one", "held_out", "random", "chosen"] = Field(
        description="`one`: at most one segment is deleted; `held_out`: about half, to measure maps by; `random`: about "
        "half, to fit maps to; `chosen`: those that the request names. Fits must not use held-out sets."
    )
    first: int = Field(ge=0, description="The index of the first of these sets among all; of chosen sets, among these.")
    total: int = Field(ge=1, description="The number of all sets of the request.")
    removed: list[list[int]] = Field(
        description="For each set: the indices of the deleted segments, which count the prompt's segments, then the answer's."
    )
    logprobs: list[list[float | None]] = Field(
        description="<float>[num_sets, num_answer_tokens]: the natural logarithm of each answer token's probability. None: "
        "the token is itself deleted."
    )
    precision: ComputedPrecision | None = Field(
        default=None, description="What these were computed in. None: an earlier version of LIT Lab didn't say."
    )
    difference: float | None = Field(
        default=None,
        ge=0,
        description="If a model in float32 had this computed in bfloat16: the largest difference of a token's log-probability between "
        "the two, in nats, as far as it was checked: for the whole prompt and two random sets.",
    )


class CurvePoint(Message):
    """The target's probability with some of the tokens in place."""

    share: float = Field(
        ge=0, le=1, description="Fraction of the segments' tokens that is removed (for insertion, put in)."
    )
    logprob: float = Field(description="The target's log-probability; for averaged orders, the mean.")


class CurveEvent(Message):
    """One deletion or insertion curve."""

    event: Literal["curve"] = "curve"
    kind: Literal["deletion", "insertion"]
    order: Literal["map", "random", "length"] = Field(
        description="`map`: highest score first; `random`: mean of the random orders and their reverses; `length`: mean "
        "of the length-matched orders, which have in each place a random segment about as long as the map's."
    )
    points: list[CurvePoint]


class FaithfulnessEvent(Message):
    """The results of the test of a map.

    `faithfulness`, `deviation` and `length_adjusted` are fractions of `logprob_range`, from -1 to 1. They are None if
    `logprob_range` is below 0.1 nats: then removing segments doesn't change the target's probability, and no order can be better than another.
    """

    event: Literal["faithfulness"] = "faithfulness"
    target: Span
    effect: float = Field(
        description="The target's log-probability with all segments in place, minus that with none. Unit: nats."
    )
    logprob_range: float = Field(
        ge=0, description="The range of the target's log-probabilities over all curves. Unit: nats."
    )
    faithfulness: float | None = Field(
        description="The area between the map's insertion and deletion curves, minus that of random orders (which is "
        "zero). Above 0: better than chance."
    )
    deviation: float | None = Field(description="Standard deviation of the same area among random orders.")
    length_adjusted: float | None = Field(
        description="The same area of the map, minus that of the length-matched orders: what the map knows besides "
        "length. Also None if no segment has another one of similar length."
    )
    stability: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="Mean rank correlation (Spearman) of the method's map, its scores summed over segments, with its maps "
        "under noise. None: not tested.",
    )
    passes: int = Field(description="Number of passes through the model; a gradient counts as two.")


class DoneEvent(Message):
    """The last event of a job that finished. All its results came before it.

    By the time of a job's last event, whichever it is, the job's run or scores are on their way into the history.
    Every later request to the history waits for them. A client that reads this event and then lists the runs
    therefore finds this one. The only exception is a run that can't be stored yet, because the disk is full or
    another program holds the history's lock: the list then lacks it, and `status` says that it waits.
    """

    event: Literal["done"] = "done"
    seconds: float


class ErrorEvent(ErrorBody):
    """The last event of a job that failed. Earlier events remain valid."""

    event: Literal["error"] = "error"
    status: int = Field(
        default=500,
        description="The status of the HTTP response that would say so: below 500, the request is the reason.",
    )


class CancelledEvent(Message):
    """The last event of a job that the user stopped."""

    event: Literal["cancelled"] = "cancelled"


class HeartbeatEvent(Message):
    """Sent after a while without other events. It isn't part of the replay and has no number."""

    event: Literal["heartbeat"] = "heartbeat"


JobEvent = Annotated[
    StateEvent
    | RestartedEvent
    | PromptEvent
    | TokenEvent
    | AnswerEvent
    | ScoresEvent
    | ProgressEvent
    | SegmentScoresEvent
    | EffectsEvent
    | CurveEvent
    | FaithfulnessEvent
    | DoneEvent
    | ErrorEvent
    | CancelledEvent
    | HeartbeatEvent,
    Field(discriminator="event"),
]
"""One line of `GET jobs/{id}/events`. The Nth line (not counting heartbeats) is event number N, from 0; `?from=N`
replays from there."""
