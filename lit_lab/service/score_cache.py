"""Caches scores. Returning to a target then takes no computation."""

from __future__ import annotations

import sys
from array import array
from collections import OrderedDict
from collections.abc import Hashable, Sequence

from .cache_limits import CacheStats

MAX_BYTES = 64 * 2**20
_OVERHEAD = 512  # bytes of an entry besides its numbers

Ids = tuple[int, ...]


class ScoreCache:
    """Maps inputs to scores, and drops the least recently used ones first.

    Args:
        max_bytes: Approximate maximum memory.

    Attributes:
        stats: What the cache did.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self.stats = CacheStats()
        self._known: OrderedDict[tuple[Ids, Hashable], tuple[array[float], float | None]] = OrderedDict()

    def get(self, ids: Ids, what: Hashable) -> tuple[list[float], float | None] | None:
        """Return a sequence's cached scores and gap, or None."""
        key = ids, what
        if key not in self._known:
            self.stats.misses += 1
            return None
        self.stats.hits += 1
        self._known.move_to_end(key)
        scores, gap = self._known[key]
        return scores.tolist(), gap

    def put(self, ids: Ids, what: Hashable, scores: Sequence[float], gap: float | None) -> None:
        """Cache scores and gap."""
        key = ids, what
        if key not in self._known:
            self._known[key] = array("d", scores), gap
            self.stats.size += _size(ids, scores)
        while self.stats.size > self._max_bytes:
            (old, _), (values, _) = self._known.popitem(last=False)
            self.stats.size -= _size(old, values)
        self.stats.entries = len(self._known)


def _size(ids: Ids, scores: Sequence[float]) -> int:
    return sys.getsizeof(ids) + 8 * len(scores) + _OVERHEAD
