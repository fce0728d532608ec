"""From a row to its record: the model's answer, and what each part of the prompt does to it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lit_lab.batches.plan import Plan
from lit_lab.batches.prompt_parts import MAX_PARTS, PromptPart
from lit_lab.batches.record import PartRecord, Record
from lit_lab.batches.rows import BatchRow
from lit_lab.client import effect_table
from lit_lab.client.checked import checked
from lit_lab.client.job_client import JobClient
from lit_lab.problem import Problem
from lit_lab.protocol import EffectsRequest, RunRecord, SalienceRequest, Span, TextSpan

if TYPE_CHECKING:
    from lit_lab.batches.judging import Judge

FATAL = frozenset(
    {
        "bad_server",
        "forbidden",
        "no_extension",
        "not_found",
        "server_answer",
        "server_unreachable",
        "service_secret",
        "service_unreachable",
        "unauthenticated",
        "unauthorized",
        "unknown_model",
        "version_mismatch",
    }
)
"""Codes of problems that each further row would have, too: the batch stops."""


class RowFailed(Exception):  # noqa: N818 - what became of a row, rather than an error
    """A row failed while it was computed.

    Args:
        record: Its record, which says why.
        problem: Why.
    """

    def __init__(self, record: Record, problem: Problem) -> None:
        super().__init__(problem.message)
        self.record = record
        self.problem = problem


async def compute(client: JobClient, plan: Plan, row: BatchRow, judge: Judge | None = None) -> Record:
    """Return a row's record. That of a row which can't be used says why.

    Args:
        client: Where it is computed.
        plan: What is computed.
        row: The row.
        judge: Checks its answer; None: there are no checks.

    Raises:
        RowFailed: It can't be computed.
        Problem: No row can be computed.
    """
    texts = [turn.text for turn in row.turns] if row.turns is not None else [row.prompt or ""]
    turn_starts = list(itertools.accumulate((len(text) for text in texts), initial=0))
    starts = [turn_starts[part.turn] + part.start for part in row.parts]
    known = Record(
        row.number,
        row.line,
        prompt="".join(texts),
        target=row.target,
        parts=tuple(PartRecord(part.id, part.text, start) for part, start in zip(row.parts, starts, strict=True)),
        error=row.reason,
    )
    if row.reason:
        return known
    try:
        run = await client.generate(plan.request(row.prompt, None if row.turns is None else list(row.turns)))
    except Problem as problem:
        raise _failed(known, problem) from problem
    known = _with(
        known,
        answer=run.answer,
        reason=run.reason or "",
        num_tokens=len(run.answer_tokens),
        logprob=sum(token.logprob or 0.0 for token in run.answer_tokens) if run.answer_tokens else None,
    )
    shares: list[float | None] = [None] * len(row.parts)
    effects = shares
    has_parts = bool(run.answer_tokens and row.parts)
    try:
        if has_parts and "shares" in plan.measures:
            shares = await _shares(client, run, row.parts)
        if has_parts and "effects" in plan.measures:
            effects = await _effects(client, run, row.parts)
    except Problem as problem:
        raise _failed(known, problem) from problem
    parts = tuple(
        PartRecord(part.id, part.text, start, share, effect)
        for part, start, share, effect in zip(row.parts, starts, shares, effects, strict=True)
    )
    known = _with(known, parts=parts)
    try:
        return known if judge is None else _with(known, checks=await judge.of(client, row, run, parts))
    except Problem as problem:
        raise _failed(known, problem) from problem


def _failed(known: Record, problem: Problem) -> RowFailed:
    if problem.code in FATAL:
        raise problem
    return RowFailed(_with(known, error=str(problem)), problem)


def _with(record: Record, **changes: object) -> Record:
    return Record(**{**vars(record), **changes})


async def _shares(client: JobClient, run: RunRecord, parts: Sequence[PromptPart]) -> list[float | None]:
    """Return each part's share of the gradient of the whole answer; None where the prompt's tokens don't spell it."""
    places = _token_places(run)
    if places is None:
        return [None] * len(parts)
    ids = [token.id for token in [*run.prompt_tokens, *run.answer_tokens]]
    target = Span(start=len(run.prompt_tokens), end=len(ids))
    (kept,) = await client.salience(
        checked(SalienceRequest, model=run.model, ids=ids, targets=[target], methods=["grad_l2"])
    )
    sums = [0.0] * len(parts)
    at = 0
    order = sorted(range(len(parts)), key=lambda index: (parts[index].turn, parts[index].start))
    for index, (turn, first) in sorted(places.items(), key=lambda item: item[1]):
        while at < len(order) and (parts[order[at]].turn, parts[order[at]].end) <= (turn, first):
            at += 1
        if at < len(order) and (parts[order[at]].turn, parts[order[at]].start) <= (turn, first):
            sums[order[at]] += kept.event.scores[index] ** 2
    total = sum(sums)
    return [value / total for value in sums] if total > 0 else [None] * len(parts)


