"""A service's batches, composed."""

from __future__ import annotations

import asyncio
import contextlib

from lit_lab.batches.runner import Together
from lit_lab.client.job_client import JobClient
from lit_lab.protocol import BatchStorage, GenerateRequest

from ..registry import Registry
from ..scheduler import Scheduler
from .connection import SchedulerConnection
from .runner import BatchRunner
from .shared_batches import SharedBatches


class HostedBatches:
    """The batches that a process of the service answers about, and may run.

    Args:
        limits: Where they are, and how much may be stored.
        registry: The models.
        scheduler: Runs their computations.
        together: Computes many rows at a time, on several replicas; None: this process computes them.

    Attributes:
        batches: The batches.
    """

    def __init__(
        self, limits: BatchStorage, registry: Registry, scheduler: Scheduler, together: Together | None = None
    ) -> None:
        def check(request: GenerateRequest) -> None:
            registry.get(request.model)

        def client(owner: str) -> JobClient:
            return JobClient(SchedulerConnection(registry, scheduler, owner))

        self.batches = SharedBatches(limits, check, lambda: self._runner.wake())
        self._runner = BatchRunner(self.batches.folders, self.batches.asked, limits, client, together)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to run what is asked for."""
        self._task = asyncio.ensure_future(self._runner.run())

    async def close(self) -> None:
        """Stop. What is computed is stored, and goes on at the next start, or in another replica."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.batches.end_threads()
