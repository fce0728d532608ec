"""What deleting segments does to a target, from the events of a run's effects. Needs no NumPy."""

from __future__ import annotations

from collections.abc import Sequence

from lit_lab import effect_precision
from lit_lab.client.run_text import DeletedSegments
from lit_lab.protocol import EffectsRequest, KeptEffects, RunRecord, Span
from lit_lab.segmentation import TokenSpan

HELD_OUT = 16
SAMPLES = 32
SEED = 0
"""As the panel's (`src/session/effectSegments.ts`): the history joins effects of the same segments, number and seed."""

Logprobs = dict[tuple[int, ...], list[float | None]]
"""The answer's log-probabilities for each set of deleted segments."""


def effects_request(run: RunRecord, segments: DeletedSegments, ids: Sequence[int]) -> EffectsRequest:
    """Return the panel's request for the effects of a run."""
    return EffectsRequest(
        model=run.model,
        prompt=None if run.turns else run.prompt,
        turns=run.turns or None,
        chat="off" if run.chat == "plain" else "on",
        thinking=run.thinking,
        ids=list(ids),
        answer_start=len(run.prompt_tokens),
        segments=segments.texts,
        answer_segments=[Span(start=start, end=end) for start, end in segments.spans[len(segments.texts) :]],
        samples=SAMPLES,
        held_out=HELD_OUT,
        seed=SEED,
    )


def known_logprobs(effects: Sequence[KeptEffects], request: EffectsRequest) -> Logprobs:
    """Return the sets of a request's segments that are scored, all in one precision."""
    found: Logprobs = {}
    same = [
        kept
        for kept in effects
        if kept.segments == request.segments and kept.answer_segments == request.answer_segments
    ]
    for kept in effect_precision.in_one_precision(same):
        for event in kept.events:
            for removed, row in zip(event.removed, event.logprobs, strict=False):
                found.setdefault(tuple(removed), row)
    return found


def continued(request: EffectsRequest, effects: Sequence[KeptEffects]) -> EffectsRequest:
    """Return a request for those of its sets that aren't known yet, in the precision of those that are: they are compared with each other.

    Exact sets that don't follow others show that the service no longer computes in half precision: all are then computed exactly.
    """
    wanted = request.segments, request.answer_segments, request.held_out, request.seed
    same = [kept for kept in effects if (kept.segments, kept.answer_segments, kept.held_out, kept.seed) == wanted]
    exact, half = effect_precision.split(same)
    return request.model_copy(
        update={
            "skip": effect_precision.num_first(exact or half),
            "precision": "float32" if exact else request.precision,
        }
    )


def effects_on(logprobs: Logprobs, count: int, target: TokenSpan, seam: int) -> list[float | None]:
    """Return by how much the target's log-probability falls without each segment, in nats; None: it isn't scored.

    Args:
        logprobs: What is known.
        count: The number of segments.
        target: Tokens of the answer, in the whole sequence.
        seam: The index of the answer's first token.
    """
    whole = _sum(logprobs.get(()), target, seam)
    found: list[float | None] = []
    for index in range(count):
        without = _sum(logprobs.get((index,)), target, seam)
        found.append(None if whole is None or without is None else whole - without)
    return found


def _sum(row: list[float | None] | None, target: TokenSpan, seam: int) -> float | None:
    if row is None:
        return None
    total = 0.0
    for value in row[target[0] - seam : target[1] - seam]:
        if value is None:
            return None
        total += value
    return total
