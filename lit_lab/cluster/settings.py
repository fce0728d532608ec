"""What the replicas are started with."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from lit_lab.demo import DEFAULT_MODEL
from lit_lab.problem import Problem
from lit_lab.protocol import Backend, Precision

MIN_SECRET = 16  # characters


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
    secret_file: str = Field(
        description="A file that only its owner may read, with the secret that each request carries."
    )
    hosts: list[str] = Field(default=[], description="Host names of the service. Empty: those of this machine.")
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
