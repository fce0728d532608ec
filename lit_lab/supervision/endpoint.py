"""Where a model service answers, and what both kinds of it, a child process and one elsewhere, have in common."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from lit_lab.problem import Problem
from lit_lab.protocol import ServiceStatus

Report = Callable[[str], None]
"""Called with what the caller waits for, in words for the user."""


@dataclass(frozen=True, eq=False)
class Endpoint:
    """An address and its secret. Each start of the service has one of its own; two are never equal.

    Attributes:
        url: The address.
        secret: What every request carries.
        socket: The Unix socket that is connected to, whatever the address says; empty: none, the address is one of TCP.
    """

    url: str
    secret: str = field(repr=False)
    socket: str = ""


class Service(Protocol):
    """A model service, seen from the Jupyter server."""

    async def status(self) -> ServiceStatus:
        """Return its state; never starts it."""

    def start(self) -> None:
        """Start it unless it is starting or ready; returns at once."""

    def restart(self) -> None:
        """Stop it and start it again; returns at once. Raises `Problem` where others run it."""

    async def ready(self, report: Report | None = None) -> Endpoint:
        """Start it if it is stopped, and return its address once it is ready. Raises `Problem`."""

    async def awaited(self) -> Endpoint:
        """As `ready`, but a stopped service stays so, and is a `Problem`: for requests without side effects."""

    async def why_gone(self, endpoint: Endpoint) -> Problem:
        """Return why an address stopped answering."""

    def use(self, *, only_look: bool = False) -> AbstractContextManager[None]:
        """While this lasts, the service is in use; `only_look`: nothing is computed, as where the models are listed."""

    def log_lines(self) -> list[str]:
        """Return the last lines it wrote."""

    async def close(self) -> None:
        """Release it, with the server."""
