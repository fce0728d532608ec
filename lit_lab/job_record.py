"""From the events of a job to the run that they are."""

from __future__ import annotations

from collections.abc import Sequence

from lit_lab import protocol
from lit_lab.conversation import text_of
from lit_lab.streamed import StreamedAnswer


def record_of(
    job_id: str,
    created: float,
    request: protocol.GenerateRequest | protocol.ScoreRequest,
    events: Sequence[protocol.JobEvent],
) -> protocol.RunRecord:
    """Return the run that a job's events are, also of one that didn't finish.

    Args:
        job_id: The job's id, and so the run's.
        created: The time of the request, in seconds since the epoch.
        request: The job's request.
        events: The job's events, in order.
    """
    answer = next((event for event in events if isinstance(event, protocol.AnswerEvent)), None)
    # One that was stopped, or broke off, has the tokens that came.
    streamed = StreamedAnswer(events)
    prompt, tokens = streamed.prompt, answer.tokens if answer else streamed.tokens
    is_forced = isinstance(request, protocol.ScoreRequest)
    partial: protocol.Partial | None = None
    if answer is None:
        stopped = any(isinstance(event, protocol.CancelledEvent) for event in events)
        partial = "stopped" if stopped else "broke_off"
    if isinstance(request, protocol.ScoreRequest):
        # Nothing chose the tokens of a forced answer: as if greedily.
        title, sampling, stop = "", protocol.Sampling(), []  # type: str, protocol.Sampling, list[str]
    else:
        title, sampling, stop = request.title, request.sampling, request.stop
    return protocol.RunRecord(
        id=job_id,
        created=created,
        model=request.model,
        origin=request.origin,
        title=title,
        prompt=request.prompt if request.turns is None else text_of(request.turns),
        turns=request.turns or [],
        turn_spans=prompt.turn_spans if prompt else [],
        system=prompt.system if prompt else None,
        answer="".join(token.text for token in tokens),
        sampling=protocol.RunSampling(**sampling.model_dump()),
        stop=stop,
        chat=prompt.chat if prompt else "plain",
        thinking=prompt.thinking if prompt else False,
        terms=prompt.terms if prompt else None,
        prompt_tokens=prompt.tokens if prompt else [],
        answer_tokens=tokens,
        reason="forced_answer" if is_forced else answer.reason if answer else None,
        stopped_at=answer.stopped_at if answer else None,
        partial=partial,
        seconds=answer.seconds if answer else None,
        first_seconds=answer.first_seconds if answer else None,
    )
