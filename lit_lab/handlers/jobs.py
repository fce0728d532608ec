"""REST of jobs: estimates, starts, events and ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError

from lit_lab.handlers.base import ROUTES, Handler, endpoint
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.protocol import EstimateRequest, JobRequest, Message


class EstimateHandler(Handler):
    """`estimate`."""

    @endpoint("estimate")
    async def post(self, request: EstimateRequest) -> Message:
        """Return what a job would cost."""
        return await self.core.queries.estimate(request)


class JobsHandler(Handler):
    """`jobs`."""

    @endpoint("startJob")
    async def post(self, request: JobRequest) -> Message:
        """Start a job."""
        return await self.core.start_job(self.job_owner, request, self.history_owner, self.body_bytes)

    @endpoint("jobs")
    async def get(self) -> Message:
        """Return the caller's jobs."""
        from lit_lab.protocol import JobsResponse

        return JobsResponse(jobs=[job.info() for job in self.core.jobs.of(self.job_owners)])


class JobHandler(Handler):
    """`jobs/{id}`."""

    @endpoint("job")
    async def get(self, job_id: str) -> Message:
        """Return a job."""
        return self.core.jobs.get(self.job_owners, job_id).info()

    @endpoint("cancelJob")
    async def delete(self, job_id: str) -> Message:
        """Stop a job."""
        job = self.core.jobs.get(self.job_owners, job_id)
        self.core.jobs.cancel(job)
        return job.info()


class EventsHandler(Handler):
    """`jobs/{id}/events`."""

    @endpoint("events")
    async def get(self, job_id: str) -> None:
        """Stream a job's events."""
        from lit_lab.protocol import HeartbeatEvent

        job = self.core.jobs.get(self.job_owners, job_id)
        start = self.query(ROUTES["events"], "from")
        if start > job.count:
            raise Problem(400, "invalid_query", f"`from` is {start}, but there are {job.count} events.")
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # nginx would hold the lines back
        if isinstance(self.request.connection, HTTP1Connection):
            # Otherwise a line may wait 40 ms for the acknowledgment of the line before.
            self.request.connection.stream.set_nodelay(True)
        heartbeat = HeartbeatEvent().model_dump_json().encode() + b"\n"
        try:
            await self.flush()  # the headers, so that the client knows that it is connected
            async for chunk in job.read(start, self.core.options.heartbeat):
                self.write(chunk or heartbeat)
                await self.flush()
            await self.finish(set_content_type="application/x-ndjson")
        except StreamClosedError:
            return  # the client went away; the job continues


HANDLERS: dict[str, type[Handler]] = {
    "estimate": EstimateHandler,
    "jobs": JobsHandler,
    "jobs/{id}": JobHandler,
    "jobs/{id}/events": EventsHandler,
}
