"""Jobs for a model: the requests, their estimated cost, and the jobs themselves."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from lit_lab.protocol.base import (
    MAX_NAME,
    MAX_STOP,
    MAX_STOPS,
    MAX_TEXT,
    MAX_TOKENS,
    ChatMode,
    Message,
    Name,
)
from lit_lab.protocol.explanations import AblationRequest, EffectsRequest, FaithfulnessRequest, SalienceRequest
from lit_lab.protocol.turns import PromptRequest


class Sampling(Message):
    """How the next token is chosen. At temperature 0 it is the most likely one (greedy)."""

    temperature: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="0: greedy; of the other fields, only the repetition penalty then has an effect.",
    )
    top_k: int | None = Field(
        default=None, ge=1, le=MAX_TOKENS, description="Choose only among the K most likely tokens."
    )
    top_p: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="Choose only among the most likely tokens whose probabilities together reach P.",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1, description="The same seed gives the same answer.")
    repetition_penalty: float = Field(
        default=1.0,
        ge=1,
        le=2,
        description="If the prompt, its template or the answer so far contains a token, its logit is divided by this "
        "value if positive, and multiplied by it if negative, before the temperature applies. 1: no penalty.",
    )


StopSequences = Annotated[
    Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=MAX_STOP)]],
        Field(max_length=MAX_STOPS, fail_fast=True),
    ],
    AfterValidator(lambda stop: list(dict.fromkeys(stop))),
]
"""Texts that end an answer, without duplicates."""


class RunOrigin(Message):
    """Where a prompt came from, in words, as the panel shows it."""

    document: Annotated[str, StringConstraints(max_length=4096)] = Field(
        description="The path of the notebook or file, or the name of a dataset."
    )
    place: list[Annotated[str, StringConstraints(max_length=500)]] = Field(
        max_length=20, description="The place in the document, such as `cell 3`, `line 2`."
    )


class GenerateRequest(PromptRequest):
    """Make the model answer a prompt or a conversation, token by token."""

    kind: Literal["generate"] = "generate"
    model: Name
    max_new_tokens: int = Field(default=256, ge=1, le=MAX_TOKENS)
    sampling: Sampling = Sampling()
    stop: StopSequences = Field(
        default=[],
        description="The answer ends as soon as its text contains one of these. A token that begins at or after the "
        "beginning of the stop sequence isn't part of the answer; a token that begins before it is, as a "
        "whole.",
    )
    chat: ChatMode = "auto"
    thinking: bool = Field(
        default=False, description="Whether the model should think first, if its chat template can request that."
    )
    alternatives: int = Field(
        default=5, ge=0, le=20, description="How many of the most likely tokens to return for each token."
    )
    origin: RunOrigin | None = Field(
        default=None, description="Stored with the run, and not sent to the model service."
    )
    title: Annotated[str, StringConstraints(max_length=MAX_NAME)] = Field(
        default="", description="The run's name in the history; not sent to the model service."
    )
    keep: bool = Field(default=True, description="Whether the history stores the run.")


class ScoreRequest(PromptRequest):
    """Compute how likely a forced answer is, token by token: a text that the user supplies in place of the answer.

    The answer consists of the same events as for a `GenerateRequest`, with the `reason` `forced_answer`. Prompt and target
    are tokenized separately, like a prompt and its answer.
    """

    kind: Literal["score"] = "score"
    model: Name
    target: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]
    chat: ChatMode = "auto"
    thinking: bool = Field(
        default=False, description="Whether the model should think first, if its chat template can request that."
    )
    alternatives: int = Field(
        default=5, ge=0, le=20, description="How many of the most likely tokens to return for each token."
    )
    origin: RunOrigin | None = Field(
        default=None, description="Stored with the run, and not sent to the model service."
    )
    keep: bool = Field(default=True, description="Whether the history stores the run.")


class LitAppRequest(Message):
    """Prepare LIT's own app: start the service, load a model, import LIT."""

    kind: Literal["lit_app"] = "lit_app"
    model: Name
    max_new_tokens: int = Field(
        default=256, ge=1, le=MAX_TOKENS, description="The most tokens of the answers that LIT requests."
    )
    chat: ChatMode = "auto"


JobRequest = Annotated[
    GenerateRequest
    | ScoreRequest
    | SalienceRequest
    | AblationRequest
    | EffectsRequest
    | FaithfulnessRequest
    | LitAppRequest,
    Field(discriminator="kind"),
]
"""The requests that can start a job. The model service answers each kind at the path with its name, such as
`/salience`."""

JobKind = Literal["generate", "score", "salience", "ablation", "effects", "faithfulness", "lit_app"]
"""The kinds of `JobRequest`."""


class EstimateRequest(Message):
    """Estimate the cost of a job."""

    request: SalienceRequest | AblationRequest | EffectsRequest | FaithfulnessRequest = Field(discriminator="kind")


class Estimate(Message):
    """The estimated cost of a job."""

    passes: int = Field(description="Passes through the model; a gradient counts as two.")
    seconds: float | None = Field(description="Based on this model's speed so far. None before its first pass.")


class JobInfo(Message):
    """A job: a computation that continues when the tab closes."""

    id: str
    kind: JobKind
    state: Literal["running", "done", "failed", "cancelled"]
    created: float = Field(description="Seconds since the epoch.")


class JobsResponse(Message):
    """The caller's jobs, newest first."""

    jobs: list[JobInfo]
