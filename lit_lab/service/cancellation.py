"""Ending a computation that nobody waits for any more, or that may not go on."""

from __future__ import annotations

import threading
from collections.abc import Callable

from .errors import ServiceError


class Cancelled(Exception):  # noqa: N818 - not an error: nobody waits for the result any more
    """The reader went away; the computation ends without a result."""


class Cancellation:
    """Passed to a computation, which calls `check` before each piece of work: a token, a backward pass.

    Set from any thread.

    Attributes:
        why: The reason it was set for, where somebody is there to be told.
    """

    def __init__(self) -> None:
        self._set = threading.Event()
        self.why: ServiceError | None = None
        self._watching: Callable[[], object] | None = None
        self._lock = threading.Lock()

    def set(self, why: ServiceError | None = None) -> None:
        """End the computation; with a reason where somebody is there to be told."""
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
        """Whether it is to end."""
        return self._set.is_set()

    def watch(self, watching: Callable[[], object] | None) -> None:
        """Have a function called when this is set, in whichever thread that is; at once where it is set already."""
        with self._lock:
            self._watching = watching
            late = self._set.is_set()
        if late and watching is not None:
            watching()

    def check(self) -> None:
        """Go on, or raise.

        Raises:
            Cancelled: the reader went away.
            ServiceError: the reason it was ended for.
        """
        if self._set.is_set():
            raise self.why or Cancelled
