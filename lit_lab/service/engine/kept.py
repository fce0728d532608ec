"""The forward passes that are kept: so few that what they take is bounded."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

MOST = 2
"""The sequence at hand and the one before it."""


class Kept:
    """What was kept or looked at last: of sequences as a whole, and of prompts apart."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, tuple[int, ...]], Any] = OrderedDict()

    def get(self, kind: str, ids: tuple[int, ...]) -> Any | None:
        """Return what is kept of some tokens; it is now the last that goes."""
        found = self._entries.get((kind, ids))
        if found is not None:
            self._entries.move_to_end((kind, ids))
        return found

    def make_room(self) -> None:
        """Let go of the oldest, where there is no room for another: before that is made, not after."""
        while len(self._entries) >= MOST:
            self._entries.popitem(last=False)

    def put(self, kind: str, ids: tuple[int, ...], value: Any) -> None:
        """Keep something."""
        self._entries[kind, ids] = value

    def of_kind(self, kind: str) -> list[tuple[int, ...]]:
        """Return of which tokens something of a kind is kept."""
        return [ids for each, ids in self._entries if each == kind]

    def clear(self) -> None:
        """Let go of everything."""
        self._entries.clear()
