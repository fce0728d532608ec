"""Jobs by program: each method starts a job, follows it to its end, and returns its result in the protocol's types.

A job of this client ends when nobody waits for it any more: unlike the panel, a program has no tab that comes back. What a batch needs
is here, without what only a user's program does, for the model service runs batches, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import TypeVar

from lit_lab import protocol
from lit_lab.client.connection import JobConnection
from lit_lab.job_record import record_of
from lit_lab.problem import Problem
from lit_lab.streamed import comparable

OnEvent = Callable[[protocol.JobEvent], None]
"""Called with each event of a job: what it waits for, tokens of the answer, progress."""


Client = TypeVar("Client", bound="JobClient")


class JobClient:
    """A client, for one event loop.

    Args:
        connection: Where its jobs run. Closed with the client.
    """

    def __init__(self, connection: JobConnection) -> None:
        self._jobs = connection

    async def __aenter__(self: Client) -> Client:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection. A model service of this process ends."""
        await self._jobs.close()

    async def job(self, request: protocol.JobRequest) -> AsyncGenerator[protocol.JobEvent, None]:
        """Run a job and yield its events, the last of which is `done`. Closing this iterator stops the job.

        Raises:
            Problem: The job is refused, failed, or was stopped by somebody else.
        """
        info = await self._jobs.start(request)
        async with contextlib.aclosing(self._follow(info)) as events:
            async for event in events:
                yield event

    async def generate(self, request: protocol.GenerateRequest, on_event: OnEvent | None = None) -> protocol.RunRecord:
        """Return the run of a prompt, which is in the history, too. Raises `Problem`."""
        return await self._run(request, on_event)

    async def score(self, request: protocol.ScoreRequest, on_event: OnEvent | None = None) -> protocol.RunRecord:
        """Return the run of a forced answer, which is in the history unless the request says otherwise. Raises `Problem`."""
        return await self._run(request, on_event)

    async def effects(
        self, request: protocol.EffectsRequest, on_event: OnEvent | None = None, alone: bool = False
    ) -> protocol.KeptEffects:
        """Return effects. They are stored with the runs of that sequence.

        Args:
            request: The request.
            on_event: Called with each event.
            alone: Stop once each segment was deleted alone: what follows only serves averages and tests of maps.

        Raises:
            Problem: The job is refused, or fails.
        """
        found: list[protocol.EffectsEvent] = []
        alone_sets = 1 + len(request.segments) + len(request.answer_segments)
        missing = alone_sets - request.skip
        async with contextlib.aclosing(self.job(request)) as events:
            async for event in events:
                if on_event is not None:
                    on_event(event)
                if isinstance(event, protocol.EffectsEvent):
                    if found and found[-1].difference is not None and event.difference is None:
                        missing = alone_sets  # it begins again, exactly
                    found.append(event)
                    missing -= len(event.removed) if event.kind == "one" else 0
                    if alone and not request.chosen and missing <= 0:
                        break
        return protocol.KeptEffects(
            segments=request.segments,
            answer_segments=request.answer_segments,
            held_out=request.held_out,
            seed=request.seed,
            events=comparable(found),
        )

    async def salience(
        self, request: protocol.SalienceRequest, on_event: OnEvent | None = None
    ) -> list[protocol.KeptScores]:
        """Return scores of each target by each method. They are stored with the runs of that sequence. Raises `Problem`."""
        return [
            protocol.KeptScores(event=event)
            for event in await self._events(request, on_event)
            if isinstance(event, protocol.ScoresEvent)
        ]

    async def ablation(self, request: protocol.AblationRequest, on_event: OnEvent | None = None) -> protocol.KeptScores:
        """Return scores by an ablation method. They are stored with the runs of that sequence. Raises `Problem`."""
        for event in await self._events(request, on_event):
            if isinstance(event, protocol.SegmentScoresEvent):
                return protocol.KeptScores(mode=request.mode, event=event)
        raise Problem(502, "no_result", "The job ended without scores.", "Run it again.")

    async def models(self) -> protocol.ModelsResponse:
        """Return the models. Starts nothing. Raises `Problem`."""
        return await self._jobs.models()

    async def _run(
        self, request: protocol.GenerateRequest | protocol.ScoreRequest, on_event: OnEvent | None
    ) -> protocol.RunRecord:
        info = await self._jobs.start(request)
        found: list[protocol.JobEvent] = []
        async with contextlib.aclosing(self._follow(info)) as events:
            async for event in events:
                found.append(event)
                if on_event is not None:
                    on_event(event)
        return record_of(info.id, info.created, request, found)

    async def _events(self, request: protocol.JobRequest, on_event: OnEvent | None) -> list[protocol.JobEvent]:
        found: list[protocol.JobEvent] = []
        async with contextlib.aclosing(self.job(request)) as events:
            async for event in events:
                found.append(event)
                if on_event is not None:
                    on_event(event)
        return found

    async def _follow(self, info: protocol.JobInfo) -> AsyncGenerator[protocol.JobEvent, None]:
        ended = False
        try:
            async with contextlib.aclosing(self._jobs.events(info)) as events:
                async for event in events:
                    ended = isinstance(event, protocol.DoneEvent | protocol.ErrorEvent | protocol.CancelledEvent)
                    if isinstance(event, protocol.ErrorEvent):
                        raise Problem(event.status, event.error, event.message, event.hint)
                    if isinstance(event, protocol.CancelledEvent):
                        raise Problem(409, "cancelled", "The job was stopped.", "Run it again.")
                    yield event
            if not ended:
                raise Problem(502, "no_result", "The job's events ended before the job.", "Run it again.")
        finally:
            if not ended:
                # Nobody waits for it any more.
                with contextlib.suppress(Problem):
                    await self._jobs.cancel(info)
