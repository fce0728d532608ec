"""Earlier runs that the server keeps."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from lit_lab.protocol.base import MAX_NAME, AblationMode, ChatUse, Message, Name
from lit_lab.protocol.events import AnswerToken, Reason, ScoresEvent, SegmentScoresEvent
from lit_lab.protocol.models import ModelTerms
from lit_lab.protocol.requests import RunOrigin
from lit_lab.protocol.tokens import Token

Partial = Literal["stopped", "broke_off"]
"""Why a run has no whole answer: its user stopped it, or something failed."""


class HistoryStatus(Message):
    """Whether runs are kept."""

    enabled: bool
    message: str = Field(
        default="",
        description="What is wrong with the history, or was, and how many results wait to be stored, in words for the user.",
    )
    hint: str = ""


class KeptScores(Message):
    """Scores of a run, as they were computed."""

    mode: AblationMode | None = Field(default=None, description="Of an ablation method.")
    event: Annotated[ScoresEvent | SegmentScoresEvent, Field(discriminator="event")]


class RunInfo(Message):
    """A run, as the history lists it."""

    id: str
    created: float = Field(description="Seconds since the epoch.")
    model: Name
    origin: RunOrigin | None
    title: str = Field(description="The user's name for it; empty: none.")
    starred: bool
    prompt: str = Field(description="Its beginning.")
    answer: str = Field(description="Its beginning.")
    scores: int = Field(description="Number of targets and methods that it has scores of.")
    given: bool = Field(default=False, description="Whether the answer is a text that was given, not the model's own.")
    partial: Partial | None = Field(default=None, description="Why the answer isn't whole. None: it is.")


class RunSampling(Message):
    """How a run's tokens were chosen; the fields are those of `Sampling`."""

    temperature: float
    top_k: int | None
    top_p: float | None
    seed: int
    repetition_penalty: float = 1.0


class RunRecord(Message):
    """A run with everything that is needed to show it again, without the model."""

    id: str
    created: float = Field(description="Seconds since the epoch.")
    model: Name
    origin: RunOrigin | None = None
    title: str = ""
    starred: bool = False
    prompt: str
    answer: str
    sampling: RunSampling
    stop: list[str] = Field(default=[], description="The texts that were to end the answer.")
    chat: ChatUse = "plain"
    thinking: bool = Field(default=False, description="Whether the model was told to think first.")
    terms: ModelTerms | None = Field(
        default=None, description="What its model is provided under; named beside exports."
    )
    prompt_tokens: Annotated[list[Token], Field(fail_fast=True)]
    answer_tokens: Annotated[list[AnswerToken], Field(fail_fast=True)]
    reason: Reason | None = Field(description="`given`: a text that was given. None: it was stopped, or broke off.")
    stopped_at: str | None = Field(default=None, description="Which of `stop` ended the answer, of reason `stop`.")
    partial: Partial | None = Field(
        default=None, description="Why the answer isn't whole. None: it is, or an earlier version didn't tell."
    )
    seconds: float | None
    first_seconds: float | None = None
    scores: Annotated[list[KeptScores], Field(fail_fast=True)] = Field(default=[])


class RunsRequest(Message):
    """Look runs up."""

    search: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="Words that prompt, answer, title, document or model must all hold."
    )
    document: Annotated[str, StringConstraints(max_length=4096)] | None = Field(
        default=None, description="Only runs of prompts from it."
    )
    starred: bool = Field(default=False, description="Only starred ones.")
    offset: int = Field(default=0, ge=0, le=10_000_000)
    limit: int = Field(default=50, ge=1, le=200)


class RunsResponse(Message):
    """Runs, newest first, those among them whose jobs' last events could be read before."""

    runs: list[RunInfo]
    total: int = Field(description="How many there are, listed or not.")
    documents: list[str] = Field(description="Where prompts of any of the runs came from.")


class RunChange(Message):
    """Rename or star a run; what is None stays."""

    title: Annotated[str, StringConstraints(max_length=MAX_NAME)] | None = None
    starred: bool | None = None


class RunsDeleted(Message):
    """How many runs were deleted."""

    deleted: int
