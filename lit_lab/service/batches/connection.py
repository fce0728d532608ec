"""Jobs of batches in this process: they wait until no user does."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import AsyncGenerator

from lit_lab.client.connection import event_of
from lit_lab.problem import Problem
from lit_lab.protocol import HeartbeatEvent, JobEvent, JobInfo, JobRequest, LitAppRequest, ModelsResponse

from ..registry import Registry
from ..scheduler import Scheduler
from ..shared_models import presented


def last_lines(
    registry: Registry, scheduler: Scheduler, request: JobRequest, owner: str
) -> AsyncGenerator[bytes, None]:
    """Return the stream of a computation before which all users' come. Raises `Problem`: there is no such model."""
    registry.get(request.model)
    if isinstance(request, LitAppRequest):
        raise Problem(403, "shared_service", "No batch opens LIT's own app.")
    return scheduler.stream(
        request.model,
        lambda model, cancellation: getattr(model, request.kind)(request, cancellation),
        owner,
        is_last=True,
    )


class SchedulerConnection:
    """Runs jobs of one owner last (a `lit_lab.client.connection.JobConnection`).

    Args:
        registry: The models.
        scheduler: Runs their computations.
        owner: The jobs' owner.
    """

    def __init__(self, registry: Registry, scheduler: Scheduler, owner: str) -> None:
        self._registry = registry
        self._scheduler = scheduler
        self._owner = owner
        self._requests: dict[str, JobRequest] = {}

    async def start(self, request: JobRequest) -> JobInfo:
        """Accept a job; it begins when its events are read. Raises `Problem`."""
        self._registry.get(request.model)
        job = JobInfo(id=secrets.token_hex(12), kind=request.kind, state="running", created=time.time())
        self._requests[job.id] = request
        return job

    async def events(self, job: JobInfo) -> AsyncGenerator[JobEvent, None]:
        """Yield a job's events. Raises `Problem`."""
        request = self._requests.pop(job.id)
        async with contextlib.aclosing(last_lines(self._registry, self._scheduler, request, self._owner)) as lines:
            async for line in lines:
                event = event_of(line)
                if not isinstance(event, HeartbeatEvent):
                    yield event

    async def cancel(self, job: JobInfo) -> None:
        """Forget a job. Who no longer reads its events has ended it."""
        self._requests.pop(job.id, None)

    async def models(self) -> ModelsResponse:
        """Return the models, as users see them."""
        return ModelsResponse(models=[presented(entry.info()) for entry in self._registry.entries.values()])

    async def close(self) -> None:
        """Do nothing."""
