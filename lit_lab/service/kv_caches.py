"""Key-value caches that later prompts reuse, for several sequences of several users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .cache_limits import CacheStats


@dataclass(frozen=True, eq=False)
class KVEntry:
    """A key-value cache.

    Attributes:
        owner: The user whose sequence it is.
        known: The tokens in it.
        cache: The keys and values; positions beyond the known tokens hold nothing of use.
        size: Bytes that it takes.
    """

    owner: str
    known: list[int]
    cache: Any
    size: int


class KVCaches:
    """The most recently used key-value caches. They are their owner's, as forward passes are (`ForwardCache`).

    Args:
        max_bytes: Maximum bytes of all of them; None: only the latest one of all users is cached.

    Attributes:
        owner: The user whose caches are found and added.
        stats: What the cache did. A hit is a prompt of which at least half was cached.
    """

    def __init__(self, max_bytes: int | None = None) -> None:
        self.max_bytes = max_bytes
        self.owner = ""
        self.stats = CacheStats()
        self._entries: list[KVEntry] = []  # the least recently used first

    @property
    def newest(self) -> KVEntry | None:
        """The most recently used one, of any owner."""
        return self._entries[-1] if self._entries else None

    def take(self, ids: Sequence[int], size: int) -> KVEntry | None:
        """Take out the cache to read a prompt into; None: a new one has to be made, and there is room for it.

        It is the one that shares most of its beginning with the prompt. Another sequence's, of which most would be lost, is
        left alone if there is room for one more.

        Args:
            ids: The prompt.
            size: Bytes that a new cache takes.
        """
        found = self._best(ids)
        reused = 0 if found is None else shared(found.known, ids)
        if 2 * reused >= len(ids):
            self.stats.hits += 1
        else:
            self.stats.misses += 1
        # Without a limit there is only one, which is reused even if it shares nothing: nothing has to be allocated.
        if found is not None and (self.max_bytes is None or 2 * reused >= len(found.known)):
            self._remove(found)
            return found
        if self.max_bytes is None or size <= self.max_bytes:  # else it won't be cached
            self._make_room(size)
        return None

    def containing(self, ids: Sequence[int]) -> KVEntry | None:
        """Return a cache that contains all of `ids`, and leave it where it is; None: there is none."""
        wanted = list(ids)
        for entry in reversed(self._own()):
            if entry.known[: len(wanted)] == wanted:
                self._entries.remove(entry)
                self._entries.append(entry)
                return entry
        return None

    def put(self, known: list[int], cache: Any, size: int) -> None:
        """Add a cache."""
        if self.max_bytes is not None and size > self.max_bytes:
            return
        self._make_room(size)
        self._entries.append(KVEntry(self.owner, known, cache, size))
        self.stats.size += size
        self.stats.entries += 1

    def known(self, ids: Sequence[int]) -> int:
        """Return how many tokens of a prompt are in one of the owner's caches."""
        return max((shared(entry.known, ids) for entry in self._own()), default=0)

    def clear(self) -> None:
        """Remove all of them, of all owners."""
        self._entries.clear()
        self.stats.size = self.stats.entries = 0

    def _own(self) -> list[KVEntry]:
        return [entry for entry in self._entries if entry.owner == self.owner]

    def _best(self, ids: Sequence[int]) -> KVEntry | None:
        own = self._own()
        # Of equals, the latest one.
        return max(reversed(own), key=lambda entry: shared(entry.known, ids)) if own else None

    def _make_room(self, size: int) -> None:
        while self._entries and (self.max_bytes is None or self.stats.size + size > self.max_bytes):
            self._remove(self._entries[0])

    def _remove(self, entry: KVEntry) -> None:
        self._entries.remove(entry)
        self.stats.size -= entry.size
        self.stats.entries -= 1


def shared(known: Sequence[int], ids: Sequence[int]) -> int:
    """Return how many tokens at the beginning of `ids` match `known`."""
    # The last token always runs: its logits aren't cached.
    most = min(len(known), len(ids) - 1)
    return next((at for at in range(most) if known[at] != ids[at]), most)
