"""Frees the memory of unloaded models: some at once, the rest by a new process.

TensorFlow retains the graph of each function that it compiles, and the program that XLA makes of it, after the function
itself is gone (`benchmarks/unloading.py`). Only the end of the process frees them.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

from lit_lab.protocol import ModelAsked

from . import memory
from .registry import Registry

LOOK_SECONDS = 2.0  # between two checks of whether a new process would free memory
_ROUNDS = 3
_PATIENCE = 5.0  # seconds to wait for another thread's collection
_PAUSE = 0.01

Notify = Callable[[list[ModelAsked] | None], None]
"""Called with the models of a new process, or with None if none is needed (any more)."""


class Returning:
    """Frees memory after a model was unloaded.

    Args:
        registry: The models.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._is_left = False

    async def after_unloading(self) -> None:
        """Free the weights at once; compiled programs stay in this process."""
        if self._registry.imported:  # else nothing was loaded
            await self._registry.run(_collect)
            self._is_left = True

    def new_process(self) -> list[ModelAsked] | None:
        """Return the models of a new process, or None if it would free nothing or interrupt work.

        It would interrupt work while anything is computed, loaded or compiled. Nor is it worthwhile while a large model is loaded,
        which takes long to load and compile again; the rest is small in comparison.
        """
        if not self._is_left:
            return None
        entries = self._registry.entries.values()
        if any(entry.is_at_work or (entry.model is not None and entry.model.is_large) for entry in entries):
            return None
        return [
            ModelAsked(
                name=entry.name,
                precision=entry.requested_precision,
                max_length=entry.max_length,
                load=entry.model is not None,
            )
            for entry in entries
        ]

    async def watch(self, notify: Notify, is_needed: Callable[[], bool] = lambda: False) -> None:
        """Watch whether a new process would free memory, until cancelled.

        Args:
            notify: Called after each change with the new process's models, or None.
            is_needed: Returns whether this process has state that a new one would lack, such as LIT's app.
        """
        notified = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            found = None if is_needed() else self.new_process()
            if found != notified:
                notify(found)
                notified = found


def _collect() -> None:
    """Return memory to the system."""
    # TensorFlow's functions dismantle their graphs when they are collected; the graphs' contents are garbage only then.
    for _ in range(_ROUNDS):
        _collect_once()
    memory.trim()


def _collect_once() -> None:
    """Collect all garbage, after another thread's collection, during which `gc.collect` does nothing."""
    before = _collections()
    latest = time.monotonic() + _PATIENCE
    while True:
        gc.collect()
        if _collections() > before or time.monotonic() > latest:
            return
        time.sleep(_PAUSE)


def _collections() -> int:
    """Return how often all garbage has been collected."""
    count: int = gc.get_stats()[-1]["collections"]
    return count
