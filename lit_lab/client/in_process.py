"""Jobs of this process's own `Core`, without HTTP: for a program without a server, and for the server itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from lit_lab import ndjson, protocol
from lit_lab.client.connection import event_of
from lit_lab.owners import ANYONE
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.core import Core

HEARTBEAT = 3600.0  # seconds; nothing between here and the job can break silently
MAX_LINE = 64 * 1024 * 1024  # bytes; a job may have no more

_LAST = protocol.DoneEvent | protocol.ErrorEvent | protocol.CancelledEvent


class InProcessConnection:
    """Jobs of this process (a `lit_lab.client.connection.Connection`).

    Args:
        core: The extension's parts. They stay open when this is closed.
        job_owner: The user who owns the jobs. Owners take turns at the model.
        history_owner: The owner of the history.
    """

    def __init__(self, core: Core, job_owner: str = ANYONE, history_owner: str = ANYONE) -> None:
        self._core = core
        self._job_owner = job_owner
        self._history_owner = history_owner

    @property
    def where(self) -> str:
        """What it is, as words that follow “on”."""
        return "a model service of this process"

    async def start(self, request: protocol.JobRequest) -> protocol.JobInfo:
        """Start a job. Raises `Problem`."""
        return await self._core.start_job(self._job_owner, request, self._history_owner)

    async def events(self, job: protocol.JobInfo) -> AsyncGenerator[protocol.JobEvent, None]:
        """Yield a job's events. Raises `Problem`."""
        followed = self._core.jobs.get({self._job_owner}, job.id)
        async with contextlib.aclosing(ndjson.lines(followed.read(0, HEARTBEAT), MAX_LINE)) as lines:
            async for line in lines:
                event = event_of(line)
                if isinstance(event, _LAST):
                    # Else a program that is killed next would lose what it has seen.
                    with contextlib.suppress(Problem):
                        await self._core.recorder.settled(self._history_owner)
                    # Nobody else reads it, and thousands of a batch would push out those of the panel.
                    self._core.jobs.forget(followed)
                yield event

    async def cancel(self, job: protocol.JobInfo) -> None:
        """Stop a job. Raises `Problem`."""
        self._core.jobs.cancel(self._core.jobs.get({self._job_owner}, job.id))

    async def status(self) -> protocol.Status:
        """Return the state of the service and the history."""
        return await self._core.status()

    async def models(self) -> protocol.ModelsResponse:
        """Return the models. Raises `Problem`."""
        return await self._core.models.all()

    async def runs(self, request: protocol.RunsRequest) -> protocol.RunsResponse:
        """Return runs of the history. Raises `Problem`."""
        history = await self._core.recorder.settled(self._history_owner)
        return await history.runs(self._history_owner, request)

    async def run(self, run_id: str) -> protocol.RunRecord:
        """Return a run of the history. Raises `Problem`."""
        history = await self._core.recorder.settled(self._history_owner, run_id)
        return await history.run(self._history_owner, run_id)

    async def close(self) -> None:
        """Do nothing: the parts of the extension live on."""
