"""Says what a long start waits for, again and again: otherwise it looks like one that hangs."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SECONDS = 20.0
"""Seconds between two lines."""

LOGS_SECONDS = 60.0
"""Seconds after which a line says where Ray's logs are."""

Say = Callable[[str], None]


class Progress:
    """Says what is awaited.

    Args:
        say: Takes each line.
        logs: The folder of Ray's logs.
        seconds: Seconds between two lines.
    """

    def __init__(self, say: Say, logs: Path, seconds: float = SECONDS) -> None:
        self._say = say
        self._logs = logs
        self._seconds = seconds
        self._shown = False

    @contextlib.contextmanager
    def awaiting(self, what: str, state: Callable[[], str] = lambda: "") -> Iterator[None]:
        """Say within the context what is awaited: at once, and then again with the seconds so far.

        Args:
            what: What is awaited, such as "Starting Ray".
            state: Returns how far it is, for the later lines; empty: it can't be said.
        """
        self._say(f"{what}…")
        ended = threading.Event()
        thread = threading.Thread(target=self._repeat, args=(what, state, ended), name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(self._seconds)  # it may be asking for the state

    def _repeat(self, what: str, state: Callable[[], str], ended: threading.Event) -> None:
        start = time.monotonic()
        while not ended.wait(self._seconds):
            found = ""
            with contextlib.suppress(Exception):  # nothing can be asked before Ray runs
                found = state()
            if ended.is_set():
                return
            seconds = time.monotonic() - start
            logs = ""
            if seconds >= LOGS_SECONDS and not self._shown:
                self._shown, logs = True, f" Ray's logs: {self._logs}"
            self._say(f"{what}… {seconds:.0f} s so far{f': {found}' if found else ''}.{logs}")
