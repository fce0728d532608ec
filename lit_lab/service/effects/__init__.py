"""Effects: scores a run's answer with parts of its prompt deleted, for all targets at once.

Every map by ablation follows from these scores without further passes: leave one out, ContextCite, the probability without a part.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, takewhile

import numpy as np
from numpy.typing import NDArray

from lit_lab.problem import Problem
from lit_lab.protocol import ComputedPrecision, EffectsEvent, EffectsRequest, StateEvent

from ..cancellation import Cancellation
from ..scoring import MAX_SEQUENCES
from ..tokens import SequenceTokenizer
from .edited import EditedPrompt
from .half_check import Check, checked
from .prefix_scorer import PrefixScorer
from .sets import RemovedSet, blocks_of, can_repeat, num_sets

_Known = dict[bytes, NDArray[np.float64]]
"""The scores of sequences, by a digest of their tokens and of how many of these, at the end, are the answer's."""

_EVENT_SECONDS = 0.25  # a block that takes longer is sent in pieces

__all__ = ["Check", "EditedPrompt", "PrefixScorer", "blocks_of", "checked", "explain", "num_sets"]


def explain(
    request: EffectsRequest,
    tokenizer: SequenceTokenizer,
    scorer: PrefixScorer,
    window: int,
    cancellation: Cancellation,
    clock: Callable[[], float] = time.monotonic,
    precision: ComputedPrecision = "float32",
    difference: float | None = None,
) -> Iterator[StateEvent | EffectsEvent]:
    """Score the answer for each set of removed segments.

    Args:
        request: The request.
        tokenizer: The model's.
        scorer: Scores sequences.
        window: The model's window.
        cancellation: Checked before each pass of one or several sets.
        clock: Tells the seconds.
        precision: What the scorer computes in.
        difference: Of its scores from float32, as in `EffectsEvent`.

    Yields:
        The scores, some sets at a time. If `request.seconds` ends the job, sets at the end are missing.

    Raises:
        Problem: `prompt_changed`, `sequence_too_long`, `not_finite`, or what tokenizing a prompt raises.
        Cancelled: The reader is gone.
    """
    edited = EditedPrompt(request, tokenizer, window)
    blocks = blocks_of(len(request.segments), len(request.answer_segments), request)
    known: _Known = {}
    repeats = can_repeat(request)
    begun = clock()
    first = 0

    def event(found: Sequence[tuple[RemovedSet, list[float | None]]], number: int) -> EffectsEvent:
        return EffectsEvent(
            kind=found[0][0].kind,
            first=number,
            total=num_sets(request),
            removed=[list(removed.indices) for removed, _ in found],
            logprobs=[row for _, row in found],
            precision=precision,
            difference=difference,
        )

    for block in blocks:
        skipped, first = max(0, request.skip - first), first + len(block)
        # Neighbours are tokenized, and may be scored, together.
        for at in range(skipped, len(block), MAX_SEQUENCES):
            part = block[at : at + MAX_SEQUENCES]
            if not repeats:
                known.clear()
            if request.seconds is not None and clock() - begun >= request.seconds:
                return
            found: list[tuple[RemovedSet, list[float | None]]] = []
            number = first - len(block) + at
            sent = clock()
            for scored in _scored(edited, scorer, part, known, cancellation):
                found += scored
                late = request.seconds is not None and clock() - begun >= request.seconds
                if late or clock() - sent >= _EVENT_SECONDS:
                    yield event(found, number)
                    number += len(found)
                    found, sent = [], clock()
                if late:
                    return
            if found:
                yield event(found, number)


def _scored(
    edited: EditedPrompt, scorer: PrefixScorer, part: Sequence[RemovedSet], known: _Known, cancellation: Cancellation
) -> Iterator[list[tuple[RemovedSet, list[float | None]]]]:
    """Yield sets and the log-probability of each of the answer's tokens, those of one pass at a time.

    Sets that leave the same tokens are scored once, also if an earlier part had them: few segments have few sets.
    """
    waiting: list[tuple[RemovedSet, bytes, NDArray[np.bool_]]] = []
    new: dict[bytes, tuple[Sequence[int], int]] = {}
    for removed in part:
        ids, stays = edited.without(removed.indices)
        number = int(stays.sum())
        key = hashlib.blake2b(np.array([number, *ids], np.int64).tobytes(), digest_size=16).digest()
        waiting.append((removed, key, stays))
        if key not in known:
            new.setdefault(key, (ids, number))
    keys = list(new)
    groups = scorer.groups(*zip(*new.values(), strict=True)) if new else ()
    for group in chain([range(0)], groups):
        cancellation.check()
        if group:
            scores = scorer.token_logprobs(*zip(*(new[keys[index]] for index in group), strict=True))
            known.update(zip((keys[index] for index in group), scores, strict=True))
        ready = list(takewhile(lambda each: each[1] in known, waiting))
        del waiting[: len(ready)]
        if ready:
            yield [(removed, _row(known[key], stays)) for removed, key, stays in ready]


def _row(scores: NDArray[np.float64], stays: NDArray[np.bool_]) -> list[float | None]:
    """Return the log-probability of each of the answer's tokens; None for those that are removed."""
    if not np.isfinite(scores).all():
        raise Problem(
            500,
            "not_finite",
            "The model's probabilities overflowed for a part of this prompt.",
            "Load the model in float32 (Models, Load with other settings…): float16 overflows first.",
        )
    rest = iter(scores.tolist())
    return [min(0.0, next(rest)) if stay else None for stay in stays]
