"""What the Jupyter server and a model service that starts tell each other, a line of JSON each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lit_lab.protocol.base import Backend, ErrorBody, Message, Precision
from lit_lab.protocol.models import KaggleLogin
from lit_lab.protocol.service import Arithmetic


class ModelAsked(Message):
    """A model as one process of the service had it, for the process that follows."""

    name: str
    precision: Precision | None = Field(default=None, description="As the user chose; None: as configured.")
    max_length: int | None = Field(default=None, ge=2, description="As the user chose, in tokens; None: as configured.")
    load: bool = Field(description="Whether it was loaded.")


class ServiceConfig(Message):
    """What the model service reads, as one line of JSON, from its standard input.

    Standard input then stays open: when it closes, whoever started the service is gone, and the service ends itself.
    """

    secret: str = Field(min_length=16, description="Every request carries it: `Authorization: Bearer <secret>`.")
    models: list[str] = Field(
        min_length=1, description="`name:path`, as LIT writes it; the first is the default, loaded at once."
    )
    asked: list[ModelAsked] = Field(
        default=[], description="Models as the process before had them; empty: the default is loaded, as configured."
    )
    added: list[str] = Field(default=[], description="Names of those that were added in the panel.")
    datasets: dict[str, str] = Field(default={}, description="LIT dataset classes as `module:Class`, by name.")
    max_length: int | None = Field(
        default=None, ge=2, description="Window in tokens; None: as many as fit, up to what each model was trained for."
    )
    threads: int | None = Field(default=None, ge=1, description="Most threads for arithmetic; None: all cores but one.")
    memory_limit: int | None = Field(default=None, ge=1, description="Most bytes of memory; None: no limit.")
    backend: Backend = Field(default="tensorflow", description="What Keras runs on.")
    precision: Precision = Field(default="auto", description="What models are loaded in unless the user chooses.")
    model_idle_timeout: float = Field(
        default=0.0, ge=0, description="Seconds after which an unused model goes; 0: never."
    )
    scanners: list[str] = Field(
        default=[], description="Programs whose models are looked for, as `c.LitLab.model_scanners`."
    )
    model_folders: list[str] = Field(default=[], description="Other folders of models, as `c.LitLab.model_folders`.")
    cache: str | None = Field(default=None, description="Folder for what is unpacked; None: a temporary one.")
    kaggle: KaggleLogin | None = Field(default=None, description="Credentials from the panel.", repr=False)
    socket: str | None = Field(
        default=None, description="Path of the Unix socket to listen on, if it can be made; None: a port of loopback."
    )
    max_waiting: int = Field(default=512, ge=1, description="Most computations that wait for one model.")


class ProgressLine(Message):
    """What the service is doing while it starts."""

    event: Literal["progress"] = "progress"
    message: str


class ListeningLine(Message):
    """The service answers HTTP on this loopback port, or this socket; requests that need a model wait until it is ready."""

    event: Literal["listening"] = "listening"
    port: int = Field(default=0, description="0: none, but the socket.")
    socket: str = Field(default="", description="Path of a Unix socket; empty: none, but the port.")
    host: Literal["127.0.0.1", "::1"] = Field(default="127.0.0.1", description="IPv6's where there is no other.")
    version: str


class ReadyLine(Message):
    """Libraries are imported; models can be used."""

    event: Literal["ready"] = "ready"
    arithmetic: Arithmetic | None = Field(default=None, description="What the service computes in.")


class FailedLine(ErrorBody):
    """The service can't start; it ends after this line."""

    event: Literal["failed"] = "failed"


class LeftoverLine(Message):
    """Unloaded models have left something in memory, and the service is at rest: a new process would need less."""

    event: Literal["leftover"] = "leftover"
    models: list[ModelAsked] | None = Field(
        description="Models of the new process; None: no new process is needed now."
    )


ServiceLine = Annotated[
    ProgressLine | ListeningLine | ReadyLine | FailedLine | LeftoverLine, Field(discriminator="event")
]
"""One line of the service's standard output. Its log goes to standard error."""
