"""Watches the service's memory.

Address space can't be limited (`RLIMIT_AS`): TensorFlow reserves far more than it uses, and an allocation that fails
inside it ends the process without a message. So the resident size is checked a few times a second.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from lit_lab.problem import Problem

LOOK_SECONDS = 0.2
GRACE_SECONDS = 3.0  # for a computation to end and give its memory back

log = logging.getLogger(__name__)


def resident_bytes() -> int:
    """Return this process's resident memory; where there is no /proc, its maximum so far."""
    if sys.platform == "linux":
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)


def trim() -> None:
    """Return freed memory to the system, which glibc's allocator would hold for later."""
    if sys.platform == "linux":
        release = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own
        if release is not None:
            release(0)


class Watchdog:
    """Ends computations when memory exceeds a limit, and the service itself if that doesn't help.

    Args:
        limit: In bytes.
        end_work: Ends all computations with a reason; returns whether there were any.
        end_service: Ends the service with a reason.
        measure: Returns the memory in use, in bytes.
    """

    def __init__(
        self,
        limit: int,
        end_work: Callable[[Problem], bool],
        end_service: Callable[[Problem], None],
        measure: Callable[[], int] = resident_bytes,
    ) -> None:
        self._limit = limit
        self._end_work = end_work
        self._end_service = end_service
        self._measure = measure
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start watching, in a thread."""
        threading.Thread(target=self._watch, name="memory", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            used = self._measure()
            if used <= self._limit:
                continue
            error = _over(used, self._limit)
            log.warning("%s", error.message)
            if self._end_work(error) and self._recovers():
                continue
            self._end_service(error)
            return

    def _recovers(self) -> bool:
        gc.collect()
        for _ in range(int(GRACE_SECONDS / LOOK_SECONDS)):
            if self._stopped.wait(LOOK_SECONDS):
                return True
            if self._measure() <= self._limit:
                return True
        return False


def _over(used: int, limit: int) -> Problem:
    return Problem(
        507,
        "memory_limit",
        f"The model service used {used / 2**20:,.0f} MiB of memory; its limit is {limit / 2**20:,.0f} MiB.",
        "Shorten the prompt, choose a smaller model, or raise c.LitLab.memory_limit.",
    )
