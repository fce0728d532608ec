"""What is to be compiled once the model rests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Wanted:
    """Lengths, each with the most rows that were asked for; used by who asks and by the thread that compiles.

    It is true while anything is wanted, what is being compiled included.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, int] = {}
        self._under_way = 0

    def __bool__(self) -> bool:
        return bool(self._rows or self._under_way)

    def add(self, length: int, rows: int) -> None:
        """Ask for a length and its rows."""
        with self._lock:
            self._rows[length] = max(rows, self._rows.get(length, 0))

    @contextmanager
    def oldest(self) -> Iterator[tuple[int, int] | None]:
        """Give the oldest length and its rows to be compiled within the context, or None.

        It is not wanted any more afterwards unless it was asked for again, even where compiling failed.
        """
        with self._lock:
            length = next(iter(self._rows), None)
            taken = None if length is None else (length, self._rows.pop(length))
            self._under_way += 1
        try:
            yield taken
        finally:
            with self._lock:
                self._under_way -= 1
