"""The asynchronous twin of `Run`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, Literal

from lit_lab.client import explaining
from lit_lab.client.base_run import BaseRun
from lit_lab.client.run_state import RunState
from lit_lab.client.run_text import Cutting

if TYPE_CHECKING:
    from lit_lab.client.methods import MapMethod
    from lit_lab.client.parts import Part
    from lit_lab.client.salience_map import Map
    from lit_lab.client.targets import Target
    from lit_lab.segmentation import Granularity
    from lit_lab.segmentation.shares import Aggregation

Caller = Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]
"""Runs a coroutine in the event loop of the run's client."""


async def directly(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in the present event loop."""
    return await work


class AsyncRun(BaseRun):
    """A run whose methods are coroutines; otherwise like `Run`.

    Args:
        state: What is known of the run.
        call: Runs a coroutine in the event loop of the run's client.
    """

    def __init__(self, state: RunState, call: Caller = directly) -> None:
        super().__init__(state)
        self._call = call

    async def map(
        self,
        granularity: Granularity = "sentences",
        method: MapMethod = "effect",
        target: Target = None,
        *,
        aggregation: Aggregation = "squares",
        custom: str | None = None,
        mode: Literal["remove", "mask"] = "remove",
    ) -> Map:
        """Return what led to a part of the answer, as `Run.map`. Raises `Problem`."""
        cutting = Cutting(granularity, custom)
        found: Map = await self._call(explaining.map_of(self._state, cutting, method, target, aggregation, mode))
        return found

    async def influence(
        self, part: Part, *, occurrence: int | None = None, turn: int | None = None, target: Target = slice(None)
    ) -> float:
        """Return what a part of the prompt does to the answer, in nats, as `Run.influence`. Raises `Problem`."""
        found: float = await self._call(explaining.influence_of(self._state, part, occurrence, turn, target))
        return found

    async def without(
        self, part: Part, *, occurrence: int | None = None, turn: int | None = None, max_new_tokens: int | None = None
    ) -> AsyncRun:
        """Return the run of the prompt without a part, as `Run.without`. Raises `Problem`."""
        state = await self._call(explaining.without_part(self._state, part, occurrence, turn, max_new_tokens))
        return AsyncRun(state, self._call)
