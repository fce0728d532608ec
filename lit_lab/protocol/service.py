"""The model service's state, as the Jupyter server tells it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lit_lab.protocol.base import Action, Message, ServiceState, SetupState
from lit_lab.protocol.history import HistoryStatus
from lit_lab.protocol.models import ModelInfo


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
    models: list[ModelInfo]
