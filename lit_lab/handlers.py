"""REST of the Jupyter server: thin; validates and delegates. The routes are those of `lit_lab.routes`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, get_args

from jupyter_server.utils import ensure_async
from tornado.http1connection import HTTP1Connection
from tornado.iostream import StreamClosedError

from lit_lab import routes
from lit_lab.api_handler import ROUTES, Handler, endpoint
from lit_lab.datasets.handlers import HANDLERS as DATASET_HANDLERS
from lit_lab.lit_handlers import LitCallHandler, LitFileHandler, LitPageHandler
from lit_lab.models.handlers import HANDLERS as MODEL_HANDLERS
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.protocol import (
        EstimateRequest,
        JobRequest,
        Message,
        RunChange,
        RunsRequest,
        TokenCountRequest,
        TokensRequest,
        UnicodeNamesRequest,
    )


class StatusHandler(Handler):
    """`status`."""

    _track_activity = False  # the panel asks now and then; that must not keep an abandoned server alive

    @endpoint("status")
    async def get(self) -> Message:
        """Tell the state of everything, and what the caller may do."""
        status = await self.core.status()
        for action in get_args(routes.Action):
            if await ensure_async(self.authorizer.is_authorized(self, self.current_user, action, routes.RESOURCE)):
                status.allowed.append(action)
        return status


class ServiceStartHandler(Handler):
    """`service/start`."""

    @endpoint("startService")
    async def post(self) -> Message:
        """Start the model service."""
        self.core.service.start()
        return await self.core.service.status()


class ServiceRestartHandler(Handler):
    """`service/restart`."""

    @endpoint("restartService")
    async def post(self) -> Message:
        """Restart the model service."""
        self.core.service.restart()
        return await self.core.service.status()


class ServiceSetupHandler(Handler):
    """`service/setup`."""

    @endpoint("setUpService")
    async def post(self) -> Message:
        """Make the service's environment."""
        return await self.core.set_up()

    @endpoint("stopSetup")
    async def delete(self) -> Message:
        """Stop making it."""
        return await self.core.stop_setup()


class ServiceLogHandler(Handler):
    """`service/log`."""

    @endpoint("log")
    async def get(self) -> Message:
        """Tell the model service's last lines."""
        from lit_lab.protocol import LogResponse

        return LogResponse(lines=self.core.log_lines())


class TokensHandler(Handler):
    """`tokens`."""

    @endpoint("tokens")
    async def post(self, request: TokensRequest) -> Message:
        """Tokenize."""
        return await self.core.tokens(request)


class TokenCountHandler(Handler):
    """`tokens/count`."""

    @endpoint("countTokens")
    async def post(self, request: TokenCountRequest) -> Message:
        """Count a prompt's tokens."""
        return await self.core.count_tokens(request)


class EstimateHandler(Handler):
    """`estimate`."""

    @endpoint("estimate")
    async def post(self, request: EstimateRequest) -> Message:
        """Tell what a job would cost."""
        return await self.core.estimate(request)


class UnicodeNamesHandler(Handler):
    """`unicode/names`."""

    @endpoint("unicodeNames")
    async def post(self, request: UnicodeNamesRequest) -> Message:
        """Look names up."""
        from lit_lab.core import unicode_names
        from lit_lab.protocol import UnicodeNamesResponse

        return UnicodeNamesResponse(characters=unicode_names(request.names))


class JobsHandler(Handler):
    """`jobs`."""

    @endpoint("startJob")
    async def post(self, request: JobRequest) -> Message:
        """Start a job."""
        self.core.check_job(request)
        await self.core.catch_up()
        return self.core.jobs.start(self.owner, request, self.keeper, self.body_bytes).info()

    @endpoint("jobs")
    async def get(self) -> Message:
        """Tell the caller's jobs."""
        from lit_lab.protocol import JobsResponse

        return JobsResponse(jobs=[job.info() for job in self.core.jobs.of(self.owners)])


class JobHandler(Handler):
    """`jobs/{id}`."""

    @endpoint("job")
    async def get(self, job_id: str) -> Message:
        """Tell of a job."""
        return self.core.jobs.get(self.owners, job_id).info()

    @endpoint("cancelJob")
    async def delete(self, job_id: str) -> Message:
        """Stop a job."""
        job = self.core.jobs.get(self.owners, job_id)
        self.core.jobs.cancel(job)
        return job.info()


