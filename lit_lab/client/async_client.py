"""Jobs by program: each method starts a job, follows it to its end, and returns its result in the protocol's types.

A job of this client ends when nobody waits for it any more: unlike the panel, a program has no tab that comes back.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lit_lab import protocol
from lit_lab.client import discovery
from lit_lab.client.connection import Connection
from lit_lab.problem import Problem
from lit_lab.run_recorder import record_of
from lit_lab.streamed import comparable

if TYPE_CHECKING:
    from lit_lab.client.async_run import AsyncRun

OnEvent = Callable[[protocol.JobEvent], None]
"""Called with each event of a job: what it waits for, tokens of the answer, progress."""


async def connect(server: str | None = None, token: str | None = None) -> AsyncClient:
    """Find a place that computes, and return a client for it. Close the client at the end.

    Args:
        server: A Jupyter server's address; `own`: a model service of this process. None: `LIT_LAB_URL`; a running Jupyter server
            of this user; a model service of this process.
        token: The server's token. None: the one in the address, or for `LIT_LAB_URL` the one in `LIT_LAB_TOKEN`.

    Raises:
        Problem: What is named can't be used.
    """
    return AsyncClient(await discovery.find(server, token))


class AsyncClient:
    """A client, for one event loop.

    Args:
        connection: Where its jobs run. Closed with the client.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._default_model = ""

    def __repr__(self) -> str:
        return f"<AsyncClient on {self.where}>"

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def where(self) -> str:
        """Where its jobs run, in words that follow “on”."""
        return self.connection.where

    async def close(self) -> None:
        """Close the connection. A model service of this process ends."""
        await self.connection.close()

    async def default_model(self) -> str:
        """Return the name of the model that the panel chooses first. Raises `Problem`."""
        if not self._default_model:
            name = (await self.connection.status()).default_model
            if not name:
                models = (await self.connection.models()).models
                if not models:
                    raise Problem(404, "unknown_model", "There is no model.", "Add one in the panel.")
                name = models[0].name
            self._default_model = name
        return self._default_model

    async def job(self, request: protocol.JobRequest) -> AsyncGenerator[protocol.JobEvent, None]:
        """Run a job and yield its events, the last of which is `done`. Closing this iterator stops the job.

        Raises:
            Problem: The job is refused, failed, or was stopped by somebody else.
        """
        info = await self.connection.start(request)
        async with contextlib.aclosing(self._follow(info)) as events:
            async for event in events:
                yield event

    async def explain(self, prompt: str | None = None, **options: Any) -> AsyncRun:
        """Run a prompt, and return the run with the maps of its answer's sentences, as `lit_lab.explain`.

        Args:
            prompt: The prompt.
            options: The other arguments of `lit_lab.explain` that say what is requested.

        Raises:
            Problem: The request isn't valid, or failed.
        """
        from lit_lab.client.asking import Asked, ask
        from lit_lab.client.async_run import AsyncRun

        return AsyncRun(await ask(self, Asked(prompt, **options)))

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
        return await self.connection.models()

    async def runs(self, request: protocol.RunsRequest) -> protocol.RunsResponse:
        """Return runs of the history, newest first. Raises `Problem`."""
        return await self.connection.runs(request)

    async def run(self, run_id: str) -> protocol.RunRecord:
        """Return a run of the history, with all its scores. Raises `Problem`."""
        return await self.connection.run(run_id)

    async def _run(
        self, request: protocol.GenerateRequest | protocol.ScoreRequest, on_event: OnEvent | None
    ) -> protocol.RunRecord:
        info = await self.connection.start(request)
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
            async with contextlib.aclosing(self.connection.events(info)) as events:
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
                    await self.connection.cancel(info)
