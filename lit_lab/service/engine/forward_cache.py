"""The cache of forward passes. It holds few of them, because each takes much memory."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

MAX_PASSES = 2
"""The current sequence's pass and the previous one's."""


class ForwardCache:
    """The most recently used forward passes, of whole sequences and of prompts alone."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, tuple[int, ...]], Any] = OrderedDict()

    def get(self, kind: str, ids: tuple[int, ...]) -> Any | None:
        """Return a sequence's entry and mark it as the most recently used; None if there is no entry."""
        found = self._entries.get((kind, ids))
        if found is not None:
            self._entries.move_to_end((kind, ids))
        return found

    def make_room(self) -> None:
        """Remove the least recently used entries until another one fits.

        Call this before computing the new entry, so that the memory of both isn't needed at once.
        """
        while len(self._entries) >= MAX_PASSES:
            self._entries.popitem(last=False)

    def put(self, kind: str, ids: tuple[int, ...], value: Any) -> None:
        """Add an entry."""
        self._entries[kind, ids] = value

    def of_kind(self, kind: str) -> list[tuple[int, ...]]:
        """Return the sequences that have an entry of this kind."""
        return [ids for each, ids in self._entries if each == kind]

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
