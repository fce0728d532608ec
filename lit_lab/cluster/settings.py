"""What the replicas are started with."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lit_lab.demo import DEFAULT_MODEL
from lit_lab.problem import Problem
from lit_lab.protocol import Backend, BatchStorage, HubAccess, Precision, Sharing
from lit_lab.protocol.sharing import DEFAULT_BODY_BYTES, DEFAULT_BODY_SECONDS, HostName, UrlPrefix

from .options import MAX_ONGOING

MIN_SECRET = 16  # characters

LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
"""Host names of the replica's own machine, which it always answers to: a proxy or a measuring program is there."""


class ReplicaSettings(BaseModel):
    """The settings of each replica: the arguments of the application in a file of Serve.

    They are stored in the cluster and shown by `serve status`, so they name the secret's file instead of holding the secret.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    models: list[str] = Field(
        default=[DEFAULT_MODEL],
        min_length=1,
        description="`name:path`, as in `c.LitLab.models`. Each replica loads all.",
    )
    secret_file: str | None = Field(
        default=None,
        description="A file that only its owner may read, with the secret that each request carries. Not on a hub.",
    )
    hub: HubAccess | None = Field(
        default=None, description="The JupyterHub whose users' tokens requests carry in place of a secret."
    )
    hosts: list[HostName] = Field(
        default=[], description="Host names of the service, in lower case, besides those of the replica's machine."
    )
    prefix: UrlPrefix = Field(
        default="", description="The beginning of all paths, such as `/services/lit-lab`, as in `route_prefix`."
    )
    metrics_token_file: str | None = Field(
        default=None,
        description="A file that only its owner may read, with the token that reads `/metrics`. None: as in `Sharing`.",
    )
    max_computations: int = Field(
        default=16, ge=1, description="The most computations of one user in a replica that run or wait."
    )
    max_requests: int = Field(default=32, ge=1, description="The most requests of one user in a replica, of all kinds.")
    max_body_bytes: int = Field(
        default=DEFAULT_BODY_BYTES,
        ge=1,
        description="The most bytes that the requests of one user in a replica have together until they are answered.",
    )
    body_seconds: float = Field(
        default=DEFAULT_BODY_SECONDS, gt=0, description="Seconds that each request may take to come in whole."
    )
    pass_cache_bytes: int | None = Field(
        default=None, ge=0, description="The most bytes of forward passes that a model caches. None: the latest two."
    )
    kv_cache_bytes: int | None = Field(
        default=None,
        ge=0,
        description="The most bytes of keys and values that a model caches. None: the latest sequence's.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="`json`: each line of a replica's log is an object."
    )
    batches: BatchStorage | None = Field(
        default=None,
        description="Where batches over datasets are stored, in a folder that all replicas share, on a hub. None: nowhere.",
    )
    datasets: dict[str, str] = Field(default={}, description="LIT's dataset classes as `module:Class`, by name.")
    max_length: int | None = Field(
        default=None, ge=2, description="Window in tokens. None: what each model was trained for."
    )
    threads: int | None = Field(
        default=None, ge=1, description="The most threads of a replica. None: all cores but one."
    )
    memory_limit: int | None = Field(
        default=None, ge=1, description="The most bytes of a replica's memory. None: no limit."
    )
    backend: Backend = Field(default="tensorflow", description="The library that Keras computes with.")
    precision: Precision = Field(default="auto", description="The number format that models are loaded in.")
    cache: str | None = Field(default=None, description="Folder for unpacked archives. None: a temporary one.")
    max_waiting: int = Field(
        default=512, ge=1, description="The most computations that wait for one model in a replica."
    )

    @model_validator(mode="after")
    def _one_way_in(self) -> ReplicaSettings:
        if (self.secret_file is None) == (self.hub is None):
            raise ValueError("requests carry either a secret (secret_file) or a hub's tokens (hub)")
        return self

    @model_validator(mode="after")
    def _others_find_room(self) -> ReplicaSettings:
        if self.max_requests >= MAX_ONGOING:
            # One user's requests would fill a replica, and others' wait where users don't take turns.
            raise ValueError(
                f"one user may have fewer requests (max_requests) than the {MAX_ONGOING} that a replica takes, so at most {MAX_ONGOING - 1}"
            )
        return self

    @model_validator(mode="after")
    def _batches_have_owners(self) -> ReplicaSettings:
        if self.batches is not None and self.hub is None:
            raise ValueError("batches are stored for a hub's users only (hub)")
        return self

    def sharing(self, metrics_token: str | None) -> Sharing:
        """Return how users share the replica.

        Args:
            metrics_token: What `metrics_token_file` has.
        """
        return Sharing(
            hub=self.hub,
            hosts=[*LOOPBACK, *self.hosts],
            prefix=self.prefix,
            metrics_token=metrics_token,
            max_computations=self.max_computations,
            max_requests=self.max_requests,
            batches=self.batches,
            max_body_bytes=self.max_body_bytes,
            body_seconds=self.body_seconds,
        )

    def without_defaults(self) -> dict[str, Any]:
        """Return these settings as plain values, without those that nobody set."""
        return self.model_dump(mode="json", exclude_defaults=True)


def read_secret(path: str) -> str:
    """Return the secret in a file.

    Raises:
        Problem: `no_secret`: it can't be read, is too short, or others on this machine may read it.
    """
    file = Path(path)
    try:
        mode = file.stat().st_mode
        text = file.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it isn't text in UTF-8"
        raise Problem(
            503, "no_secret", f"The file of the secret, {path}, can't be read: {why}.", _hint(path)
        ) from error
    # Kubernetes mounts a secret's file for root, and for a group by `fsGroup`; others never need it.
    if os.name == "posix" and stat.S_IMODE(mode) & stat.S_IRWXO:
        raise Problem(503, "no_secret", f"Others may read the file of the secret, {path}.", f"Run: chmod 600 {path}")
    if len(text) < MIN_SECRET:
        raise Problem(503, "no_secret", f"The secret in {path} is shorter than {MIN_SECRET} characters.", _hint(path))
    return text


def _hint(path: str) -> str:
    return f"Make one: (umask 077; python -c 'import secrets; print(secrets.token_hex(32))' > {path})"
