"""What a client needs of the place that computes: jobs, their events, and the history."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from lit_lab import protocol
from lit_lab.problem import Problem

EVENT: TypeAdapter[protocol.JobEvent] = TypeAdapter(protocol.JobEvent)


class JobConnection(Protocol):
    """A place that runs jobs. All methods raise `Problem`."""

    async def start(self, request: protocol.JobRequest) -> protocol.JobInfo:
        """Start a job."""
        ...

    def events(self, job: protocol.JobInfo) -> AsyncGenerator[protocol.JobEvent, None]:
        """Yield a job's events to the last one, without heartbeats. Closing this iterator doesn't stop the job."""
        ...

    async def cancel(self, job: protocol.JobInfo) -> None:
        """Stop a job. Does nothing to one that has ended."""
        ...

    async def models(self) -> protocol.ModelsResponse:
        """Return the models. Starts nothing."""
        ...

    async def close(self) -> None:
        """Close it. What it started, ends."""
        ...


class Connection(JobConnection, Protocol):
    """A place that runs jobs, and stores their runs. All methods raise `Problem`.

    Attributes:
        where: What it is, as words that follow “on”. Contains no token.
    """

    @property
    def where(self) -> str:
        """What it is, as words that follow “on”. Contains no token."""
        ...

    async def status(self) -> protocol.Status:
        """Return the state of the place. Starts nothing."""
        ...

    async def runs(self, request: protocol.RunsRequest) -> protocol.RunsResponse:
        """Return runs of the history."""
        ...

    async def run(self, run_id: str) -> protocol.RunRecord:
        """Return a run of the history."""
        ...


def event_of(line: bytes) -> protocol.JobEvent:
    """Return the event that a line is. Raises `Problem`."""
    try:
        return EVENT.validate_json(line)
    except ValidationError as error:
        raise not_understood(f"an event: {protocol.kinds_of_validation(error)}") from None


def not_understood(what: str) -> Problem:
    """Return the problem of an answer that isn't of the protocol's types."""
    return Problem(
        502,
        "server_answer",
        f"The Jupyter server's answer isn't understood ({what}).",
        "Check that this Python and the Jupyter server have the same version of lit_lab.",
    )
