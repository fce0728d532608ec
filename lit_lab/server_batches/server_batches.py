"""All batches that this server runs: one at a time for each user, the others wait.

The folders are what counts: they are read anew for each list, and several Jupyter servers of a user may show the same ones. In
memory is only what runs, and what was read of the few batches that were looked at last.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from lit_lab import discreet
from lit_lab.batches import export, noise, runner
from lit_lab.batches.runner import BatchProgress
from lit_lab.client.async_client import AsyncClient
from lit_lab.datasets.columns import shorten
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.problem import Problem
from lit_lab.protocol import (
    BatchesResponse,
    BatchFullRow,
    BatchInfo,
    BatchParts,
    BatchRequest,
    BatchRowsPage,
    BatchRowsRequest,
    GenerateRequest,
)

from . import over_rows, pages
from .batch import ServerBatch
from .exporting import exported
from .folders import About, BatchFolder, Folders
from .making import make, plans_of
from .owner_threads import OwnerThreads
from .wording import for_browser

MAX_BATCHES = 200
"""Maximum number of one user's batches."""

MAX_CACHED = 8
"""Maximum number of batches whose records' index is in memory without need."""

MAX_LISTED = 300
"""Maximum characters of a template in a list of batches."""

_THREADS = 4
_THREADS_OF_ONE = 2  # user, so that others needn't wait for theirs
_CLOSING = 2.0  # seconds that the end of the server waits for batches to store what is computed
_STOPPING = 20.0  # seconds that a request to stop waits

log = logging.getLogger(__name__)


