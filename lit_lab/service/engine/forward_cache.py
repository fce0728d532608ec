"""The cache of forward passes, for several sequences of several users. Each pass takes much memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from ..cache_limits import CacheStats

MAX_PASSES = 2
"""Without a limit in bytes: the current sequence's pass and the previous one's."""

Key = tuple[str, str, tuple[int, ...]]


class ForwardCache:
    """The most recently used forward passes, of whole sequences and of prompts alone.

    Passes are their owner's: nobody finds another's, so response times don't show what others have run. Sizes are estimates
    from shapes, so that room is made before a pass is computed.

    Args:
        max_bytes: Maximum bytes of all passes; None: `MAX_PASSES` of any size. One pass is cached even if it is larger.

    Attributes:
        owner: The user whose passes are found and added.
        stats: What the cache did.
    """

    def __init__(self, max_bytes: int | None = None) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Key, tuple[Any, int]] = OrderedDict()
        self.owner = ""
        self.stats = CacheStats()

    def get(self, kind: str, ids: tuple[int, ...]) -> Any | None:
        """Return a sequence's entry and mark it as the most recently used; None if there is no entry."""
        key = self.owner, kind, ids
        found = self._entries.get(key)
        if found is None:
            return None
        self._entries.move_to_end(key)
        return found[0]

    def needed(self, kind: str, ids: tuple[int, ...]) -> Any | None:
        """As `get`, for what is computed if it isn't there: the statistics count it."""
        found = self.get(kind, ids)
        if found is None:
            self.stats.misses += 1
        else:
            self.stats.hits += 1
        return found

    def make_room(self, size: int) -> None:
        """Remove the least recently used entries until another one fits.

        Call this before computing the new entry, so that the memory of both isn't needed at once.

        Args:
            size: Bytes that the new entry will take, about.
        """
        while self._entries and not self._has_room(size):
            self._drop(next(iter(self._entries)))

    def put(self, kind: str, ids: tuple[int, ...], value: Any, size: int) -> None:
        """Add an entry, or replace it."""
        key = self.owner, kind, ids
        if key in self._entries:
            self._drop(key)
        self._entries[key] = value, size
        self.stats.size += size
        self.stats.entries += 1

    def of_kind(self, kind: str) -> list[tuple[int, ...]]:
        """Return the owner's sequences that have an entry of this kind."""
        return [ids for owner, each, ids in self._entries if (owner, each) == (self.owner, kind)]

    def clear(self) -> None:
        """Remove all entries, of all owners."""
        self._entries.clear()
        self.stats.size = self.stats.entries = 0

    def _has_room(self, size: int) -> bool:
        if self._max_bytes is None:
            return len(self._entries) < MAX_PASSES
        return self.stats.size + size <= self._max_bytes

    def _drop(self, key: Key) -> None:
        _, size = self._entries.pop(key)
        self.stats.size -= size
        self.stats.entries -= 1
