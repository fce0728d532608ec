"""Batches: a prompt or a template over the rows of a dataset."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from lit_lab.protocol.base import ErrorBody, Message, Name
from lit_lab.protocol.datasets import Column, Template
from lit_lab.protocol.requests import Sampling, StopSequences
from lit_lab.protocol.turns import Turn

MAX_BATCH_ROWS_ASKED = 200
MAX_CHECKS = 50
MAX_HEATMAP_ROWS = 200

_MEASURES: tuple[Literal["shares", "effects"], ...] = ("shares", "effects")


class BatchRowsChosen(Message):
    """Which rows of an open dataset a batch takes: those that a search finds, in the dataset's order."""

    search: Annotated[str, StringConstraints(max_length=1000)] = Field(
        default="", description="Words that must all occur in a row. Empty: all rows."
    )
    source: Annotated[str, StringConstraints(max_length=10_000)] | None = Field(
        default=None, description="Only rows with this source."
    )
    first: int | None = Field(default=None, ge=1, le=1_000_000, description="Only this many of them. None: all.")


class BatchSettings(Message):
    """What is computed of each row. With several models or versions of the prompt, each pair makes a batch of its own."""

    models: list[Name] = Field(min_length=1, max_length=2)
    templates: list[Template] = Field(
        default_factory=list,
        max_length=2,
        description="Each makes prompts from columns: `{name}` stands for the column's value. Empty: the column `prompt`.",
    )
    prompt: Column | None = Field(
        default=None, description="The column of prompts. None: the one that the dataset uses."
    )
    target: Column | None = Field(
        default=None, description="The column of targets. None: the one that the dataset uses."
    )
    measures: list[Literal["shares", "effects"]] = Field(
        default_factory=lambda: list(_MEASURES), max_length=2, description="What is computed beside the answer."
    )
    max_new_tokens: int = Field(default=256, ge=1, le=100_000)
    sampling: Sampling = Field(default_factory=Sampling)
    stop: StopSequences = Field(default_factory=list, description="Texts at which an answer ends.")
    chat: Literal["auto", "on", "off"] = "auto"
    thinking: bool = Field(default=False, description="Whether the model thinks first, if it can.")
    checks: list[dict[str, Any]] = Field(
        default_factory=list,
        max_length=MAX_CHECKS,
        description="What is expected of answers, as `expect` in docs/checks.md.",
    )


class BatchRequest(BatchSettings):
    """Run rows of an open dataset. With several models or versions of the prompt, each pair makes a batch of its own."""

    dataset: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        description="The id of an open dataset."
    )
    rows: BatchRowsChosen = Field(default_factory=BatchRowsChosen)


class BatchOrder(BatchSettings):
    """A batch for a shared service: the first line of the request, before a line for each row, `[line, {column: value}]`."""

    name: Annotated[str, StringConstraints(max_length=1000)] = Field(description="The dataset's name.")
    used_prompt: Column | None = Field(default=None, description="The column of prompts that the dataset uses.")
    used_target: Column | None = Field(default=None, description="The column of targets that it uses.")
    used_template: Template | None = Field(default=None, description="The template by which it makes its prompts.")


class BatchCheck(Message):
    """A check over the rows so far."""

    name: str
    passed: int
    rows: int = Field(description="Number of answers that were checked.")


class BatchSampling(Sampling):
    """How a batch's answers are sampled."""


class BatchInfo(Message):
    """A batch of the caller's."""

    id: str
    group: str = Field(description="The same for batches that were started together, to be compared.")
    name: str = Field(description="The dataset's name.")
    model: str
    template: str = Field(description="Its beginning, in a list. Empty: the prompts are a column.")
    prompt: str = Field(description="The column of prompts. Empty: there is a template.")
    measures: list[Literal["shares", "effects"]]
    max_new_tokens: int
    sampling: BatchSampling
    stop: list[str]
    chat: Literal["auto", "on", "off"]
    thinking: bool
    created: float = Field(description="Seconds since 1970.")
    state: Literal["waiting", "running", "stopped", "done", "failed"] = Field(
        description="`stopped`: by the user, or because the server ended; it can go on. `failed`: `error` says why; it can go on."
    )
    error: ErrorBody | None = None
    total: int = Field(description="Number of rows.")
    done: int = Field(description="Number of rows that have a record, failed ones among them.")
    failed: int = Field(description="Number of rows that failed. They are tried again when the batch goes on.")
    checks: list[BatchCheck]
    noise: Literal["none", "running", "done", "failed"] = Field(
        description="Whether it is known which sentences of the template do nothing."
    )
    noise_message: str = Field(default="", description="How far that is, or why it failed.")
    expires: float | None = Field(
        default=None,
        description="When it is deleted unless another row is computed before, in seconds since 1970. None: not by itself.",
    )


