"""Running work: events that can be replayed, cancellation, and an end to memory.

A job is a task of this server, not of a request: it goes on when the tab closes. Its events are kept as lines of JSON,
in order and never changed, so a reader is a number, and any reader may come again. What it did is on its way into the
history before its last event can be read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Container
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from lit_lab import protocol
from lit_lab.problem import Problem
from lit_lab.run_recorder import RunRecorder
from lit_lab.supervision.endpoint import Service
from lit_lab.upstream import Upstream

MAX_KEPT = 512  # jobs of all users that have ended
KEPT_FOR = 3600.0  # seconds after a job's end
MAX_ASKED_BYTES = 64 * 1024 * 1024  # of the requests of one user's jobs that are under way
MAX_JOB_BYTES = 64 * 1024 * 1024
MAX_TOTAL_BYTES = 256 * 1024 * 1024

_EVENT: TypeAdapter[protocol.JobEvent] = TypeAdapter(protocol.JobEvent)
_LAST = {"done": "done", "error": "failed", "cancelled": "cancelled"}

State = Literal["running", "done", "failed", "cancelled"]

log = logging.getLogger(__name__)


class Job:
    """One piece of work and its events so far.

    Args:
        owner: Whose it is.
        kind: What it does.
        asked: Bytes of its request.
        on_end: Called with it once all its events are there, before anybody can read the last one.
    """

    def __init__(self, owner: str, kind: protocol.JobKind, asked: int, on_end: Callable[[Job], None]) -> None:
        self._on_end = on_end
        self.asked = asked  # bytes of its request
        self.id = secrets.token_urlsafe(12)
        self.owner = owner
        self.kind = kind
        self.created = time.time()
        self.ended: float | None = None  # monotonic
        self.state: State = "running"
        self.lines: list[bytes] = []
        self.size = 0
        self.changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None

    def info(self) -> protocol.JobInfo:
        """Return what is told about it."""
        return protocol.JobInfo(id=self.id, kind=self.kind, state=self.state, created=self.created)

    def add(self, line: bytes, event: str) -> None:
        """Append an event; after a last one nothing is added any more."""
        if self.state != "running":
            return
        self.lines.append(line + b"\n")
        self.size += len(line) + 1
        if event in _LAST:
            self.state = _LAST[event]  # type: ignore[assignment]  # the table's values are states
            self.ended = time.monotonic()
            self._on_end(self)
        self.changed.set()
        self.changed = asyncio.Event()

    def tell(self, event: protocol.StateEvent | protocol.ErrorEvent | protocol.CancelledEvent) -> None:
        """Append an event of our own."""
        self.add(event.model_dump_json().encode(), event.event)

    def fail(self, problem: Problem) -> None:
        """End it with an error."""
        self.tell(protocol.ErrorEvent(error=problem.error, message=problem.message, hint=problem.hint))

    async def read(self, start: int, heartbeat: float) -> AsyncIterator[bytes]:
        """Yield events from a number on, several at a time where they are there, to the last one.

        Yields an empty chunk when there was none for `heartbeat` seconds.
        """
        while True:
            changed = self.changed
            if start < len(self.lines):
                chunk = b"".join(self.lines[start : start + 64])
                start = min(start + 64, len(self.lines))
                yield chunk
            elif self.state != "running":
                return
            else:
                try:
                    await asyncio.wait_for(changed.wait(), heartbeat)
                except asyncio.TimeoutError:
                    yield b""


class Jobs:
    """All jobs.

    Args:
        service: The model service.
        upstream: HTTP to it.
        recorder: Stores what jobs did.
        most: How many jobs of one user may be under way.
    """

    def __init__(self, service: Service, upstream: Upstream, recorder: RunRecorder, most: int) -> None:
        self._most = most
        self._service = service
        self._upstream = upstream
        self._recorder = recorder
        self._jobs: dict[str, Job] = {}

    def start(self, owner: str, request: protocol.JobRequest, keeper: str, size: int = 0) -> Job:
        """Start a job.

        Args:
            owner: Whose it is.
            request: What to do.
            keeper: In whose history it is kept.
            size: Bytes of the request, which is held until it was done.

        Raises:
            Problem: Too many of this user's are under way, or too large ones.
        """
        self._forget()
        under_way = [job for job in self._jobs.values() if job.owner == owner and job.state == "running"]
        running = len(under_way)
        if sum(job.asked for job in under_way) + size > MAX_ASKED_BYTES:
            raise Problem(
                429,
                "too_many_jobs",
                f"{running:,} of your jobs are running or waiting, and what they ask for is very long; more is not taken.",
                "Stop some, or wait until some have ended; then run it again.",
            )
        if running >= self._most:
            raise Problem(
                429,
                "too_many_jobs",
                f"{running:,} of your jobs are running or waiting; more are not taken.",
                "Stop some, or wait until some have ended; then run it again. The limit is half of c.LitLab.max_waiting.",
            )

        def on_end(job: Job) -> None:
            self._recorder.record(keeper, job.id, job.created, request, job.lines)

        job = Job(owner, request.kind, size, on_end)
        self._jobs[job.id] = job
        job.task = asyncio.get_running_loop().create_task(self._run(job, request))
        return job

    def of(self, owners: Container[str]) -> list[Job]:
        """Return the jobs of these, newest first."""
        self._forget()
        return [job for job in reversed(self._jobs.values()) if job.owner in owners]

    def get(self, owners: Container[str], job_id: str) -> Job:
        """Return a job of one of these.

        Raises:
            Problem: There is none; another's is as good as none.
        """
        job = self._jobs.get(job_id)
        if job is None or job.owner not in owners:
            raise Problem(
                404,
                "unknown_job",
                "This run is no longer known to the Jupyter server.",
                "Results are kept for an hour, and until the server ends. Run it again.",
            )
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job: its connection to the model service is closed at once, which stops the computation."""
        job.tell(protocol.CancelledEvent())
        if job.task is not None:
            job.task.cancel()

    async def close(self) -> None:
        """Stop all jobs, with the server."""
        running = [job for job in self._jobs.values() if job.state == "running"]
        for job in running:
            # Not cancelled: nobody meant to stop it.
            job.fail(Problem(503, "server_ended", "The Jupyter server was ended in the middle of this.", "Try again."))
            if job.task is not None:
                job.task.cancel()
        tasks = [job.task for job in running if job.task is not None]
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, job: Job, request: protocol.JobRequest) -> None:
        if isinstance(request, protocol.GenerateRequest):
            request = request.model_copy(update={"origin": None, "title": ""})
        elif isinstance(request, protocol.ScoreRequest):
            request = request.model_copy(update={"origin": None})
        try:
            with self._service.use():
                endpoint = await self._service.ready(lambda what: job.tell(protocol.StateEvent(message=what)))
                async with contextlib.aclosing(
                    self._upstream.lines(endpoint, f"/{request.kind}", request, job.owner)
                ) as lines:
                    async for line in lines:
                        self._take(job, line)
                        if job.state != "running":
                            return
                raise await self._service.why_gone(endpoint)
        except Problem as problem:
            job.fail(problem)
        except Exception:
            log.exception("LIT Lab: a job failed")
            job.fail(Problem(500, "internal", "The Jupyter server failed at this run.", "Its log says more."))

    def _take(self, job: Job, line: bytes) -> None:
        try:
            event = _EVENT.validate_json(line)
        except ValidationError as error:
            if protocol.is_not_finite(error):
                raise Problem(
                    502,
                    "not_finite",
                    "Some of the results are not numbers (NaN or infinite).",
                    "The model's arithmetic overflowed: load it in float32.",
                ) from error
            said = protocol.describe_validation(error)
            log.warning("LIT Lab: the model service sent an event that is not understood: %s", said)
            raise Problem(
                502,
                "service_answer",
                "The model service sent something that is not understood.",
                "Check that service and Jupyter server have the same version of lit_lab.",
            ) from error
        if isinstance(event, protocol.HeartbeatEvent):
            return  # each reader has its own
        if job.size + len(line) > MAX_JOB_BYTES:
            raise Problem(
                507,
                "result_too_large",
                f"The result is larger than {MAX_JOB_BYTES // 2**20} MiB.",
                "Ask for fewer targets or segments at a time.",
            )
        job.add(line, event.event)

    def _forget(self) -> None:
        """Drop jobs that ended: those that are old, and the oldest when there are too many or they are too large."""
        ended = sorted((job for job in self._jobs.values() if job.ended is not None), key=lambda job: job.ended or 0)
        total = sum(job.size for job in self._jobs.values())
        now = time.monotonic()
        for index, job in enumerate(ended):
            old = now - (job.ended or 0) > KEPT_FOR
            if old or len(ended) - index > MAX_KEPT or total > MAX_TOTAL_BYTES:
                del self._jobs[job.id]
                total -= job.size
