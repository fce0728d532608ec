"""Log-probabilities of an answer's tokens after many versions of its prompt, of which neighbours share a beginning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..cached_pass import CachedPass
from ..scoring import BATCH_BYTES, LOGIT_BYTES, MAX_SEQUENCES, row_logprobs

PASS_WEIGHTS = 5_000_000_000
"""What a pass costs beside its tokens, in tokens times weights: 50 tokens of a model with 100 million weights in its blocks.
Measured on a CPU; on a GPU it is more."""

MAX_TOKENS = 2_048
"""Maximum tokens of a group of several sequences: a group can't be cancelled."""

MAX_KEPT_BYTES = 256 * 2**20
"""Maximum memory of the caches of earlier sequences during a pass."""

MAX_BATCHES = 64
"""Maximum number of batches whose caches are kept: each new sequence is compared with all of theirs."""


@dataclass(frozen=True)
class _Kept:
    """Sequences that were scored as one batch, without their last tokens, and the batch's cache."""

    given: list[list[int]]
    cache: Any


class PrefixScorer:
    """Scores sequences one after the other; each reuses what it shares with any of those before it.

    Scored in lexicographic order, sequences share as much as in a tree of their beginnings. Neighbours run as one batch
    where computing a part of what they share again costs less than another pass.

    Args:
        cached_pass: The model.
    """

    def __init__(self, cached_pass: CachedPass) -> None:
        self._pass = cached_pass
        self._kept: list[_Kept] = []  # the least recently used first
        self._tokens_of_a_pass = PASS_WEIGHTS // max(1, cached_pass.block_weights)
        self._max_sequences = 1 if cached_pass.compiles_shapes else MAX_SEQUENCES
        self._max_rows = max(1, LOGIT_BYTES // (4 * cached_pass.vocabulary_size))
        self.tokens = 0
        """How many tokens were computed so far."""

    def groups(self, sequences: Sequence[Sequence[int]], num_targets: Sequence[int]) -> Iterator[range]:
        """Yield the sequences to score together, by their indices, in order: those that cost the least.

        Args:
            sequences: Token ids; each has at least one token before the targets.
            num_targets: The number of tokens to score at the end of each.
        """
        count = len(sequences)
        given = [list(ids[:-1]) for ids in sequences]
        ends = [_first_row(ids, number) for ids, number in zip(given, num_targets, strict=True)]
        # By the start of a group and by sequence: what the sequence shares with any before that start.
        known = [max((shared for shared, _, _ in self._sources(ids)), default=0) for ids in given]
        shared = np.maximum.accumulate(np.array([known, *_all_shared(given)[:-1]]), axis=0)
        best: list[float] = [0.0] + [np.inf] * count  # the cost of the first sequences
        first = [0] * (count + 1)  # where their last group begins
        for start in range(count):
            begin = ends[start]
            longest = rows = 0
            for end in range(start + 1, min(count, start + self._max_sequences) + 1):
                at = end - 1
                begin = min(begin, int(shared[start, at]), ends[at])
                longest, rows = max(longest, len(given[at])), rows + num_targets[at]
                tokens = (end - start) * (longest - begin)
                too_large = (end - start) * longest * self._pass.token_bytes > BATCH_BYTES
                if at > start and (too_large or tokens > MAX_TOKENS or rows > self._max_rows):
                    break
                cost = best[start] + tokens + self._tokens_of_a_pass
                if cost < best[end]:
                    best[end], first[end] = cost, start
        found = []
        end = count
        while end:
            found.append(range(first[end], end))
            end = first[end]
        return reversed(found)

    def token_logprobs(
        self, sequences: Sequence[Sequence[int]], num_targets: Sequence[int]
    ) -> list[NDArray[np.float64]]:
        """Return the log-probability of each sequence's last tokens, in nats: `<float64>[num_targets]` for each sequence.

        Args:
            sequences: One of `groups`.
            num_targets: The number of tokens to score at the end of each.
        """
        if not any(num_targets):
            return [np.zeros(0)] * len(sequences)
        given = [list(ids[:-1]) for ids in sequences]  # the last token needs no prediction
        longest = max(map(len, given))
        begin, places = self._known(given, num_targets)
        if len(given) > 1 and len(given) * (longest - begin) > MAX_TOKENS:
            # What the group was planned with is gone since: it must stay short enough to be cancelled between passes.
            pairs = zip(sequences, num_targets, strict=True)
            return [self.token_logprobs([ids], [number])[0] for ids, number in pairs]
        cache = self._beginning(begin, places, self._pass.length_for(longest))
        self._trim()  # before the pass, which needs memory of its own
        rests = np.array([ids[begin:] + [0] * (longest - len(ids)) for ids in given], np.int32)
        hidden, cache = self._pass.run(rests, cache, begin)
        self._kept.append(_Kept(given, cache))
        self.tokens += rests.size
        ends = [len(ids) - begin for ids in given]
        rows = [hidden[at, end - number : end] for at, (end, number) in enumerate(zip(ends, num_targets, strict=True))]
        labels = [ids[len(ids) - number :] for ids, number in zip(sequences, num_targets, strict=True)]
        scores = row_logprobs(self._pass, ops.concatenate(rows), np.concatenate(labels).astype(np.int32))
        return np.split(scores, np.cumsum(num_targets)[:-1])

    def _known(self, given: list[list[int]], num_targets: Sequence[int]) -> tuple[int, list[tuple[int, int]]]:
        """Return how many tokens of each sequence are known, and for each sequence the batch and the row that has them."""
        sources = [max(self._sources(ids), default=(0, 0, 0)) for ids in given]
        ends = [_first_row(ids, number) for ids, number in zip(given, num_targets, strict=True)]
        return min(*ends, *(shared for shared, _, _ in sources)), [(batch, row) for _, batch, row in sources]

    def _beginning(self, begin: int, places: list[tuple[int, int]], length: int) -> Any:
        """Return the cache of a batch, of a given length, that has the first `begin` tokens of its sequences."""
        if begin == 0:
            return self._pass.empty_cache(length, len(places))
        rows = {}
        for batch, row in dict.fromkeys(places):
            rows[batch, row] = self._pass.resized(self._pass.row_of(self._kept[batch].cache, row), length)
        used = {batch for batch, _ in places}
        self._kept = [each for at, each in enumerate(self._kept) if at not in used] + [self._kept[at] for at in used]
        if len(rows) == 1:
            (cache,) = rows.values()
            return self._pass.tiled(cache, len(places)) if len(places) > 1 else cache
        return self._pass.joined([rows[place] for place in places])

    def _sources(self, ids: list[int]) -> Iterator[tuple[int, int, int]]:
        """Yield how many tokens a sequence shares with each earlier one, that one's batch, and its row."""
        for batch, kept in enumerate(self._kept):
            for row, other in enumerate(kept.given):
                yield _shared(other, ids), batch, row

    def _trim(self) -> None:
        """Drop the caches that weren't used for the longest time, if there are too many."""
        sizes = [self._pass.bytes_of(kept.cache) for kept in self._kept]
        while sum(sizes) > MAX_KEPT_BYTES or len(sizes) > MAX_BATCHES:
            sizes.pop(0)
            self._kept.pop(0)


def _first_row(given: list[int], num_targets: int) -> int:
    """Return the first token of a sequence that must run: its hidden state predicts a target."""
    return max(0, len(given) - max(1, num_targets))


def _shared(one: list[int], other: list[int]) -> int:
    """Return how many tokens two sequences begin with."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _all_shared(sequences: list[list[int]]) -> list[list[int]]:
    """Return how many tokens each sequence and each other one begin with."""
    return [[_shared(one, other) for other in sequences] for one in sequences]
