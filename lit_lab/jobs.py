"""Jobs: events that can be replayed, cancellation, and bounded memory.

A job is a task of this server, not of an HTTP request: it continues when the tab closes. Its events are stored as lines of JSON,
in order and unchanged, so a reader that comes back only needs the number of its next event. The job's result is passed to the
history before its last event can be read.

**Memory.** The bytes of all jobs are counted whenever a job begins, gets an event or ends: their events, the requests of running
jobs, and results that wait for the history. If a user exceeds their share, the server forgets that user's oldest ended jobs; if
all exceed the total, those of the user whose jobs take the most. If that isn't enough, a running job of that user fails.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import time
from collections import Counter
from collections.abc import Container, Sequence

from pydantic import TypeAdapter, ValidationError

from lit_lab import discreet, protocol
from lit_lab.asking_again import InexactError, Results, Tries
from lit_lab.job import Job
from lit_lab.problem import Problem
from lit_lab.run_recorder import RunRecorder
from lit_lab.service_client import Broke, ServiceClient
from lit_lab.supervision.endpoint import Busy, Service
from lit_lab.waiting_line import Place, WaitingLines

MAX_ENDED = 512  # jobs of all users that have ended
RETENTION = 3600.0  # seconds after a job's end
MAX_REQUEST_BYTES = 64 * 1024 * 1024  # of the requests of one user's running jobs
MAX_JOB_BYTES = 64 * 1024 * 1024
MAX_OWNER_BYTES = 128 * 1024 * 1024  # of one user's jobs, ended or not
MAX_TOTAL_BYTES = 256 * 1024 * 1024  # of all users' jobs, and of what waits for the history

# A number in a list takes far more memory than in the text of a request, and a span takes even more.
_NUMBER_BYTES = 40
_SPAN_BYTES = 640

# Minimum bytes of a score in a result: it has all digits of a float64, or it is `0.0`.
_SCORE_BYTES = 12
_ZERO_BYTES = 4

_EVENT: TypeAdapter[protocol.JobEvent] = TypeAdapter(protocol.JobEvent)

log = logging.getLogger(__name__)


class Jobs:
    """All jobs.

    Args:
        service: The model service.
        client: Requests to it.
        recorder: Stores the results of jobs.
        max_running: Jobs of one user that may run or wait at the same time.

    Attributes:
        by_id: All jobs, the oldest first.
    """

    def __init__(self, service: Service, client: ServiceClient, recorder: RunRecorder, max_running: int) -> None:
        self._max_running = max_running
        self._service = service
        self._client = client
        self._recorder = recorder
        self._lines = WaitingLines()
        self.by_id: dict[str, Job] = {}

    def start(self, owner: str, request: protocol.JobRequest, history_owner: str, size: int = 0) -> Job:
        """Start a job.

        Args:
            owner: The user who owns the job.
            request: The job's request.
            history_owner: The owner of the history that stores the run.
            size: Bytes of the request's text.

        Raises:
            Problem: This user has too many running jobs, or too large ones; or the result would be too large.
        """
        self._forget()
        request = _without_repetitions(request)
        check_result(request)
        request_bytes = size + _parsed(request)
        under_way = [job for job in self.by_id.values() if job.owner == owner and job.state == "running"]
        running = len(under_way)
        if sum(job.request_bytes for job in under_way) + request_bytes > MAX_REQUEST_BYTES:
            raise Problem(
                429,
                "too_many_jobs",
                f"{running:,} of your jobs are running or waiting, and their requests are very long; the server accepts no more."
                if running
                else "The request is too long.",
                "Stop some, or wait until some have ended; then run it again."
                if running
                else "Shorten the prompt, or request fewer targets or segments at a time.",
            )
        if running >= self._max_running:
            raise Problem(
                429,
                "too_many_jobs",
                f"{running:,} of your jobs are running or waiting; the server accepts no more.",
                "Stop some, or wait until some have ended; then run it again. The limit is half of c.LitLab.max_waiting.",
            )

        def on_end(job: Job, lines: Sequence[bytes]) -> None:
            self._recorder.record(history_owner, job.id, job.created, request, lines, request_bytes)
            self._forget(but=job)

        job = Job(owner, request.kind, request_bytes, on_end)
        try:
            self._make_room(job, request_bytes)
        except Problem as full:
            raise Problem(429, "too_many_jobs", full.message, full.hint) from full
        self.by_id[job.id] = job
        job.task = asyncio.get_running_loop().create_task(self._run(job, request))
        return job

    def of(self, owners: Container[str]) -> list[Job]:
        """Return the jobs of these owners, newest first."""
        self._forget()
        return [job for job in reversed(self.by_id.values()) if job.owner in owners]

    def get(self, owners: Container[str], job_id: str) -> Job:
        """Return a job of one of these owners.

        Raises:
            Problem: `unknown_job`: there is none, or it belongs to another user.
        """
        job = self.by_id.get(job_id)
        if job is None or job.owner not in owners:
            raise Problem(
                404,
                "unknown_job",
                "This run is no longer known to the Jupyter server.",
                "The server stores results for an hour, or until it ends. Run it again.",
            )
        return job

    def cancel(self, job: Job) -> None:
        """Stop a job: its connection to the model service is closed at once, which stops the computation."""
        job.add_event(protocol.CancelledEvent())
        if job.task is not None:
            job.task.cancel()

    def forget(self, job: Job) -> None:
        """Forget a job that has ended, for its only reader has read it."""
        if job.ended is not None:
            self.by_id.pop(job.id, None)

    async def close(self) -> None:
        """Stop all jobs, with the server."""
        running = [job for job in self.by_id.values() if job.state == "running"]
        for job in running:
            # Failed rather than cancelled: the user didn't stop it.
            job.fail(Problem(503, "server_ended", "The Jupyter server was shut down during this run.", "Try again."))
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
                await self._finish(job, request)
        except Problem as problem:
            job.fail(problem)
        except Exception as error:
            log.error("LIT Lab: a job failed\n%s", discreet.trace(error))
            job.fail(Problem(500, "internal", "The Jupyter server failed during this run.", "See its log for details."))

    async def _finish(self, job: Job, request: protocol.JobRequest) -> None:
        """Have the service run the job, again if it ends meanwhile. Raises `Problem` if the job's last event doesn't come."""
        place = self._lines.place(
            job.owner, request.model, lambda what: job.add_event(protocol.StateEvent(message=what))
        )
        try:
            await place.turn()
            await self._try(job, request, place)
        finally:
            place.end()

    async def _try(self, job: Job, request: protocol.JobRequest, place: Place) -> None:
        tries, results = Tries(self._client.elsewhere), Results(request)
        missing, waits = request, ""
        while job.state == "running":  # it may have failed while another job's result came
            try:
                return await self._follow(job, missing, results, place)
            except InexactError:
                job.add_event(protocol.StateEvent(message="The effects are computed once more, all of them exactly."))
                missing, pause = results.missing() or missing, 0.0
            except Busy as busy:
                if place.join() and busy.message != waits:
                    waits = busy.message
                    job.add_event(protocol.StateEvent(message=f"{busy.waiting}: {waits}"))
                pause = await place.wait(functools.partial(tries.wait, busy))
            except Problem as problem:
                rest = results.missing()
                if rest is None and isinstance(problem, Broke):
                    # Only the word that nothing follows was lost.
                    return job.add_event(protocol.DoneEvent(seconds=results.seconds))
                missing, waits = rest or missing, ""
                pause, notice = tries.again(problem, results.num)
                if notice:
                    job.add_event(protocol.RestartedEvent(message=notice))
            await asyncio.sleep(pause)

    async def _follow(self, job: Job, request: protocol.JobRequest, results: Results, place: Place) -> None:
        """Have the service run the job, to its last event. Raises `Problem` if that doesn't come."""
        endpoint = await self._service.ready(lambda what: job.add_event(protocol.StateEvent(message=what)))
        async with contextlib.aclosing(self._client.lines(endpoint, f"/{request.kind}", request, job.owner)) as lines:
            async for line in lines:
                place.accepted()
                self._take(job, line, results)
                if job.state != "running":
                    return
        raise await self._client.broke(endpoint)

    def _take(self, job: Job, line: bytes, results: Results) -> None:
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
            kinds = protocol.kinds_of_validation(error)
            log.warning("LIT Lab: the model service sent an event that is not understood: %s", kinds)
            raise Problem(
                502,
                "service_answer",
                "The Jupyter server doesn't understand an answer of the model service.",
                "Check that service and Jupyter server have the same version of lit_lab.",
            ) from error
        if isinstance(event, protocol.HeartbeatEvent):
            return  # each reader has its own
        if not results.is_new(event):
            return
        if job.size + len(line) > MAX_JOB_BYTES:
            raise _too_large()
        self._make_room(job, len(line))
        job.add(line, event.event)

    def _forget(self, but: Job | None = None) -> None:
        """Forget jobs that ended: those that are old, and the oldest when there are too many or they hold too much.

        Args:
            but: One that is never too much: its reader is about to come for its last event.
        """
        now = time.monotonic()
        ended = self._ended()
        for index, job in enumerate(ended):
            if now - (job.ended or 0) > RETENTION or (len(ended) - index > MAX_ENDED and job is not but):
                del self.by_id[job.id]
        with contextlib.suppress(_NoRoom):
            self._find_room("", 0, but)

    def _make_room(self, job: Job, more: int) -> None:
        """Have room for more bytes of a job. Raises `Problem`: its owner's jobs hold too much, and all of them run."""
        while True:
            try:
                self._find_room(job.owner, more)
            except _NoRoom as full:
                greediest = full.owner
            else:
                return
            running = [other for other in self.by_id.values() if other.state == "running" and other.owner == greediest]
            largest = max(running, key=lambda other: other.held, default=job)
            problem = Problem(
                507,
                "result_too_large",
                "The results of what is running or was run here take more memory than the Jupyter server may use for them.",
                "Ask for fewer targets or segments at a time, or wait until what is running has ended.",
            )
            if greediest == job.owner or largest is job:
                raise problem
            largest.fail(problem)
            if largest.task is not None:
                largest.task.cancel()

    def _find_room(self, owner: str, more: int, but: Job | None = None) -> None:
        """Forget jobs that ended until there is room for more bytes of an owner's. Raises `_NoRoom`."""
        held: Counter[str] = Counter({owner: more})
        for job in self.by_id.values():
            held[job.owner] += job.held
        # What a job and the recorder both hold is the same lines.
        waiting = sum(
            max(0, size - (self.by_id[job_id].size if job_id in self.by_id else 0))
            for job_id, size in self._recorder.waiting().items()
        )
        for name in list(held):
            while held[name] > MAX_OWNER_BYTES:
                held[name] -= self._forget_one(name, but)
        while held and held.total() + waiting > MAX_TOTAL_BYTES:
            ((greediest, _),) = held.most_common(1)
            held[greediest] -= self._forget_one(greediest, but)

    def _forget_one(self, owner: str, but: Job | None) -> int:
        """Forget an owner's oldest job that ended, and return its bytes. Raises `_NoRoom`."""
        for job in self._ended():
            if job.owner == owner and job is not but:
                del self.by_id[job.id]
                return job.held
        raise _NoRoom(owner)

    def _ended(self) -> list[Job]:
        """Return the jobs that ended, the oldest first."""
        ended = (job for job in self.by_id.values() if job.ended is not None)
        return sorted(ended, key=lambda job: job.ended or 0)


