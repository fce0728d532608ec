"""A model service's endpoint, and the interface of both kinds of service: a child process, and one elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from lit_lab.problem import Problem
from lit_lab.protocol import ServiceStatus

Report = Callable[[str], None]
"""Called with what the caller waits for, as text for the user."""


@dataclass(frozen=True, eq=False)
class Endpoint:
    """An address and its secret. Each start of the service makes a new one; two are never equal.

    Attributes:
        url: The address.
        secret: The secret of every request.
        socket: The Unix socket to connect to, whatever the address says; empty: none, the address is of TCP.
        named: The option that names it, for hints.
    """

    url: str
    secret: str = field(repr=False)
    socket: str = ""
    named: str = "c.LitLab.service_url"


class ServiceGone(Problem):
    """The service's process ended by itself.

    Args:
        status: HTTP status.
        code: Short stable code.
        message: How it ended.
        hint: What the user can do about a run that ended with it.
        again: Whether the next process may get the same requests once more.
        advice: What the user can do if it ends again.
    """

    def __init__(self, status: int, code: str, message: str, hint: str, *, again: bool, advice: str) -> None:
        super().__init__(status, code, message, hint)
        self.again = again
        self.advice = advice


class Away(Problem):
    """Nothing answers at the address of a service elsewhere, perhaps only for now."""


class Busy(Problem):
    """A service elsewhere accepts no request of this user for now.

    Args:
        message: What happened.
        hint: What the user can do.
        seconds: When to ask again, as the service says.
        code: Short stable code.
        waiting: What a job does meanwhile, in words for the user.
    """

    def __init__(
        self, message: str, hint: str, seconds: float, code: str = "service_busy", waiting: str = "Waiting in the queue"
    ) -> None:
        super().__init__(503, code, message, hint)
        self.seconds = seconds
        self.waiting = waiting


class Service(Protocol):
    """A model service, seen from the Jupyter server."""

    async def status(self) -> ServiceStatus:
        """Return its state. Never starts it."""

    def start(self) -> None:
        """Start it unless it is starting or ready. Returns at once."""

    def restart(self) -> None:
        """Stop it and start it again. Returns at once. Raises `Problem` if others run it."""

    async def ready(self, report: Report | None = None) -> Endpoint:
        """Start it if it is stopped, and return its address once it is ready. Raises `Problem`."""

    async def awaited(self) -> Endpoint:
        """As `ready`, but don't start a stopped service: for requests without side effects. Raises `Problem` instead."""

    async def why_gone(self, endpoint: Endpoint) -> Problem:
        """Return why an address stopped answering."""

    def use(self, *, only_look: bool = False) -> AbstractContextManager[None]:
        """Count a user of the service in a `with` block; `only_look`: nothing is computed, as for a list of models."""

    def log_lines(self) -> list[str]:
        """Return the last lines of its output."""

    async def close(self) -> None:
        """Release it, with the server."""
