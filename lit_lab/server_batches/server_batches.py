"""All batches that this server runs: one at a time for each user, the others wait.

The folders are what counts: they are read anew for each list, and several Jupyter servers of a user may show the same ones. In
memory is only what runs, and what was read of the few batches that were looked at last.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

from lit_lab import discreet
from lit_lab.batch_store.batch import StoredBatch
from lit_lab.batch_store.folders import About
from lit_lab.batch_store.making import check_noise, make, plans_of
from lit_lab.batch_store.stored_batches import StoredBatches
from lit_lab.batch_store.wording import for_browser
from lit_lab.batches import noise, runner
from lit_lab.batches.runner import BatchProgress
from lit_lab.client.job_client import JobClient
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.problem import Problem
from lit_lab.protocol import BatchesResponse, BatchInfo, BatchRequest, GenerateRequest

from .copying import copy

MAX_BATCHES = 200
"""Maximum number of one user's batches."""

_CLOSING = 2.0  # seconds that the end of the server waits for batches to store what is computed
_STOPPING = 20.0  # seconds that a request to stop waits

log = logging.getLogger(__name__)


class ServerBatches(StoredBatches):
    """The batches of all users of this server.

    Args:
        root: The folder of all batches.
        client: Returns a client whose jobs are a user's batches'.
        check: Refuses requests that no service would run.
    """

    def __init__(
        self, root: Path, client: Callable[[str], JobClient], check: Callable[[GenerateRequest], None]
    ) -> None:
        super().__init__(root)
        self._client = client
        self._check = check
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._starting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._starts: set[asyncio.Task[BatchesResponse]] = set()
        self._is_over = False

    # --- Changes ---

    async def start(self, owner: str, request: BatchRequest, dataset: OpenDataset) -> BatchesResponse:
        """Copy rows of a dataset, and run them. Raises `Problem`."""
        # A client that goes away meanwhile finds its batches in the list.
        task = asyncio.ensure_future(self._start(owner, request, dataset))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)
        task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        return await asyncio.shield(task)

    async def go_on(self, owner: str, batch_id: str) -> BatchInfo:
        """Compute the rows of a batch that have no answer yet, or failed. Raises `Problem`."""
        batch = await self._get(owner, batch_id)
        about = await self._threads.run(owner, lambda: batch.about)
        self._check_idle(batch, "rows")
        if batch.doing:
            return await self._info(batch)
        self._check(about.plan.request("a prompt"))
        if await self._threads.run(owner, batch.is_held):
            raise Problem(
                409, "batch_runs", "Another Jupyter server runs this batch.", "Wait for its end, or stop it there."
            )
        await self._long.run(owner, batch.repair)
        self._check_idle(batch, "rows")  # it may have changed meanwhile
        if not batch.doing:
            self._begin(batch, "rows", lambda: self._compute(batch, about))
        return await self._info(batch)

    async def noise(self, owner: str, batch_id: str, num_rows: int) -> BatchInfo:
        """Find which sentences of a batch's template do nothing. Raises `Problem`."""
        batch = await self._get(owner, batch_id)
        about = await self._threads.run(owner, lambda: batch.about)
        self._check_idle(batch, "noise")
        if batch.doing:
            return await self._info(batch)
        check_noise(about.plan)
        self._check(about.plan.request("a prompt"))
        self._begin(batch, "noise", lambda: self._measure(batch, about, num_rows))
        return await self._info(batch)

    async def stop(self, owner: str, batch_id: str) -> BatchInfo:
        """Stop what a batch does now. What is computed is stored. Raises `Problem`."""
        batch = await self._get(owner, batch_id)
        if batch.task is None and await self._threads.run(owner, batch.is_held):
            raise Problem(409, "batch_runs", "Another Jupyter server runs this batch.", "Stop it there.")
        await self._stop(batch)
        return await self._info(batch)

    async def delete(self, owner: str, batch_id: str) -> None:
        """Stop a batch, and delete its folder. Raises `Problem`."""
        batch = await self._get(owner, batch_id)
        if batch.task is None and await self._threads.run(owner, batch.is_held):
            raise Problem(409, "batch_runs", "Another Jupyter server runs this batch.", "Stop it there.")
        await self._stop(batch)
        await self._threads.run(owner, lambda: self._folders.delete(batch.folder))
        self._batches.pop((owner, batch_id), None)

    async def close(self) -> None:
        """Stop all batches, with the server. What is computed is stored."""
        self._is_over = True
        stopping = [asyncio.ensure_future(self._stop(batch)) for batch in self._batches.values()]
        if pending := [*stopping, *self._starts]:
            await asyncio.wait(pending, timeout=_CLOSING)
        for stopped in stopping:
            stopped.cancel()
        self.end_threads()

    # --- Tasks ---

    async def _start(self, owner: str, request: BatchRequest, dataset: OpenDataset) -> BatchesResponse:
        if dataset.is_reading:
            raise Problem(
                409, "still_reading", "The dataset is still being read.", "Start when all of its rows have been read."
            )
        plans = plans_of(request)
        for plan in plans:
            self._check(plan.request("a prompt"))
        async with self._starting[owner]:
            ids = await self._threads.run(owner, lambda: self._folders.ids(owner))
            if len(ids) + len(plans) > MAX_BATCHES:
                raise Problem(
                    429,
                    "too_many_batches",
                    f"You have {len(ids):,} batches; the server stores at most {MAX_BATCHES:,}.",
                    "Delete some that you no longer need.",
                )
            made = await self._long.run(
                owner,
                lambda: make(
                    self._folders,
                    owner,
                    request,
                    dataset.name,
                    plans,
                    lambda folder: copy(dataset, request.rows, folder, lambda: self._is_over),
                ),
            )
        infos = []
        for folder, about in made:
            batch = self._known(owner, folder)
            if not self._is_over:
                self._begin(batch, "rows", self._computing(batch, about))
            infos.append(await self._info(batch))
        return BatchesResponse(batches=infos)

    def _computing(self, batch: StoredBatch, about: About) -> Callable[[], Awaitable[None]]:
        return lambda: self._compute(batch, about)

    async def _compute(self, batch: StoredBatch, about: About) -> None:
        def report(progress: BatchProgress) -> None:
            batch.progress = progress

        async with self._client(batch.owner) as client:
            await runner.run(client, about.plan, batch.folder.rows, batch.folder.records, report=report)

    async def _measure(self, batch: StoredBatch, about: About, num_rows: int) -> None:
        def report(done: int, total: int) -> None:
            batch.noise_message = f"{done:,} of {total:,} places"

        batch.noise_message = "Reads the rows."
        index = await self._long.run(batch.owner, lambda: batch.index)
        async with self._client(batch.owner) as client:
            found = await noise.verdicts(client, about.plan, index, num_rows, report)
        await self._threads.run(batch.owner, lambda: batch.store_verdicts(found))

    def _begin(self, batch: StoredBatch, doing: str, work: Callable[[], Awaitable[None]]) -> None:
        if self._is_over:
            raise Problem(503, "server_ended", "The server is being shut down.", "Try again.")
        batch.doing = "noise" if doing == "noise" else "rows"
        if doing == "rows":
            batch.problem = None
        else:
            batch.noise_problem = None
        batch.task = asyncio.ensure_future(self._run(batch, work))
        # Also if it is stopped before its first step.
        batch.task.add_done_callback(lambda _: batch.rest())

    async def _run(self, batch: StoredBatch, work: Callable[[], Awaitable[None]]) -> None:
        problem: Problem | None = None
        try:
            async with self._turns[batch.owner]:
                batch.has_turn = True
                await work()
        except asyncio.CancelledError:
            pass  # stopped, which is how it ends for everybody who waits
        except Problem as failed:
            problem = for_browser(failed)
        except Exception as error:
            log.error("LIT Lab: a batch failed\n%s", discreet.trace(error))
            problem = Problem(
                500, "internal", "The Jupyter server failed during this batch.", "See its log for details."
            )
        if batch.doing == "rows":
            batch.problem = problem
            if batch.has_turn and not self._is_over:
                await self._threads.run(batch.owner, batch.store_figures)
        else:
            batch.noise_problem = problem

    async def _stop(self, batch: StoredBatch) -> None:
        task = batch.task
        if task is not None:
            if not batch.is_stopping:  # a second time would break off what the first one stores
                batch.is_stopping = True
                task.cancel()
            await asyncio.wait({task}, timeout=_STOPPING)

    def _check_idle(self, batch: StoredBatch, doing: str) -> None:
        if batch.doing not in ("", doing):
            what = "Its rows are computed" if batch.doing == "rows" else "Sentences that do nothing are looked for"
            raise Problem(409, "batch_runs", f"{what} now.", "Wait for the end, or stop it.")
