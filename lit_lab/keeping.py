"""From a job that has ended to what is kept of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import TypeAdapter

from lit_lab import protocol
from lit_lab.history import History

_EVENT: TypeAdapter[protocol.JobEvent] = TypeAdapter(protocol.JobEvent)


async def keep(
    history: History, owner: str, job_id: str, created: float, request: protocol.JobRequest, lines: Sequence[bytes]
) -> None:
    """Keep what a job did, as far as it came: a run with an answer, or the scores of a run.

    Args:
        history: Where to.
        owner: Whose it is.
        job_id: The run's id from now on.
        created: When it was asked for, in seconds since the epoch.
        request: What was asked.
        lines: The job's events as JSON.
    """
    if not history.enabled or isinstance(request, protocol.TrustRequest | protocol.LitAppRequest):
        return  # a test of a map is quickly done again, and LIT's app is no run
    # Many megabytes, perhaps: not in the server's own thread.
    events = await asyncio.to_thread(lambda: [_EVENT.validate_json(line) for line in lines])
    if isinstance(request, protocol.GenerateRequest | protocol.ScoreRequest):
        run = _run(job_id, created, request, events)
        if run.answer_tokens:
            await history.keep(owner, run)
        return
    mode = request.mode if isinstance(request, protocol.AblationRequest) else None
    scores = [
        protocol.KeptScores(mode=mode, event=event)
        for event in events
        if isinstance(event, protocol.ScoresEvent | protocol.SegmentScoresEvent)
    ]
    if scores:
        await history.keep_scores(owner, request.model, request.ids, scores)


def _run(
    job_id: str,
    created: float,
    request: protocol.GenerateRequest | protocol.ScoreRequest,
    events: Sequence[protocol.JobEvent],
) -> protocol.RunRecord:
    answer = next((event for event in events if isinstance(event, protocol.AnswerEvent)), None)
    prompt = next((event for event in events if isinstance(event, protocol.PromptEvent)), None)
    # One that was stopped, or broke off, has the tokens that came.
    streamed = [event.token for event in events if isinstance(event, protocol.TokenEvent)]
    tokens = answer.tokens if answer else streamed
    given = isinstance(request, protocol.ScoreRequest)
    if isinstance(request, protocol.ScoreRequest):
        # A text that was given isn't chosen by anything: as if greedily.
        title, sampling = "", protocol.Sampling()
    else:
        title, sampling = request.title, request.sampling
    return protocol.RunRecord(
        id=job_id,
        created=created,
        model=request.model,
        origin=request.origin,
        title=title,
        prompt=request.prompt,
        answer="".join(token.text for token in tokens),
        sampling=protocol.RunSampling(**sampling.model_dump()),
        chat=prompt.chat if prompt else "plain",
        terms=prompt.terms if prompt else None,
        prompt_tokens=prompt.tokens if prompt else [],
        answer_tokens=tokens,
        reason="given" if given else answer.reason if answer else None,
        seconds=answer.seconds if answer else None,
        first_seconds=answer.first_seconds if answer else None,
    )
