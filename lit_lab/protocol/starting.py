"""What the Jupyter server and a starting model service send each other, one line of JSON each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lit_lab.protocol.base import Backend, ErrorBody, Message, Precision
from lit_lab.protocol.models import KaggleLogin
from lit_lab.protocol.service import Arithmetic
from lit_lab.protocol.sharing import Sharing


class ModelAsked(Message):
    """A model as one process of the service had it, for the next process."""

    name: str
    precision: Precision | None = Field(default=None, description="The user's choice. None: as configured.")
    max_length: int | None = Field(default=None, ge=2, description="The user's choice, in tokens. None: as configured.")
    load: bool = Field(description="Whether it was loaded.")


class ServiceConfig(Message):
    """The configuration that the model service reads from standard input, as one line of JSON.

    Standard input then stays open. When it closes, the process that started the service has gone, and the service
    ends itself.
    """

    secret: str = Field(min_length=16, description="Every request carries it: `Authorization: Bearer <secret>`.")
    models: list[str] = Field(
        min_length=1, description="`name:path`, as in LIT. The first is the default, and is loaded at once."
    )
    asked: list[ModelAsked] = Field(
        default=[], description="Models as the previous process had them. Empty: the default is loaded, as configured."
    )
    added: list[str] = Field(default=[], description="Names of the models that were added in the panel.")
    datasets: dict[str, str] = Field(default={}, description="LIT dataset classes as `module:Class`, by name.")
    max_length: int | None = Field(
        default=None, ge=2, description="Window in tokens. None: as many as fit, up to what each model was trained for."
    )
    threads: int | None = Field(
        default=None, ge=1, description="The most threads for arithmetic. None: all cores but one."
    )
    memory_limit: int | None = Field(default=None, ge=1, description="The most bytes of memory. None: no limit.")
    backend: Backend = Field(default="tensorflow", description="The library that Keras computes with.")
    precision: Precision = Field(
        default="auto", description="The number format that models are loaded in unless the user chooses another one."
    )
    model_idle_timeout: float = Field(
        default=0.0, ge=0, description="Seconds after which an unused model is unloaded. 0: never."
    )
    scanners: list[str] = Field(
        default=[], description="Programs whose models the service looks for, as in `c.LitLab.model_scanners`."
    )
    model_folders: list[str] = Field(default=[], description="Other folders of models, as in `c.LitLab.model_folders`.")
    cache: str | None = Field(default=None, description="Folder for unpacked archives. None: a temporary one.")
    kaggle: KaggleLogin | None = Field(default=None, description="Credentials from the panel.", repr=False)
    socket: str | None = Field(
        default=None, description="Path of the Unix socket to listen on, if it can be created. None: a loopback port."
    )
    max_waiting: int = Field(default=512, ge=1, description="The most computations that wait for one model.")
    pass_cache_bytes: int | None = Field(
        default=None,
        ge=0,
        description="The most bytes of forward passes that a model caches. None: the latest two passes.",
    )
    kv_cache_bytes: int | None = Field(
        default=None,
        ge=0,
        description="The most bytes of keys and values that a model caches. None: the latest sequence's.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="`json`: each line of the log is an object, for what collects logs."
    )
    sharing: Sharing | None = Field(
        default=None, description="None: the service belongs to the Jupyter server that starts it."
    )


class ProgressLine(Message):
    """What the service is doing while it starts."""

    event: Literal["progress"] = "progress"
    message: str


class ListeningLine(Message):
    """The service answers HTTP on this loopback port or this socket.

    Requests that need a model wait until it is ready.
    """

    event: Literal["listening"] = "listening"
    port: int = Field(default=0, description="0: none; the service uses the socket.")
    socket: str = Field(default="", description="Path of a Unix socket. Empty: none; the service uses the port.")
    host: Literal["127.0.0.1", "::1"] = Field(
        default="127.0.0.1", description="The IPv6 address if there is no IPv4 loopback."
    )
    version: str


class ReadyLine(Message):
    """The libraries are imported, and models can be used."""

    event: Literal["ready"] = "ready"
    arithmetic: Arithmetic | None = Field(default=None, description="How the service computes.")


class FailedLine(ErrorBody):
    """The service can't start. It ends after this line."""

    event: Literal["failed"] = "failed"


class LeftoverLine(Message):
    """Unloaded models have left something in memory, and the service is idle: a new process would need less memory."""

    event: Literal["leftover"] = "leftover"
    models: list[ModelAsked] | None = Field(
        description="Models of the new process. None: no new process is needed now."
    )


ServiceLine = Annotated[
    ProgressLine | ListeningLine | ReadyLine | FailedLine | LeftoverLine, Field(discriminator="event")
]
"""One line of the service's standard output. Its log goes to standard error."""
