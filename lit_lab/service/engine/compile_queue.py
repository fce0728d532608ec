"""The queue of lengths to compile once the model is idle."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class CompileQueue:
    """Requested lengths, each with the largest number of rows requested for it.

    A queue is true while it has requests or one of them is being compiled. Several threads may use it at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: dict[int, int] = {}
        self._running = 0

    def __bool__(self) -> bool:
        return bool(self._rows or self._running)

    def add(self, length: int, rows: int) -> None:
        """Request a length and a number of rows."""
        with self._lock:
            self._rows[length] = max(rows, self._rows.get(length, 0))

    @contextmanager
    def oldest(self) -> Iterator[tuple[int, int] | None]:
        """Take the oldest request, a length and a number of rows, and compile it inside the context.

        Yields None if there are no requests. The request isn't repeated if compiling fails; `add` can request it again.
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
