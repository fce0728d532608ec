"""Jobs of batches at the replicas, through Serve's handle: any replica computes them, after its users' requests."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import AsyncGenerator

from ray import serve

from lit_lab.client.connection import event_of
from lit_lab.problem import Problem
from lit_lab.protocol import HeartbeatEvent, JobEvent, JobInfo, JobRequest, ModelsResponse

METHOD = "batch_job"
"""The deployment's method that computes a job."""


class ReplicaConnection:
    """Runs jobs at a deployment's replicas (a `lit_lab.client.connection.JobConnection`).

    Args:
        application: The application's name.
        deployment: The deployment's name.
        owner: The jobs' owner.
        session: Jobs with the same one reach the same replica, which has what it computed before.
    """

    def __init__(self, application: str, deployment: str, owner: str, session: str) -> None:
        handle = serve.get_deployment_handle(deployment, application)
        self._handle = handle.options(method_name=METHOD, stream=True, session_id=session)
        self._owner = owner
        self._requests: dict[str, JobRequest] = {}

    async def start(self, request: JobRequest) -> JobInfo:
        """Accept a job; it begins when its events are read."""
        job = JobInfo(id=secrets.token_hex(12), kind=request.kind, state="running", created=time.time())
        self._requests[job.id] = request
        return job

    async def events(self, job: JobInfo) -> AsyncGenerator[JobEvent, None]:
        """Yield a job's events. Raises `Problem`."""
        request = self._requests.pop(job.id)
        lines = self._handle.remote(request.kind, request.model_dump_json(), self._owner)
        is_whole = False
        try:
            async for line in lines:
                event = event_of(line)
                if not isinstance(event, HeartbeatEvent):
                    yield event
            is_whole = True
        except Problem:
            raise
        except Exception as error:  # Ray's own of many kinds, whose texts may repeat the request
            raise Problem(
                502,
                "service_died",
                f"The replica that computed this ended ({type(error).__name__}).",
                "It is computed again, on another one.",
            ) from None
        finally:
            if not is_whole:
                with contextlib.suppress(Exception):
                    lines.cancel()

    async def cancel(self, job: JobInfo) -> None:
        """Forget a job. Who no longer reads its events has ended it."""
        self._requests.pop(job.id, None)

    async def models(self) -> ModelsResponse:
        """Return none: rows need them not."""
        return ModelsResponse(models=[])

    async def close(self) -> None:
        """Do nothing: the handle is the process's."""
