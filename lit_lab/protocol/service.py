"""The model service's state, as the Jupyter server reports it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from lit_lab.protocol.base import Action, Message, ServiceState, SetupState
from lit_lab.protocol.history import HistoryStatus
from lit_lab.protocol.models import ModelInfo
from lit_lab.protocol.versions import ProtocolRange


class Arithmetic(Message):
    """How a model service computes. Only LIT Lab sets this, whatever the user's own Keras configuration."""

    backend: str = Field(description="The library that Keras computes with.")
    floatx: str = Field(description="Keras's default number format.")
    policy: str = Field(description="The number format that layers compute in unless a model sets another one.")
    epsilon: float
    image_data_format: str
    error: float = Field(
        description="The error of a product of float32 matrices, as a fraction of its largest entry, measured at the "
        "start."
    )


class ServiceStatus(Message):
    """The model service, as the Jupyter server sees it."""

    state: ServiceState
    detail: str = Field(default="", description="What the service is doing, or why it failed, in words for the user.")
    hint: str = Field(default="", description="What the user can do about a failure.")
    error: str = Field(default="", description="Why it failed, as a short, stable code.")
    since: float = Field(description="When this state began, in seconds since the epoch.")
    pid: int | None = Field(default=None, description="Process id, if the service is a child of this server.")
    restarts: int = Field(default=0, description="Restarts after a crash since the service was last ready.")
    version: str | None = Field(default=None, description="Version of lit_lab that the service runs.")
    arithmetic: Arithmetic | None = Field(default=None, description="How the service computes, once it is ready.")
    shared: bool = Field(
        default=False,
        description="Whether many users share it: its administrator alone changes its models, and LIT's own app isn't there.",
    )


class SetupStatus(Message):
    """The setup of a separate environment for the model service."""

    state: SetupState
    wanted: bool = Field(description="Whether it would fix the reason why the service failed.")
    step: str = Field(default="", description="The current step.")
    line: str = Field(default="", description="The latest line of output, mostly pip's.")
    done: int | None = Field(default=None, description="Bytes of the current download so far, if known.")
    total: int | None = Field(default=None, description="Total bytes of the current download.")
    since: float = Field(description="When this state began, in seconds since the epoch.")
    message: str = Field(default="", description="Why it failed.")
    hint: str = Field(default="", description="What the user can do about that.")


class Limits(Message):
    """Configured limits, so that the panel can check a request before it sends it."""

    max_prompt_chars: int
    max_new_tokens: int


class Status(Message):
    """`GET status`, which the panel requests first and then from time to time."""

    version: str = Field(description="Version of lit_lab on the Jupyter server.")
    service: ServiceStatus
    default_model: str = Field(description="Empty if unknown; the default is then the first of `GET models`.")
    limits: Limits
    history: HistoryStatus
    allowed: list[Action] = Field(
        default_factory=list,
        description="What the server's authorizer allows the caller to do with the resource `lit-lab`.",
    )
    setup: SetupStatus | None = Field(
        default=None,
        description="None: the service's Python is configured, or the service runs elsewhere, so there is nothing to set "
        "up.",
    )


class LogResponse(Message):
    """The last lines that the model service wrote."""

    lines: list[str]


class Readiness(Message):
    """`GET /ready` of a shared model service, for load balancers: status 200 if it is ready, else 503."""

    state: Literal["starting", "loading", "ready", "failed"]


class ServiceHealth(Message):
    """`GET /health` of the model service, which it also answers while it starts."""

    state: Literal["starting", "ready", "failed"]
    detail: str = Field(default="", description="What the service is doing, in words for the user. Empty: nothing.")
    version: str = Field(description="Version of lit_lab that the service runs.")
    arithmetic: Arithmetic | None = Field(default=None, description="How the service computes, once that is known.")
    models: list[ModelInfo]
    protocol: ProtocolRange | None = Field(
        default=None, description="The versions of the protocol that it speaks. None: only that of its own version."
    )
    shared: bool = Field(
        default=False,
        description="Whether many users share the service: then its administrator alone changes its models, and LIT's own "
        "app isn't there.",
    )
    batches: bool = Field(default=False, description="Whether it stores and runs users' batches over datasets.")
