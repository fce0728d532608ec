"""Types of everything that crosses a process.

The browser talks to the Jupyter server, and the Jupyter server to the model service, in these types. They are the
source of `docs/openapi.json` and of the TypeScript types in `src/api/schema.ts` (`make api`).

Spans are half-open `[start, end)`. Token spans count tokens of the whole sequence `template + prompt + template +
answer`, so `<bos>` is token 0.

pydantic takes about 0.1 s to import: import this module on first use, not at server start.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

# Bounds of what a request may hold, whatever the configuration says: they keep one request from taking the server's
# memory. The configuration's own limits (`c.LitLab.max_prompt_chars` and so on) are lower and tell what to do.
MAX_TEXT = 4_000_000
MAX_TOKENS = 1_000_000
MAX_TARGETS = 4_096
MAX_NAME = 200

Name = Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]

Method = Literal["grad_l2", "grad_dot_input"]
"""Salience methods, named as LIT names them (`lit_nlp.examples.prompt_debugging.constants.FieldNames`)."""

ServiceState = Literal["stopped", "starting", "ready", "failed"]
ModelState = Literal["unloaded", "loading", "ready", "failed"]
TokenKind = Literal["text", "control", "template"]


class Message(BaseModel):
    """Base of all types: unknown fields are refused, so that a typing error is told and not ignored."""

    model_config = ConfigDict(extra="forbid")


class ErrorBody(Message):
    """What every failing request answers."""

    error: str = Field(description="A short stable code, such as `prompt_too_long`.")
    message: str = Field(description="What happened, for the person who uses the panel.")
    hint: str = Field(default="", description="What that person can do about it.")


# --- Tokens -----------------------------------------------------------------------------------------------------------


class Token(Message):
    """One token. The texts of all tokens that are not `template` join to exactly the text that was tokenized."""

    id: int
    piece: str = Field(description="The vocabulary's own spelling, such as `▁eggs` or `<0x0A>`.")
    text: str = Field(description="The characters of the text that this token stands for; may be empty.")
    kind: TokenKind = Field(
        description="`template`: added by us (`<bos>`), empty text. `control`: a control token that the user wrote."
    )


class TokensRequest(Message):
    """Ask for the tokens of a prompt and, tokenized apart, of an answer."""

    model: Name
    prompt: Text
    answer: Text = ""


class TokensResponse(Message):
    """The sequence is `prompt + answer`: template tokens are among them, with kind `template`."""

    model: Name
    prompt: list[Token]
    answer: list[Token]
    window: int = Field(description="Most tokens, prompt and answer together, that the model takes here.")


# --- Service and models -----------------------------------------------------------------------------------------------


class ServiceStatus(Message):
    """The model service, as the Jupyter server sees it."""

    state: ServiceState
    detail: str = Field(default="", description="What it is doing, or why it failed, in words for the user.")
    hint: str = Field(default="", description="What the user can do about a failure.")
    since: float = Field(description="When this state began, in seconds since the epoch.")
    pid: int | None = Field(default=None, description="Process id, when the service is a child of this server.")
    restarts: int = Field(default=0, description="Restarts after a crash since the last time it was ready.")
    version: str | None = Field(default=None, description="Version of lit_lab that the service runs.")


class Limits(Message):
    """Configured limits, so that the panel can tell before a request is made."""

    max_prompt_chars: int
    max_new_tokens: int


class Status(Message):
    """`GET status`: what the panel asks for first and then now and then."""

    version: str = Field(description="Version of lit_lab on the Jupyter server.")
    service: ServiceStatus
    default_model: str = Field(description="Empty when unknown: then it is the first of `GET models`.")
    limits: Limits


class LogResponse(Message):
    """The last lines that the model service wrote."""

    lines: list[str]


class ModelInfo(Message):
    """A configured model."""

    name: Name
    path: str = Field(description="Preset name, folder or URL, as in LIT's `name:path`.")
    state: ModelState
    detail: str = Field(default="", description="What is being done, or why loading failed.")
    hint: str = ""
    note: str = Field(default="", description="What users must know of it; such as that it is a demonstration.")
    window: int | None = Field(default=None, description="Most tokens, prompt and answer together. Known once loaded.")
    parameters: int | None = Field(default=None, description="Number of weights. Known once loaded.")


class ModelsResponse(Message):
    """All configured models; the first is the default."""

    models: list[ModelInfo]


class ServiceHealth(Message):
    """`GET /health` of the model service, which it answers while it starts, too."""

    state: Literal["starting", "ready", "failed"]
    detail: str = Field(
        default="", description="What it is doing, in words for the user; empty when it has nothing to do."
    )
    version: str = Field(description="Version of lit_lab that the service runs.")
    models: list[ModelInfo]


# --- Work -------------------------------------------------------------------------------------------------------------


class GenerateRequest(Message):
    """Let the model answer a prompt, greedily, token by token."""

    kind: Literal["generate"] = "generate"
    model: Name
    prompt: Text
    max_new_tokens: int = Field(default=256, ge=1, le=MAX_TOKENS)


class Span(Message):
    """A half-open span of token indices."""

    start: int = Field(ge=0, le=MAX_TOKENS)
    end: int = Field(ge=1, le=MAX_TOKENS)

    @model_validator(mode="after")
    def _in_order(self) -> Span:
        if self.start >= self.end:
            raise ValueError(f"a span needs start < end, not [{self.start}, {self.end})")
        return self


class SalienceRequest(Message):
    """Score every token by its influence on each target span.

    The ids are those of the whole sequence exactly as they were tokenized and generated; nothing is tokenized again.
    Each target is answered by one `scores` event a method, in the order of `targets`.
    """

    kind: Literal["salience"] = "salience"
    model: Name
    ids: list[int] = Field(min_length=2, max_length=MAX_TOKENS)
    targets: list[Span] = Field(min_length=1, max_length=MAX_TARGETS)
    methods: list[Method] = Field(default=["grad_l2", "grad_dot_input"], min_length=1, max_length=2)

    @model_validator(mode="after")
    def _within(self) -> SalienceRequest:
        for span in self.targets:
            # Token 0 is never predicted, so it can't be explained.
            if span.start < 1 or span.end > len(self.ids):
                raise ValueError(f"target [{span.start}, {span.end}) must lie in [1, {len(self.ids)})")
        return self


JobRequest = Annotated[GenerateRequest | SalienceRequest, Field(discriminator="kind")]


class JobInfo(Message):
    """A job: work that goes on when the tab closes."""

    id: str
    kind: Literal["generate", "salience"]
    state: Literal["running", "done", "failed", "cancelled"]
    created: float = Field(description="Seconds since the epoch.")


class JobsResponse(Message):
    """The caller's jobs, newest first."""

    jobs: list[JobInfo]


