"""All batches in a folder, each user's own: what there is of them, and how far they are.

The folders are what counts: they are read anew for each list, and several processes may show the same ones. In memory is only what was
read of the few batches that were looked at last.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from pathlib import Path
from typing import IO

from lit_lab.datasets.columns import shorten
from lit_lab.problem import Problem
from lit_lab.protocol import BatchesResponse, BatchFullRow, BatchInfo, BatchParts, BatchRowsPage, BatchRowsRequest

from . import over_rows, pages
from .batch import StoredBatch
from .exporting import exported, known_kind
from .folders import BatchFolder, Folders
from .owner_threads import OwnerThreads

MAX_CACHED = 8
"""Maximum number of batches whose records' index is in memory without need."""

MAX_LISTED = 300
"""Maximum characters of a template in a list of batches."""

_THREADS = 4
_THREADS_OF_ONE = 2  # user, so that others needn't wait for theirs


class StoredBatches:
    """The batches of all users below one folder.

    Args:
        root: The folder of all batches.
    """

    def __init__(self, root: Path) -> None:
        self._folders = Folders(root)
        self._batches: OrderedDict[tuple[str, str], StoredBatch] = OrderedDict()
        # Requests for the progress wait neither for pages of rows nor for what takes long.
        self._threads = OwnerThreads(_THREADS, _THREADS_OF_ONE, "lit-lab-batches")
        self._paging = OwnerThreads(_THREADS, _THREADS_OF_ONE, "lit-lab-batch-pages")
        self._long = OwnerThreads(_THREADS, _THREADS_OF_ONE, "lit-lab-batches-long")

    async def all(self, owner: str) -> BatchesResponse:
        """Return a user's batches, newest first. Raises `Problem`."""
        ids = await self._threads.run(owner, lambda: self._folders.ids(owner))
        for key in [each for each in self._batches if each[0] == owner and each[1] not in ids]:
            self._forget(key)
        found = []
        for batch_id in ids:
            with contextlib.suppress(Problem):  # deleted meanwhile
                info = await self.info(owner, batch_id)
                found.append(info.model_copy(update={"template": shorten(info.template, MAX_LISTED)}))
        return BatchesResponse(batches=sorted(found, key=lambda info: (-info.created, info.id)))

    async def has(self, owner: str, batch_id: str) -> bool:
        """Return whether a user has such a batch. Raises `Problem`: the folder can't be read."""
        return batch_id in await self._threads.run(owner, lambda: self._folders.ids(owner))

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
        known = known_kind(kind)
        batch = await self._get(owner, batch_id, is_shown=True)
        return await self._long.run(owner, lambda: exported(batch, known))

    def end_threads(self) -> None:
        """Let the threads end after their remaining functions, without waiting for them."""
        for threads in (self._threads, self._paging, self._long):
            threads.end()

    # --- The few in memory ---

    async def _get(self, owner: str, batch_id: str, is_shown: bool = False) -> StoredBatch:
        try:
            folder = await self._threads.run(owner, lambda: self._folders.find(owner, batch_id))
        except Problem as problem:
            if problem.code == "unknown_batch":  # another process may have deleted it
                self._forget((owner, batch_id))
            raise
        return self._known(owner, folder, is_shown)

    def _forget(self, key: tuple[str, str]) -> None:
        """Forget a batch whose folder is gone, unless it runs here: then it ends by itself."""
        batch = self._batches.get(key)
        if batch is not None and batch.task is None:
            del self._batches[key]

    def _known(self, owner: str, folder: BatchFolder, is_shown: bool = False) -> StoredBatch:
        """Return a batch, the one object of it.

        Args:
            owner: Whose it is.
            folder: Its folder.
            is_shown: Whether its records are looked at, rather than how far it is: then its index is kept longest.
        """
        key = (owner, folder.path.name)
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = StoredBatch(owner, folder)
            self._batches.move_to_end(key, last=False)
        if is_shown:
            self._batches.move_to_end(key)
        cached = [each for each in self._batches.values() if each.is_cached and each.task is None]
        for other in cached[:-MAX_CACHED]:
            if other is not batch:
                other.drop_caches()
        return batch

    async def _info(self, batch: StoredBatch) -> BatchInfo:
        return await self._threads.run(batch.owner, batch.info)
