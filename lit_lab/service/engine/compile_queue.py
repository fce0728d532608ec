"""What the model compiles once it is idle."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class CompileQueue:
    """Requested lengths, each with its largest requested number of rows; safe to use from several threads.

    It is true while anything is requested or being compiled.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, int] = {}
        self._running = 0

    def __bool__(self) -> bool:
        return bool(self._rows or self._running)

    def add(self, length: int, rows: int) -> None:
        """Request a length and its rows."""
        with self._lock:
            self._rows[length] = max(rows, self._rows.get(length, 0))

    @contextmanager
    def oldest(self) -> Iterator[tuple[int, int] | None]:
        """Take the oldest length and its rows, or None, to be compiled within the context.

        The request is gone afterwards, even if compiling failed, unless it was repeated meanwhile.
        """
        with self._lock:
            length = next(iter(self._rows), None)
            taken = None if length is None else (length, self._rows.pop(length))
            self._running += 1
        try:
            yield taken
        finally:
            with self._lock:
                self._running -= 1