def _token_places(run: RunRecord) -> dict[int, tuple[int, int]] | None:
    """Return where the first visible character of each token of the prompt is, as its turn and its place there."""
    spans = [(span.start, span.end) for span in run.turn_spans] if run.turns else [(0, len(run.prompt_tokens))]
    texts = [turn.text for turn in run.turns] if run.turns else [run.prompt]
    if len(spans) != len(texts):
        return None
    found: dict[int, tuple[int, int]] = {}
    for turn, ((start, end), text) in enumerate(zip(spans, texts, strict=True)):
        tokens = run.prompt_tokens[start:end]
        content = "".join(token.text for token in tokens)
        at = text.find(content)  # a chat format may trim a turn
        if at < 0:
            return None
        for index, token in enumerate(tokens, start=start):
            visible = len(token.text) - len(token.text.lstrip())
            if visible < len(token.text):
                found[index] = (turn, at + visible)
            at += len(token.text)
    return found


async def _effects(client: JobClient, run: RunRecord, parts: Sequence[PromptPart]) -> list[float | None]:
    """Return by how much the answer's log-probability falls without each part, in nats."""
    if len(parts) > MAX_PARTS:
        raise Problem(
            422,
            "too_many_parts",
            f"The prompt has {len(parts):,} parts; the most whose effects are computed are {MAX_PARTS}.",
            "Shorten the template, or compute no effects.",
        )
    return await effect_of_spans(
        client, run, [TextSpan(turn=part.turn, start=part.start, end=part.end) for part in parts]
    )


async def effect_of_spans(client: JobClient, run: RunRecord, spans: list[TextSpan]) -> list[float | None]:
    """Return by how much the answer's log-probability falls without each stretch of the prompt, in nats. Raises `Problem`."""
    ids = [token.id for token in [*run.prompt_tokens, *run.answer_tokens]]
    request = effects_request(run, ids, spans)
    kept = await client.effects(request)
    logprobs = effect_table.known_logprobs([kept], request)
    seam = len(run.prompt_tokens)
    return effect_table.effects_on(logprobs, len(spans), (seam, len(ids)), seam)


def effects_request(
    run: RunRecord, ids: list[int], segments: list[TextSpan], chosen: Iterable[list[int]] = ()
) -> EffectsRequest:
    """Return the request that deletes parts of a run's prompt: each alone, or in chosen sets.

    A batch's records don't say in which precision they were computed, and are compared with each other: they are exact.
    """
    return checked(
        EffectsRequest,
        model=run.model,
        prompt=None if run.turns else run.prompt,
        turns=run.turns or None,
        chat="off" if run.chat == "plain" else "on",
        thinking=run.thinking,
        ids=ids,
        answer_start=len(run.prompt_tokens),
        segments=segments,
        samples=0,
        held_out=0,
        chosen=list(chosen),
        precision="float32",
    )
