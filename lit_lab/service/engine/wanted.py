"""What is to be compiled once the model rests."""

from __future__ import annotations

import threading


class Wanted:
    """Lengths, each with the most rows that were asked for; used by who asks and by the thread that compiles."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, int] = {}

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, length: int, rows: int) -> None:
        """Ask for a length and its rows."""
        with self._lock:
            self._rows[length] = max(rows, self._rows.get(length, 0))

    def take(self) -> tuple[int, int] | None:
        """Return the oldest length and its rows, which is not wanted any more unless it is asked for again; or None."""
        with self._lock:
            length = next(iter(self._rows), None)
            return None if length is None else (length, self._rows.pop(length))