class EventsHandler(Handler):
    """`jobs/{id}/events`."""

    @endpoint("events")
    async def get(self, job_id: str) -> None:
        """Stream a job's events."""
        from lit_lab.protocol import HeartbeatEvent

        job = self.core.jobs.get(self.owners, job_id)
        start = self.query(ROUTES["events"], "from")
        if start > job.count:
            raise Problem(400, "invalid_query", f"`from` is {start}, but there are {job.count} events.")
        self.set_header("Content-Type", "application/x-ndjson")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # nginx would hold the lines back
        if isinstance(self.request.connection, HTTP1Connection):
            # Else a line may wait 40 ms for the reader to acknowledge the one before.
            self.request.connection.stream.set_nodelay(True)
        heartbeat = HeartbeatEvent().model_dump_json().encode() + b"\n"
        try:
            await self.flush()  # the headers: the reader knows that it is connected
            async for chunk in job.read(start, self.core.options.heartbeat):
                self.write(chunk or heartbeat)
                await self.flush()
            await self.finish(set_content_type="application/x-ndjson")
        except StreamClosedError:
            return  # the reader went away; the job goes on


class RunsSearchHandler(Handler):
    """`runs/search`."""

    @endpoint("runs")
    async def post(self, request: RunsRequest) -> Message:
        """Tell the caller's runs."""
        history = await self.core.recorder.settled(self.keeper)
        return await history.runs(self.keeper, request)


class RunHandler(Handler):
    """`runs/{id}`."""

    @endpoint("run")
    async def get(self, run_id: str) -> Message:
        """Tell a run."""
        history = await self.core.recorder.settled(self.keeper, run_id)
        return await history.run(self.keeper, run_id)

    @endpoint("changeRun")
    async def post(self, run_id: str, request: RunChange) -> Message:
        """Rename or star a run."""
        history = await self.core.recorder.settled(self.keeper, run_id)
        return await history.change(self.keeper, run_id, request)

    @endpoint("deleteRun")
    async def delete(self, run_id: str) -> Message:
        """Delete a run."""
        return await self.core.recorder.delete(self.keeper, run_id)


class RunsHandler(Handler):
    """`runs`."""

    @endpoint("clearRuns")
    async def delete(self) -> Message:
        """Delete the caller's runs."""
        return await self.core.recorder.clear(self.keeper, starred=self.query(ROUTES["clearRuns"], "starred") > 0)


class UnknownHandler(Handler):
    """Everything else below our prefix: JSON too, so that the panel can tell it from a missing server half."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Answer 404 to those who are signed in."""
        await super().prepare()
        if not self.current_user:
            self.send_error(403)
        elif not self._finished:
            self.send_error(404)


_HANDLERS: dict[str, type[Handler]] = {
    "status": StatusHandler,
    "service/start": ServiceStartHandler,
    "service/restart": ServiceRestartHandler,
    "service/setup": ServiceSetupHandler,
    "service/log": ServiceLogHandler,
    **MODEL_HANDLERS,
    "tokens": TokensHandler,
    "tokens/count": TokenCountHandler,
    "estimate": EstimateHandler,
    **DATASET_HANDLERS,
    "unicode/names": UnicodeNamesHandler,
    "jobs": JobsHandler,
    "jobs/{id}": JobHandler,
    "jobs/{id}/events": EventsHandler,
    "runs/search": RunsSearchHandler,
    "runs/{id}": RunHandler,
    "runs": RunsHandler,
    "lit/page": LitPageHandler,
    "lit/files/{name}": LitFileHandler,
    "lit/call": LitCallHandler,
}


def handlers() -> list[tuple[str, type[Handler]]]:
    """Return patterns, below the base URL, and their handlers; every route of the table has one."""
    result = []
    for path in dict.fromkeys(route.path for route in routes.ROUTES):
        pattern = re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(path))
        result.append((f"/{routes.PREFIX}/{pattern}", _HANDLERS[path]))
    return [*result, (f"/{routes.PREFIX}(?:/.*)?", UnknownHandler)]


for _path, _handler in _HANDLERS.items():
    _handler.operations = {route.method: route.operation for route in routes.ROUTES if route.path == _path}
