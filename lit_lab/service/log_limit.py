"""Limits repeated log lines, so that they can't fill the log."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_LINES = 20
"""Maximum number of lines of one kind per minute."""

_SECONDS = 60.0
_KINDS = 256  # maximum number of kinds to remember
_KIND_CHARS = 60  # characters of a message that identify its kind; numbers or a traceback may follow


class LogLimit(logging.Filter):
    """A logging filter that passes a few lines of each kind per minute. The next line reports how many were dropped.

    Args:
        most: Maximum number of lines of one kind per minute.
        clock: Returns the time in seconds.
    """

    def __init__(self, most: int = MAX_LINES, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._most = most
        self._clock = clock
        self._seen: OrderedDict[tuple[str, int, str], list[float]] = (
            OrderedDict()
        )  # the start of the minute, and the lines since

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a record."""
        kind = record.name, record.levelno, str(record.msg)[:_KIND_CHARS]
        now = self._clock()
        began, count = self._seen.get(kind, (now, 0))
        left_out = 0
        if now - began >= _SECONDS:
            left_out = max(0, int(count) - self._most)
            began, count = now, 0
        self._seen[kind] = [began, count + 1]
        self._seen.move_to_end(kind)
        while len(self._seen) > _KINDS:
            self._seen.popitem(last=False)
        if count >= self._most:
            return False
        if left_out:
            record.msg, record.args = f"{record.getMessage()} [{left_out} more like this were left out]", ()
        return True
