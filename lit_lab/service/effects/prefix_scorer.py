"""Log-probabilities of an answer's tokens after many versions of its prompt, of which neighbours share a beginning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


class PrefixScorer:
    """Scores sequences one after the other; each reuses what it shares with the one before.

    Scored in lexicographic order, sequences share as much as in a tree of their beginnings, with one cache. Neighbours run
    as one batch where computing a part of what they share again costs less than another pass.

    Args:
        cached_pass: The model.
    """

    def __init__(self, cached_pass: CachedPass) -> None:
        self._pass = cached_pass
        self._ids: list[int] = []
        self._cache: Any = None
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
        ends = [max(0, len(ids) - 1 - max(1, number)) for ids, number in zip(sequences, num_targets, strict=True)]
        before = [self._ids, *(list(ids[:-1]) for ids in sequences[:-1])]
        shared = [_shared(one, ids) for one, ids in zip(before, sequences, strict=True)]
        best: list[float] = [0.0] + [np.inf] * count  # the cost of the first sequences
        first = [0] * (count + 1)  # where their last group begins
        for start in range(count):
            begin = longest = rows = 0
            for end in range(start + 1, min(count, start + self._max_sequences) + 1):
                at = end - 1
                begin = min(shared[at], ends[at], *([begin] if at > start else []))
                longest, rows = max(longest, len(sequences[at]) - 1), rows + num_targets[at]
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
        begin = min(max(0, len(ids) - max(1, number)) for ids, number in zip(given, num_targets, strict=True))
        begin = min(begin, *(_shared(one, ids) for one, ids in zip([self._ids, *given[:-1]], given, strict=True)))
        length = self._pass.length_for(longest)
        cache = self._pass.empty_cache(length) if self._cache is None else self._pass.resized(self._cache, length)
        if len(given) > 1:
            cache = self._pass.tiled(cache, len(given))
        rests = np.array([ids[begin:] + [0] * (longest - len(ids)) for ids in given], np.int32)
        hidden, cache = self._pass.run(rests, cache, begin)
        self._cache = self._pass.last_of(cache) if len(given) > 1 else cache
        self._ids = given[-1]
        self.tokens += rests.size
        ends = [len(ids) - begin for ids in given]
        rows = [hidden[at, end - number : end] for at, (end, number) in enumerate(zip(ends, num_targets, strict=True))]
        labels = [ids[len(ids) - number :] for ids, number in zip(sequences, num_targets, strict=True)]
        scores = row_logprobs(self._pass, ops.concatenate(rows), np.concatenate(labels).astype(np.int32))
        return np.split(scores, np.cumsum(num_targets)[:-1])


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two sequences begin with."""
    most = min(len(one), len(other))
    return next((at for at in range(most) if one[at] != other[at]), most)