class _NoRoom(Exception):  # noqa: N818 - a signal between two methods, no error
    """An owner's jobs hold too much, and all of them run."""

    def __init__(self, owner: str) -> None:
        super().__init__(owner)
        self.owner = owner


def check_result(request: protocol.JobRequest) -> None:
    """Refuse a request of which it is certain beforehand that its result is too large. Raises `Problem`."""
    if not isinstance(request, protocol.SalienceRequest):
        return
    tokens = len(request.ids)
    numbers = sum(_SCORE_BYTES * span.end + _ZERO_BYTES * (tokens - span.end) for span in request.targets)
    if numbers * len(request.methods) > MAX_JOB_BYTES:
        raise Problem(
            422,
            "result_too_large",
            f"{tokens:,} scores for each of {len(request.targets):,} targets by {len(request.methods)} methods are larger than "
            f"the {MAX_JOB_BYTES // 2**20} MiB that a result may have.",
            "Ask for fewer targets at a time.",
        )


def _without_repetitions(request: protocol.JobRequest) -> protocol.JobRequest:
    """Return a request of which each target and method is computed once."""
    if not isinstance(request, protocol.SalienceRequest):
        return request
    targets = {(span.start, span.end): span for span in request.targets}
    return request.model_copy(
        update={"targets": list(targets.values()), "methods": list(dict.fromkeys(request.methods))}
    )


def _parsed(request: protocol.JobRequest) -> int:
    """Return about how many bytes the lists of a request take in memory."""
    if isinstance(request, protocol.SalienceRequest):
        numbers, spans = len(request.ids), len(request.targets)
    elif isinstance(request, protocol.AblationRequest | protocol.FaithfulnessRequest):
        numbers, spans = len(request.ids) + len(request.segments), len(request.segments)
        if isinstance(request, protocol.AblationRequest) and request.edited is not None:
            numbers += sum(map(len, request.edited.removed)) + len(request.edited.logprobs)
            spans += len(request.edited.segments)
    elif isinstance(request, protocol.EffectsRequest):
        chosen = sum(map(len, request.chosen))
        return _NUMBER_BYTES * (len(request.ids) + chosen) + _SPAN_BYTES * (
            len(request.segments) + len(request.answer_segments)
        )
    else:
        return 0
    return _NUMBER_BYTES * (numbers + len(request.foil or ())) + _SPAN_BYTES * spans


def _too_large() -> Problem:
    return Problem(
        507,
        "result_too_large",
        f"The result is larger than {MAX_JOB_BYTES // 2**20} MiB.",
        "Ask for fewer targets or segments at a time.",
    )
