"""Log-probabilities of an answer's tokens after many versions of its prompt, of which neighbours share a beginning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..cached_pass import CachedPass, cache_length
from ..scoring import row_logprobs


class PrefixScorer:
    """Scores sequences one after the other; each reuses what it shares with the one before.

    Scored in lexicographic order, sequences share as much as in a tree of their beginnings, with one cache.

    Args:
        cached_pass: The model.
    """

    def __init__(self, cached_pass: CachedPass) -> None:
        self._pass = cached_pass
        self._ids: list[int] = []
        self._cache: Any = None
        self.tokens = 0
        """How many tokens were computed so far."""

    def token_logprobs(self, ids: Sequence[int], num_targets: int) -> NDArray[np.float64]:
        """Return the log-probability of each of a sequence's last tokens, in nats: `<float64>[num_targets]`.

        Args:
            ids: The sequence, with at least one token before the targets.
            num_targets: The number of tokens to score.
        """
        if not num_targets:
            return np.zeros(0)
        given = list(ids[:-1])  # the last token needs no prediction
        length = cache_length(len(given))
        if self._cache is None:
            self._cache = self._pass.empty_cache(length)
        elif length > self._pass.length_of(self._cache):
            self._cache = self._pass.resized(self._cache, length)
        begin = min(_shared(self._ids, given), len(given) - num_targets)
        hidden, self._cache = self._pass.run(np.array([given[begin:]], np.int32), self._cache, begin)
        self._ids = given
        self.tokens += len(given) - begin
        rows = hidden[0, -num_targets:]
        return row_logprobs(self._pass, ops.convert_to_tensor(rows), np.array(ids[-num_targets:], np.int32))


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many tokens two sequences begin with."""
    most = min(len(one), len(other))
    return next((at for at in range(most) if one[at] != other[at]), most)
