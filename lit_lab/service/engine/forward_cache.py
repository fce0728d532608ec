"""The cache of forward passes: few enough that their memory is bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

MAX_PASSES = 2
"""The current sequence's and the one before."""


class ForwardCache:
    """The forward passes that were used last: of whole sequences, and of prompts alone."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, tuple[int, ...]], Any] = OrderedDict()

    def get(self, kind: str, ids: tuple[int, ...]) -> Any | None:
        """Return the entry of a sequence, if there is one, and mark it as the last used."""
        found = self._entries.get((kind, ids))
        if found is not None:
            self._entries.move_to_end((kind, ids))
        return found

    def make_room(self) -> None:
        """Remove the oldest entries until another fits. Call this before the other is computed, not after."""
        while len(self._entries) >= MAX_PASSES:
            self._entries.popitem(last=False)

    def put(self, kind: str, ids: tuple[int, ...], value: Any) -> None:
        """Add an entry."""
        self._entries[kind, ids] = value

    def of_kind(self, kind: str) -> list[tuple[int, ...]]:
        """Return the sequences that have an entry of a kind."""
        return [ids for each, ids in self._entries if each == kind]

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
