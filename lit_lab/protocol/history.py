"""Earlier runs that the server stores."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from lit_lab.protocol.base import MAX_NAME, ChatUse, Message, Name, Removal
from lit_lab.protocol.events import AnswerToken, EffectsEvent, Reason, ScoresEvent, SegmentScoresEvent
from lit_lab.protocol.explanations import Span, TextSpan
from lit_lab.protocol.models import ModelTerms
from lit_lab.protocol.requests import RunOrigin
from lit_lab.protocol.tokens import Token, TurnSpans
from lit_lab.protocol.turns import SystemUse, Turn

Partial = Literal["stopped", "broke_off"]
"""Why a run has no complete answer: its user stopped it, or something failed."""


class HistoryStatus(Message):
    """Whether the server stores runs."""

    enabled: bool
    message: str = Field(
        default="",
        description="What is or was wrong with the history, and how many results wait to be stored, in words for the "
        "user.",
    )
    hint: str = ""


class KeptScores(Message):
    """Scores of a run, as they were computed."""

    mode: Removal | None = Field(default=None, description="For an ablation method.")
    event: Annotated[ScoresEvent | SegmentScoresEvent, Field(discriminator="event")]


class KeptEffects(Message):
    """The events of an `EffectsRequest`, with the request's fields that say what they mean."""

    segments: Annotated[list[TextSpan], Field(fail_fast=True)]
    answer_segments: Annotated[list[Span], Field(fail_fast=True)] = Field(default=[])
    held_out: int = Field(ge=0)
    seed: int
    events: Annotated[list[EffectsEvent], Field(fail_fast=True)]


class RunInfo(Message):
    """A run, as the history lists it."""

    id: str
    created: float = Field(description="Seconds since the epoch.")
    model: Name
    origin: RunOrigin | None
    title: str = Field(description="The user's name for the run. Empty: none.")
    starred: bool
    prompt: str = Field(description="The beginning of the prompt.")
    prompt_end: str = Field(default="", description="The end of the prompt. Empty: `prompt` is all of it.")
    answer: str = Field(description="The beginning of the answer.")
    answer_end: str = Field(default="", description="The end of the answer. Empty: `answer` is all of it.")
    scores: int = Field(description="Number of combinations of target and method that the run has scores for.")
    forced_answer: bool = Field(
        default=False, description="Whether the answer is a forced one: the user's text instead of the model's own."
    )
    partial: Partial | None = Field(default=None, description="Why the answer isn't complete. None: it is.")
    num_turns: int = Field(default=0, ge=0, description="Number of the conversation's turns. 0: the prompt is a text.")


class RunSampling(Message):
    """How a run's tokens were chosen. The fields are those of `Sampling`."""

    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int
    repetition_penalty: float = 1.0


class RunRecord(Message):
    """A run with everything that is needed to show it again without the model."""

    id: str
    created: float = Field(description="Seconds since the epoch.")
    model: Name
    origin: RunOrigin | None = None
    title: str = ""
    starred: bool = False
    prompt: str = Field(
        description="The prompt as text. Of a conversation, each turn after a line that names its role."
    )
    turns: Annotated[list[Turn], Field(fail_fast=True)] = Field(
        default=[], description="The conversation that the prompt is. Empty: it is a text."
    )
    turn_spans: TurnSpans = Field(default=[])
    system: SystemUse | None = Field(
        default=None, description="Where the chat format put the conversation's system turns; see `PromptEvent`."
    )
    answer: str
    sampling: RunSampling
    stop: list[str] = Field(default=[], description="The run's stop sequences.")
    chat: ChatUse = "plain"
    thinking: bool = Field(default=False, description="Whether the model was instructed to think first.")
    terms: ModelTerms | None = Field(
        default=None, description="The terms that its model is provided under; exports name them."
    )
    prompt_tokens: Annotated[list[Token], Field(fail_fast=True)]
    answer_tokens: Annotated[list[AnswerToken], Field(fail_fast=True)]
    reason: Reason | None = Field(
        description="`forced_answer`: the user supplied the answer. None: the run was stopped, or failed."
    )
    stopped_at: str | None = Field(
        default=None, description="The item of `stop` that ended the answer, if the reason is `stop`."
    )
    partial: Partial | None = Field(
        default=None,
        description="Why the answer isn't complete. None: it is, or an earlier version of LIT Lab didn't store this.",
    )
    seconds: float | None
    first_seconds: float | None = None
    scores: Annotated[list[KeptScores], Field(fail_fast=True)] = Field(default=[])
    effects: Annotated[list[KeptEffects], Field(fail_fast=True)] = Field(
        default=[], description="One for each job. Jobs of the same segments continue each other."
    )


class RunsRequest(Message):
    """Search the runs."""

    search: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="Words that must all occur in the prompt, answer, title, document or model."
    )
    document: Annotated[str, StringConstraints(max_length=4096)] | None = Field(
        default=None, description="Only runs whose prompts come from this document."
    )
    starred: bool = Field(default=False, description="Only runs with a star.")
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=50, ge=1, le=200)


class RunsResponse(Message):
    """Runs, newest first. They include each run whose job has already sent its last event."""

    runs: list[RunInfo]
    total: int = Field(description="The number of runs found, including those not in `runs`.")
    documents: list[str] = Field(description="The documents that prompts of any of the runs came from.")


class RunChange(Message):
    """Rename or star a run. Fields that are None don't change."""

    title: Annotated[str, StringConstraints(max_length=MAX_NAME)] | None = None
    starred: bool | None = None


class RunsDeleted(Message):
    """The number of deleted runs."""

    deleted: int
