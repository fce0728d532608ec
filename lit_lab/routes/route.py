"""A route of the Jupyter server extension."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lit_lab.protocol import Action

PREFIX = "lit-lab/api"
"""The path of all routes, below the server's base URL."""

RESOURCE = "lit-lab"
"""The resource that the server's authorizer checks; each route has its action."""

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Query:
    """A parameter of the query string: a non-negative integer."""

    name: str
    default: int
    description: str


@dataclass(frozen=True)
class Route:
    """One method on one path.

    Attributes:
        operation: Its name, which is OpenAPI's `operationId`.
        action: The action that the server's authorizer checks: `read` only looks, `write` changes the service's state, and
            `execute` makes the model compute.
        request: Name of the request's type in `lit_lab.protocol`.
        response: Name of the response's type there.
        stream: Name of the type of each line, if the response is newline-delimited JSON.
        media: The response's media type, if it isn't JSON.
        errors: Error statuses, besides those that any route can return.
        max_body: Maximum size of the request's body, in bytes.
    """

    operation: str
    method: Literal["GET", "POST", "DELETE"]
    path: str
    action: Action
    summary: str
    description: str = ""
    request: str | None = None
    response: str | None = None
    stream: str | None = None
    media: str | None = None
    status: int = 200
    queries: tuple[Query, ...] = ()
    errors: tuple[int, ...] = ()
    max_body: int = 0

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path's parameters, in order."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))
