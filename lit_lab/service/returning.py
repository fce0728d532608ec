"""Gives the memory of unloaded models back to the system, what Python, the backend and the C library hold on to as well."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import logging
import sys
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

from .registry import Registry

if TYPE_CHECKING:
    from .entry import Entry
    from .language_model import LanguageModel

_ROUNDS = 3
_LOOK_SECONDS = 1.0  # how often is looked whether the models that stay are at rest

log = logging.getLogger(__name__)


class Returning:
    """Gives memory back when a model was unloaded.

    What was compiled for it can only be let go of together with all that was compiled. The models that stay are then as
    they were when they were first used: they work without, and what they want is compiled again once they rest. Where
    a map of one would have to wait for that, nothing compiled is given back before that one goes, too.

    Args:
        registry: The models.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._waiting: asyncio.Task[None] | None = None

    async def after_unloading(self) -> None:
        """Give weights back at once, and what was compiled as soon as the models that stay are at rest."""
        if not self._registry.imported:
            return  # nothing was loaded
        await self._registry.run(_collect)
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.ensure_future(self._once_at_rest())

    def _staying(self) -> list[Entry]:
        return [entry for entry in self._registry.entries.values() if entry.model is not None]

    def _is_at_rest(self) -> bool:
        return not any(entry.is_busy or entry.turn.locked() for entry in self._registry.entries.values())

    async def _once_at_rest(self) -> None:
        while True:
            while not self._is_at_rest():
                await asyncio.sleep(_LOOK_SECONDS)
            staying = self._staying()
            async with AsyncExitStack() as turns:
                for entry in staying:
                    await turns.enter_async_context(entry.turn)
                # Loading is done in the same thread: what begins from here on comes after this.
                is_loading = any(entry.is_busy for entry in self._registry.entries.values())
                if not is_loading and staying == self._staying():
                    models = [entry.model for entry in staying if entry.model is not None]
                    if any(model.waits_for_compiler for model in models):
                        return
                    await self._registry.run(partial(_give_back, models))
                    break
        for entry in staying:
            used = entry.used
            self._registry.rested(entry)
            entry.used = used  # nobody has used it


def _give_back(models: list[LanguageModel]) -> None:
    """Let go of all that was compiled, of the models that stay as well."""
    from .engine.backends import backend

    for model in models:
        model.forget_compiled()
    _collect()
    try:
        backend().forget_compiled()
    except Exception:
        log.exception("what was compiled stays in memory")
    _collect()


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
