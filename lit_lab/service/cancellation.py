"""Cancels a computation: its reader is gone, or it may not continue."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lit_lab.problem import Problem


class Cancelled(Exception):  # noqa: N818 - not an error
    """The reader is gone; the computation ends without a result."""


class Cancellation:
    """Passed to a computation, which calls `check` before each step: a token, a backward pass.

    May be set from any thread.

    Attributes:
        why: The reason for the reader, if there is one.
    """

    def __init__(self) -> None:
        self._set = threading.Event()
        self.why: Problem | None = None
        self._watching: Callable[[], object] | None = None
        self._lock = threading.Lock()

    def set(self, why: Problem | None = None) -> None:
        """Cancel the computation, with a reason for its reader if that is still there."""
        with self._lock:
            if self._set.is_set():
                return
            self.why = why
            self._set.set()
            watching = self._watching
        if watching is not None:
            watching()

    @property
    def is_set(self) -> bool:
        """Whether the computation is cancelled."""
        return self._set.is_set()

    def watch(self, watching: Callable[[], object] | None) -> None:
        """Call a function when this is set, in the thread that sets it; at once if it is set already."""
        with self._lock:
            self._watching = watching
            late = self._set.is_set()
        if late and watching is not None:
            watching()

    def check(self) -> None:
        """Raise if the computation is cancelled.

        Raises:
            Cancelled: The reader is gone.
            Problem: The reason for the reader.
        """
        if self._set.is_set():
            raise self.why or Cancelled