class ServerBatches:
    """The batches of all users of this server.

    Args:
        root: The folder of all batches.
        client: Returns a client whose jobs are a user's batches'.
        check: Refuses requests that no service would run.
    """

    def __init__(
        self, root: Path, client: Callable[[str], AsyncClient], check: Callable[[GenerateRequest], None]
    ) -> None:
        self._folders = Folders(root)
        self._client = client
        self._check = check
        self._batches: OrderedDict[tuple[str, str], ServerBatch] = OrderedDict()
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._starting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        # Requests for the progress wait neither for pages of rows nor for what takes long.
        self._threads = OwnerThreads(_THREADS, _THREADS_OF_ONE, "lit-lab-batches")
        self._paging = OwnerThreads(_THREADS, _THREADS_OF_ONE, "lit-lab-batch-pages")
        self._long = OwnerThreads(_THREADS, _THREADS_OF_ONE, "lit-lab-batches-long")
        self._starts: set[asyncio.Task[BatchesResponse]] = set()
        self._is_over = False

    # --- What there is ---

    async def all(self, owner: str) -> BatchesResponse:
        """Return a user's batches, newest first. Raises `Problem`."""
        ids = await self._threads.run(owner, lambda: self._folders.ids(owner))
        found = []
        for batch_id in ids:
            with contextlib.suppress(Problem):  # deleted meanwhile
                info = await self.info(owner, batch_id)
                found.append(info.model_copy(update={"template": shorten(info.template, MAX_LISTED)}))
        return BatchesResponse(batches=sorted(found, key=lambda info: (-info.created, info.id)))

    async def info(self, owner: str, batch_id: str) -> BatchInfo:
        """Return how far a batch is. Raises `Problem`."""
        return await self._info(await self._get(owner, batch_id))

    async def rows(self, owner: str, batch_id: str, request: BatchRowsRequest) -> BatchRowsPage:
        """Return some of a batch's rows. Raises `Problem`."""
        batch = await self._get(owner, batch_id, is_shown=True)
        other = None if request.other is None else await self._get(owner, request.other, is_shown=True)
        return await self._paging.run(owner, lambda: pages.page(batch, request, other))

    async def row(self, owner: str, batch_id: str, row: int) -> BatchFullRow:
        """Return a row. Raises `Problem`."""
        batch = await self._get(owner, batch_id, is_shown=True)
        return await self._paging.run(owner, lambda: pages.row_of(batch, row))

    async def parts(self, owner: str, batch_id: str) -> BatchParts:
        """Return what the parts of a template do over all rows. Raises `Problem`."""
        batch = await self._get(owner, batch_id, is_shown=True)
        if batch.adding_up is not None:
            # It may lack what was stored since it began.
            await asyncio.wait({batch.adding_up})
        if batch.adding_up is None:
            batch.adding_up = asyncio.ensure_future(self._long.run(owner, lambda: over_rows.parts_now(batch)))
            batch.adding_up.add_done_callback(lambda _: batch.end_adding_up())
        return await asyncio.shield(batch.adding_up)

    async def export(self, owner: str, batch_id: str, kind: str) -> tuple[str, IO[bytes]]:
        """Return a batch's records as a file without a name, and a name for it. Raises `Problem`."""
        known = next((each for each in export.KINDS if each == kind), None)
        if known is None:
            raise Problem(404, "unknown_format", "There is no such format.", "Use csv, jsonl or parquet.")
        batch = await self._get(owner, batch_id, is_shown=True)
        return await self._long.run(owner, lambda: exported(batch, known))

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
        if not about.plan.template or "effects" not in about.plan.measures:
            raise Problem(
                422,
                "no_effects",
                "This batch has no effects of a template's parts.",
                "Run the rows with a template and effects.",
            )
        if find_spec("numpy") is None:
            raise Problem(422, "no_numpy", "The Jupyter server needs NumPy for this.", "Install it: pip install numpy.")
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
        for threads in (self._threads, self._paging, self._long):
            threads.end()

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
                owner, lambda: make(self._folders, owner, request, dataset, plans, lambda: self._is_over)
            )
        infos = []
        for folder, about in made:
            batch = self._known(owner, folder)
            if not self._is_over:
                self._begin(batch, "rows", self._computing(batch, about))
            infos.append(await self._info(batch))
        return BatchesResponse(batches=infos)

    def _computing(self, batch: ServerBatch, about: About) -> Callable[[], Awaitable[None]]:
        return lambda: self._compute(batch, about)

    async def _compute(self, batch: ServerBatch, about: About) -> None:
        def report(progress: BatchProgress) -> None:
            batch.progress = progress

        async with self._client(batch.owner) as client:
            await runner.run(client, about.plan, batch.folder.rows, batch.folder.records, report=report)

    async def _measure(self, batch: ServerBatch, about: About, num_rows: int) -> None:
        def report(done: int, total: int) -> None:
            batch.noise_message = f"{done:,} of {total:,} places"

        batch.noise_message = "Reads the rows."
        index = await self._long.run(batch.owner, lambda: batch.index)
        async with self._client(batch.owner) as client:
            found = await noise.verdicts(client, about.plan, index, num_rows, report)
        await self._threads.run(batch.owner, lambda: batch.store_verdicts(found))

    def _begin(self, batch: ServerBatch, doing: str, work: Callable[[], Awaitable[None]]) -> None:
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

    async def _run(self, batch: ServerBatch, work: Callable[[], Awaitable[None]]) -> None:
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

    async def _stop(self, batch: ServerBatch) -> None:
        task = batch.task
        if task is not None:
            if not batch.is_stopping:  # a second time would break off what the first one stores
                batch.is_stopping = True
                task.cancel()
            await asyncio.wait({task}, timeout=_STOPPING)

    def _check_idle(self, batch: ServerBatch, doing: str) -> None:
        if batch.doing not in ("", doing):
            what = "Its rows are computed" if batch.doing == "rows" else "Sentences that do nothing are looked for"
            raise Problem(409, "batch_runs", f"{what} now.", "Wait for the end, or stop it.")

    # --- The few in memory ---

    async def _get(self, owner: str, batch_id: str, is_shown: bool = False) -> ServerBatch:
        folder = await self._threads.run(owner, lambda: self._folders.find(owner, batch_id))
        return self._known(owner, folder, is_shown)

    def _known(self, owner: str, folder: BatchFolder, is_shown: bool = False) -> ServerBatch:
        """Return a batch, the one object of it.

        Args:
            owner: Whose it is.
            folder: Its folder.
            is_shown: Whether its records are looked at, rather than how far it is: then its index is kept longest.
        """
        key = (owner, folder.path.name)
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = ServerBatch(owner, folder)
            self._batches.move_to_end(key, last=False)
        if is_shown:
            self._batches.move_to_end(key)
        cached = [each for each in self._batches.values() if each.is_cached and each.task is None]
        for other in cached[:-MAX_CACHED]:
            if other is not batch:
                other.drop_caches()
        return batch

    async def _info(self, batch: ServerBatch) -> BatchInfo:
        return await self._threads.run(batch.owner, batch.info)
