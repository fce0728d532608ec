"""The service's priority and threads: notebooks, kernels and other users come first."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

NICENESS = 10
OUT_OF_MEMORY_SCORE = 1000  # the kernel's maximum: it ends this process first

log = logging.getLogger(__name__)


def lower_priority() -> None:
    """Lower this process's priority, and make the kernel end it first when memory runs out."""
    try:
        os.nice(max(0, NICENESS - os.nice(0)))
    except OSError as error:
        log.warning("can't lower the priority: %s", error)
    if sys.platform == "linux":
        try:
            Path("/proc/self/oom_score_adj").write_text(f"{OUT_OF_MEMORY_SCORE}\n")
        except OSError as error:
            log.warning("can't set this process to be ended first when memory runs out: %s", error)


def threads(configured: int | None) -> int:
    """Return how many threads arithmetic may use: the configured number, or all cores but one, at least one."""
    if configured is not None:
        return configured
    # The cores this process may use, which in containers are fewer than the machine's.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    return max(1, cores - 1)
