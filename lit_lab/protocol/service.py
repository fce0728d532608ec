"""The model service's state, as the Jupyter server tells it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lit_lab.protocol.base import Action, Message, ServiceState, SetupState
from lit_lab.protocol.history import HistoryStatus
from lit_lab.protocol.models import ModelInfo


class Arithmetic(Message):
    """What a model service computes in: set by LIT Lab alone, whatever the user's own Keras is configured to."""

    backend: str = Field(description="What Keras runs on.")
    floatx: str = Field(description="What Keras takes for numbers of which nothing else is said.")
    policy: str = Field(description="What its layers compute in unless a model says otherwise.")
    epsilon: float
    image_data_format: str
    error: float = Field(
        description="How far a product of float32 matrices is off, as a part of its largest entry: measured at the start."
    )


class ServiceStatus(Message):
    """The model service, as the Jupyter server sees it."""

    state: ServiceState
    detail: str = Field(default="", description="What it is doing, or why it failed, in words for the user.")
    hint: str = Field(default="", description="What the user can do about a failure.")
    error: str = Field(default="", description="Why it failed, as a short stable code.")
    since: float = Field(description="When this state began, in seconds since the epoch.")
    pid: int | None = Field(default=None, description="Process id, when the service is a child of this server.")
    restarts: int = Field(default=0, description="Restarts after a crash since the last time it was ready.")
    version: str | None = Field(default=None, description="Version of lit_lab that the service runs.")
    arithmetic: Arithmetic | None = Field(default=None, description="What it computes in, once it is ready.")


class SetupStatus(Message):
    """The making of an environment of its own for the model service."""

    state: SetupState
    wanted: bool = Field(description="Whether it would help with why the service failed.")
    step: str = Field(default="", description="What is being done.")
    line: str = Field(default="", description="What was written last: by pip, for the most part.")
    done: int | None = Field(default=None, description="Bytes of the present download, where they are known.")
    total: int | None = Field(default=None, description="Bytes that the present download has.")
    since: float = Field(description="When this state began, in seconds since the epoch.")
    message: str = Field(default="", description="Why it failed.")
    hint: str = Field(default="", description="What the user can do about that.")


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
    history: HistoryStatus
    allowed: list[Action] = Field(
        default_factory=list,
        description="What the server's authorizer allows the caller to do with the resource `lit-lab`.",
    )
    setup: SetupStatus | None = Field(
        default=None,
        description="None: the service's Python is configured, or it runs elsewhere, so there is nothing to set up.",
    )


class LogResponse(Message):
    """The last lines that the model service wrote."""

    lines: list[str]


class ServiceHealth(Message):
    """`GET /health` of the model service, which it answers while it starts, too."""

    state: Literal["starting", "ready", "failed"]
    detail: str = Field(
        default="", description="What it is doing, in words for the user; empty when it has nothing to do."
    )
    version: str = Field(description="Version of lit_lab that the service runs.")
    arithmetic: Arithmetic | None = Field(default=None, description="What it computes in, once that is known.")
    models: list[ModelInfo]
