"""Gives the memory of unloaded models back to the system: at once what can be, and the rest by a new process.

TensorFlow never lets go of what it makes to compile a function: its graph, and the program that XLA makes of it. They
outlive the function, 20 to 100 MB for each small model that was used. Only the end of the process gives that back.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys
from collections.abc import Callable

from lit_lab.protocol import ModelAsked

from .registry import Registry

LOOK_SECONDS = 2.0  # how often is looked whether a new process would give memory back
_ROUNDS = 3

Tell = Callable[[list[ModelAsked] | None], None]
"""Takes the models of a new process; None: none is called for (any more)."""


class Returning:
    """Gives memory back when a model was unloaded.

    Args:
        registry: The models.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._is_left = False

    async def after_unloading(self) -> None:
        """Give weights back at once; what was compiled stays in this process."""
        if self._registry.imported:  # else nothing was loaded
            await self._registry.run(_collect)
            self._is_left = True

    def new_process(self) -> list[ModelAsked] | None:
        """Return how the models of a new process are to be asked for; None: it would give nothing back, or disturb.

        It would disturb while anything is done. And a large model takes long to be loaded and compiled again: what is
        left beside it, little in comparison, waits until it goes, too.
        """
        if not self._is_left:
            return None
        entries = self._registry.entries.values()
        if any(entry.is_at_work or (entry.model is not None and entry.model.waits_for_compiler) for entry in entries):
            return None
        return [
            ModelAsked(
                name=entry.name, precision=entry.asked, max_length=entry.max_length, load=entry.model is not None
            )
            for entry in entries
        ]

    async def watch(self, tell: Tell, is_needed: Callable[[], bool] = lambda: False) -> None:
        """Tell whether a new process is called for, whenever that changes; goes on until it is cancelled.

        Args:
            tell: Takes it.
            is_needed: Whether this process has what a new one wouldn't.
        """
        told = None
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            found = None if is_needed() else self.new_process()
            if found != told:
                tell(found)
                told = found


def _collect() -> None:
    """Give memory back to the system."""
    # TensorFlow's functions take their graphs apart when they are collected: what these hold is garbage only then.
    for _ in range(_ROUNDS):
        if not gc.collect():
            break
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's own
        if trim is not None:
            trim(0)