class StateEvent(Message):
    """What a job is waiting for or doing, in words for the user."""

    event: Literal["state"] = "state"
    message: str


class PromptEvent(Message):
    """The prompt's tokens, template tokens among them; sent before the first answer token."""

    event: Literal["prompt"] = "prompt"
    tokens: list[Token]
    window: int


class TokenEvent(Message):
    """One more token of the answer. `text` is empty while a character is incomplete."""

    event: Literal["token"] = "token"
    token: Token


class AnswerEvent(Message):
    """The complete answer, which replaces what was streamed.

    `tokens` are those that belong to the answer's text; the end-of-sequence token that ended it is not among them.
    """

    event: Literal["answer"] = "answer"
    text: str
    tokens: list[Token]
    reason: Literal["end", "length", "window"] = Field(
        description="`end`: the model ended it; `length`: `max_new_tokens` reached; `window`: the model's window is full."
    )
    seconds: float = Field(description="From the start of the computation to its end.")


class ScoresEvent(Message):
    """One target's scores by one method."""

    event: Literal["scores"] = "scores"
    target: Span
    method: Method
    scores: list[float] = Field(description="<float32>[num_tokens]: one for each id of the request; unit: nats.")


class DoneEvent(Message):
    """The last event of a job that finished."""

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
    | DoneEvent
    | ErrorEvent
    | CancelledEvent
    | HeartbeatEvent,
    Field(discriminator="event"),
]
"""One line of `GET jobs/{id}/events`. The Nth line (heartbeats not counted) is event number N, from 0; `?from=N`
replays from there."""


# --- Datasets ---------------------------------------------------------------------------------------------------------


class DatasetInfo(Message):
    """A dataset of prompts."""

    name: Name
    size: int
    note: str = ""


class DatasetsResponse(Message):
    """All datasets."""

    datasets: list[DatasetInfo]


class DatasetRow(Message):
    """One prompt of a dataset."""

    index: int
    prompt: str
    target: str = ""
    source: str = ""


class DatasetRowsResponse(Message):
    """Rows of a dataset, in its order."""

    name: Name
    rows: list[DatasetRow]


# --- Unicode ----------------------------------------------------------------------------------------------------------


class UnicodeNamesRequest(Message):
    r"""Look up the names of `\N{…}` escapes, as Python does."""

    names: list[Annotated[str, StringConstraints(min_length=1, max_length=MAX_NAME)]] = Field(max_length=1_000)


class UnicodeNamesResponse(Message):
    """The characters of the names that are known; unknown names are left out."""

    characters: dict[str, str]


def describe_validation(errors: list[Any]) -> str:
    """Tell pydantic's errors in one line a person can act on."""
    parts = []
    for error in errors[:3]:
        where = ".".join(str(part) for part in error["loc"]) or "body"
        parts.append(f"{where}: {error['msg']}")
    more = len(errors) - 3
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


# --- Starting the model service ---------------------------------------------------------------------------------------


class ServiceConfig(Message):
    """What the model service reads, as one line of JSON, from its standard input.

    Standard input then stays open: when it closes, whoever started the service is gone, and the service ends itself.
    """

    secret: str = Field(min_length=16, description="Every request carries it: `Authorization: Bearer <secret>`.")
    models: list[str] = Field(
        min_length=1, description="`name:path`, as LIT writes it; the first is the default, loaded at once."
    )
    max_length: int | None = Field(default=None, ge=2, description="Window in tokens; None: the preset's own.")
    threads: int | None = Field(default=None, ge=1, description="Most threads for arithmetic; None: all cores but one.")
    memory_limit: int | None = Field(default=None, ge=1, description="Most bytes of memory; None: no limit.")


class ProgressLine(Message):
    """What the service is doing while it starts."""

    event: Literal["progress"] = "progress"
    message: str


class ListeningLine(Message):
    """The service answers HTTP on this loopback port; requests that need a model wait until it is ready."""

    event: Literal["listening"] = "listening"
    port: int
    version: str


class ReadyLine(Message):
    """Libraries are imported; models can be used."""

    event: Literal["ready"] = "ready"


class FailedLine(ErrorBody):
    """The service can't start; it ends after this line."""

    event: Literal["failed"] = "failed"


ServiceLine = Annotated[ProgressLine | ListeningLine | ReadyLine | FailedLine, Field(discriminator="event")]
"""One line of the service's standard output. Its log goes to standard error."""
