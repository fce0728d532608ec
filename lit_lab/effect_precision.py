"""Which of a run's effects are compared with each other: those in half precision, or exact ones, never both. Needs no NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lit_lab.protocol import KeptEffects

BLOCK = 16
"""Number of random sets that were sorted together, as in `lit_lab.service.effects.sets`."""


def split(jobs: Sequence[KeptEffects]) -> tuple[list[KeptEffects], list[KeptEffects]]:
    """Return the exact effects of jobs, and those in half precision."""
    exact: list[KeptEffects] = []
    half: list[KeptEffects] = []
    for job in jobs:
        for found, is_half in ((exact, False), (half, True)):
            events = [event for event in job.events if (event.difference is not None) == is_half]
            if events:
                found.append(job.model_copy(update={"events": events}))
    return exact, half


def in_one_precision(jobs: Sequence[KeptEffects]) -> list[KeptEffects]:
    """Return the effects of jobs with the same segments in one precision: exact ones, once as much of them is known."""
    exact, half = split(jobs)
    return exact if not half or (num_first(exact) and _stage(exact) >= _stage(half)) else half


def num_first(jobs: Sequence[KeptEffects]) -> int:
    """Return how many sets are known from the first on."""
    known = {
        number
        for job in jobs
        for event in job.events
        if event.kind != "chosen"
        for number in range(event.first, event.first + len(event.removed))
    }
    count = 0
    while count in known:
        count += 1
    return count


def _stage(jobs: Sequence[KeptEffects]) -> int:
    """Return the stage of effects as in the panel: 0 for nothing, then effects, reliability, and better fits."""
    if not jobs:
        return 0
    job, count = jobs[0], num_first(jobs)
    alone = 1 + len(job.segments) + len(job.answer_segments)
    if count < alone:
        return 0
    tests = count - alone
    return 1 if tests < job.held_out else 2 + (tests - job.held_out) // BLOCK
