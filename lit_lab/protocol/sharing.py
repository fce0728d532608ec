"""The configuration of a model service that many users share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from lit_lab.protocol.base import Message

HostName = Annotated[
    str, StringConstraints(pattern=r"^(\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)$", max_length=253)
]
"""A host name without a port, in lower case; an IPv6 address has its brackets."""

ServiceName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
"""A service of a JupyterHub, as in `c.JupyterHub.services` and in its scope `access:services!service=NAME`."""

UrlPrefix = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._~@%-]+)*$", max_length=500)]

DEFAULT_BODY_BYTES = 128 * 2**20
"""Five of the largest requests that a Jupyter server accepts."""

DEFAULT_BODY_SECONDS = 60.0


class HubAccess(Message):
    """The JupyterHub whose users may use the service."""

    api_url: str = Field(
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="The hub's API as the service reaches it, `JUPYTERHUB_API_URL`, such as `http://hub:8081/hub/api`.",
    )
    service: ServiceName = Field(
        description="The service's name on the hub. Tokens need the scope `access:services!service=NAME`, or "
        "`access:services` for all services."
    )


class BatchStorage(Message):
    """Where a shared service stores users' batches, and how much of them. Replicas share the folder."""

    path: str = Field(min_length=1, description="A folder that only the service's own user may enter. Made if need be.")
    max_batches: int = Field(default=20, ge=1, le=1000, description="The most batches of one user.")
    max_bytes: int = Field(
        default=2_000_000_000,
        ge=1_000_000,
        description="The most bytes of one user's batches, rows and results together.",
    )
    max_rows: int = Field(default=100_000, ge=1, le=1_000_000, description="The most rows of one batch.")
    days: float = Field(
        default=30.0,
        gt=0,
        le=3650,
        description="Days after a batch was made, or last computed a row, until it is deleted.",
    )


class Sharing(Message):
    """How many users share a service. Its models are then the administrator's: no request changes them."""

    hub: HubAccess | None = Field(
        default=None,
        description="Users send tokens of this hub. None: Jupyter servers send the secret, and name their users' keys.",
    )
    hosts: list[HostName] = Field(
        default=[],
        description="Host names that requests may be for, in lower case and without a port. Empty: this machine's own.",
    )
    prefix: UrlPrefix = Field(
        default="",
        description="The beginning of all paths where a proxy passes it on, such as `/services/lit-lab` on a hub.",
    )
    metrics_token: str | None = Field(
        default=None,
        min_length=16,
        repr=False,
        description="Who carries it may read `/metrics`. None: who has the secret; nobody on a hub, whose users don't have it.",
    )
    max_computations: int = Field(
        default=16, ge=1, description="The most computations of one user that run or wait at a time."
    )
    max_requests: int = Field(default=32, ge=1, description="The most requests of one user at a time, of all kinds.")
    batches: BatchStorage | None = Field(
        default=None,
        description="Where the service stores and runs batches over datasets, on a hub. None: it has none.",
    )
    max_body_bytes: int = Field(
        default=DEFAULT_BODY_BYTES,
        ge=1,
        description="The most bytes that the requests of one user have together until they are answered.",
    )
    body_seconds: float = Field(
        default=DEFAULT_BODY_SECONDS, gt=0, description="Seconds that each request may take to come in whole."
    )
    max_unauthenticated: int = Field(
        default=256,
        ge=1,
        description="The most open connections that haven't sent a valid token or the secret yet. A further one closes the oldest.",
    )

    @model_validator(mode="after")
    def _batches_have_owners(self) -> Sharing:
        if self.batches is not None and self.hub is None:
            raise ValueError("batches need a hub: only there is an owner the same after a Jupyter server's restart")
        return self
