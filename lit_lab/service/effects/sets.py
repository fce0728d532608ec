"""The sets of segments that are removed, in an order that shares most of the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lit_lab.protocol import EffectsRequest

BLOCK = 16
"""Random sets that are sorted together. A block is a first look; more samples add blocks, and change none."""

_MAX_REPEATING_SEGMENTS = 10
"""Of so many segments there are 1,024 sets."""

Kind = Literal["one", "held_out", "random", "chosen"]


@dataclass(frozen=True)
class RemovedSet:
    """Segments to remove together.

    Attributes:
        kind: As in `EffectsEvent`.
        indices: The segments, ascending: the prompt's, then the answer's.
    """

    kind: Kind
    indices: tuple[int, ...]


def blocks_of(num_segments: int, num_answer_segments: int, request: EffectsRequest) -> list[list[RemovedSet]]:
    """Return the sets to score, in blocks whose order doesn't change when more samples are requested.

    The first block is the prompt as it is, then each segment alone, the last one first: what stands before a segment is then
    already computed. Random sets keep each segment with a probability of one half, as ContextCite's do (Cohen-Wang et al.
    2024), and are sorted, so that neighbours share a beginning.
    """
    if request.chosen:
        return [[RemovedSet("chosen", tuple(indices)) for indices in request.chosen]]
    num_all = num_segments + num_answer_segments
    one = [RemovedSet("one", ()), *(RemovedSet("one", (index,)) for index in reversed(range(num_all)))]
    held_out = _random(num_segments, request.held_out, (request.seed, 1), "held_out")
    random = _random(num_segments, request.samples, (request.seed, 0), "random")
    return [block for block in (one, *held_out, *random) if block]


def num_sets(request: EffectsRequest) -> int:
    """Return the number of sets of a request."""
    if request.chosen:
        return len(request.chosen)
    return 1 + len(request.segments) + len(request.answer_segments) + request.held_out + request.samples


def can_repeat(request: EffectsRequest) -> bool:
    """Return whether random sets repeat so often that their scores are worth remembering: few segments have few sets."""
    return len(request.segments) <= _MAX_REPEATING_SEGMENTS


def num_passes(request: EffectsRequest) -> int:
    """Return the number of passes that a request needs at most: where segments are few, sets that repeat are scored once."""
    if not can_repeat(request):
        return max(0, num_sets(request) - request.skip)
    blocks = blocks_of(len(request.segments), len(request.answer_segments), request)
    sets = [removed.indices for block in blocks for removed in block]
    return len(set(sets[request.skip :]))


def _random(num_segments: int, count: int, seed: Sequence[int], kind: Kind) -> list[list[RemovedSet]]:
    removed: NDArray[np.bool_] = np.random.default_rng(seed).random((count, num_segments)) < 0.5
    blocks = [removed[at : at + BLOCK].tolist() for at in range(0, count, BLOCK)]
    return [
        [RemovedSet(kind, tuple(index for index, gone in enumerate(row) if gone)) for row in sorted(block)]
        for block in blocks
    ]