class BatchesResponse(Message):
    """The caller's batches, the newest first."""

    batches: list[BatchInfo]
    unlisted: ErrorBody | None = Field(
        default=None, description="Why those at the shared service aren't in the list. None: all of them are."
    )


class BatchDeleted(Message):
    """A batch was deleted, with its folder."""

    id: str


class BatchRowsRequest(Message):
    """Some of a batch's rows."""

    offset: int = Field(default=0, ge=0, le=100_000_000)
    limit: int = Field(default=100, ge=1, le=MAX_BATCH_ROWS_ASKED)
    only: Literal["all", "failed", "unexpected"] = Field(
        default="all", description="`failed`: rows with an error; `unexpected`: answers that didn't pass a check."
    )
    other: Annotated[str, StringConstraints(max_length=100)] | None = Field(
        default=None,
        description="The id of a batch over the same rows, to compare with: what changed sides comes first.",
    )


class BatchCheckResult(Message):
    """A check of one answer."""

    name: str
    passed: bool
    message: str


class BatchAnswer(Message):
    """What came of a row in one batch."""

    answer: str
    reason: str = Field(description="Why the answer ended, such as `stop`. Empty: there is none.")
    error: str = Field(description="Why the row failed. Empty: it didn't.")
    logprob: float | None = Field(description="The answer's log-probability, in nats.")
    checks: list[BatchCheckResult]
    strongest: str = Field(
        description="The part of the prompt that matters most, by effect, else by share. Empty: unknown."
    )


class BatchRow(Message):
    """A row of a batch, as a table shows it."""

    row: int = Field(description="Its number in the batch, from 0.")
    line: int = Field(description="The line where it begins in the dataset's file; 0: it was added in the browser.")
    prompt: str = Field(description="The prompt's beginning.")
    target: str
    found: BatchAnswer | None = Field(description="None: it isn't computed yet.")
    other: BatchAnswer | None = Field(default=None, description="The same row of the other batch.")
    change: Literal["", "fixed", "broken", "answer"] = Field(
        default="",
        description="From this batch to the other one: it passes now, it fails now, or only the answer differs.",
    )


class BatchRowsPage(Message):
    """Some of a batch's rows, in order."""

    rows: list[BatchRow]
    total: int = Field(description="Number of rows that `only` leaves.")
    fixed: int = 0
    broken: int = 0
    answer: int = 0


class BatchRowPart(Message):
    """A part of a row's prompt."""

    id: str
    text: str
    start: int
    share: float | None = Field(description="Its share of the gradient, from 0 to 1. None: not computed.")
    effect: float | None = Field(
        description="By how much the answer's log-probability falls without it, in nats. None: not computed."
    )


class BatchFullRow(Message):
    """A row with all that a run needs: its prompt or its turns, and its answer."""

    row: int
    line: int
    prompt: str
    turns: list[Turn]
    target: str
    answer: str
    reason: str
    error: str
    parts: list[BatchRowPart]
    checks: list[BatchCheckResult]


class BatchPart(Message):
    """A part of the template over all rows."""

    id: str
    text: str
    rows: int
    effect: float | None = Field(description="Mean effect for each token of the answer, in nats. None: not computed.")
    low: float | None = Field(description="Lower end of its 95% interval.")
    high: float | None
    share: float | None = Field(description="Mean share. None: not computed.")
    outliers: list[int] = Field(description="Rows in which its effect differs most from its median.")
    nothing: bool | None = Field(description="Whether it does nothing. None: unknown.")
    cells: list[float | None] = Field(
        description="For each of `rows` of the response, its effect for each token of the answer, else its share."
    )


class BatchParts(Message):
    """What matters over rows: parts of the template, the strongest first."""

    parts: list[BatchPart]
    kind: Literal["effect", "share", "none"] = Field(description="What `cells` has.")
    rows: list[int] = Field(description="The rows of the heatmap, evenly spread.")
    reason: str = Field(description="Why there are no parts, in a sentence. Empty: there are some.")


class BatchNoiseRequest(Message):
    """Find which sentences of a template do nothing."""

    rows: int = Field(default=20, ge=1, le=1000, description="In how many rows inert sentences are inserted.")
