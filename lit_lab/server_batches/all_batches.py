"""A user's batches, wherever they are: this server's own, and those at the service that the hub manages."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import IO

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
    ErrorBody,
)

from .elsewhere import BatchesElsewhere
from .server_batches import ServerBatches


class AllBatches:
    """The batches that the panel shows. New ones are stored at the service if it offers that, else here.

    Args:
        here: This server's own.
        elsewhere: Those at the hub's service; None: there is no such service.
        owners: The owners whose batches those are. Others who may use this server have only its own.
    """

    def __init__(
        self, here: ServerBatches, elsewhere: BatchesElsewhere | None = None, owners: Collection[str] = ()
    ) -> None:
        self.here = here
        self._elsewhere = elsewhere
        self._owners = owners
        self._starts: set[asyncio.Task[BatchesResponse]] = set()

    async def all(self, owner: str) -> BatchesResponse:
        """Return a user's batches, newest first; while the service can't be asked, this server's own. Raises `Problem`."""
        found = await self.here.all(owner)
        try:
            service = await self._service(owner)
            if service is None:
                return found
            both = [*found.batches, *(await service.all()).batches]
        except Problem as problem:
            return found.model_copy(update={"unlisted": ErrorBody(**problem.body())})
        return BatchesResponse(batches=sorted(both, key=lambda info: (-info.created, info.id)))

    async def info(self, owner: str, batch_id: str) -> BatchInfo:
        """Return how far a batch is. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        return await (self.here.info(owner, batch_id) if service is None else service.info(batch_id))

    async def rows(self, owner: str, batch_id: str, request: BatchRowsRequest) -> BatchRowsPage:
        """Return some of a batch's rows. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        if request.other is not None and (await self._place(owner, request.other)) is not service:
            raise Problem(
                409,
                "other_place",
                "One of the batches is stored by this server, and the other by the shared service, so they can't be compared.",
                "Run the rows of the older one again.",
            )
        return await (self.here.rows(owner, batch_id, request) if service is None else service.rows(batch_id, request))

    async def row(self, owner: str, batch_id: str, row: int) -> BatchFullRow:
        """Return a row. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        return await (self.here.row(owner, batch_id, row) if service is None else service.row(batch_id, row))

    async def parts(self, owner: str, batch_id: str) -> BatchParts:
        """Return what the parts of a template do over all rows. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        return await (self.here.parts(owner, batch_id) if service is None else service.parts(batch_id))

    async def export(self, owner: str, batch_id: str, kind: str) -> tuple[str, IO[bytes]]:
        """Return a batch's records as a file without a name, and a name for it. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        return await (self.here.export(owner, batch_id, kind) if service is None else service.export(batch_id, kind))

    async def start(self, owner: str, request: BatchRequest, dataset: OpenDataset) -> BatchesResponse:
        """Copy rows of a dataset, and run them. Raises `Problem`."""
        service = await self._service(owner)
        if service is None:
            return await self.here.start(owner, request, dataset)
        if dataset.is_reading:
            raise Problem(
                409, "still_reading", "The dataset is still being read.", "Start when all of its rows have been read."
            )
        # A client that goes away meanwhile finds its batches in the list.
        task = asyncio.ensure_future(service.start(request, dataset))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)
        task.add_done_callback(lambda done: None if done.cancelled() else done.exception())
        return await asyncio.shield(task)

    async def go_on(self, owner: str, batch_id: str) -> BatchInfo:
        """Compute the rows of a batch that have no answer yet, or failed. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        return await (self.here.go_on(owner, batch_id) if service is None else service.go_on(batch_id))

    async def noise(self, owner: str, batch_id: str, num_rows: int) -> BatchInfo:
        """Find which sentences of a batch's template do nothing. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        return await (
            self.here.noise(owner, batch_id, num_rows) if service is None else service.noise(batch_id, num_rows)
        )

    async def stop(self, owner: str, batch_id: str) -> BatchInfo:
        """Stop what a batch does now. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        return await (self.here.stop(owner, batch_id) if service is None else service.stop(batch_id))

    async def delete(self, owner: str, batch_id: str) -> None:
        """Stop a batch, and delete it. Raises `Problem`."""
        service = await self._place(owner, batch_id)
        await (self.here.delete(owner, batch_id) if service is None else service.delete(batch_id))

    async def close(self) -> None:
        """Stop this server's own batches, with the server. Those at the service go on."""
        if self._elsewhere is not None:
            self._elsewhere.close()
        for task in self._starts:
            task.cancel()
        await self.here.close()

    async def _service(self, owner: str) -> BatchesElsewhere | None:
        """Return where a user's new batches are stored; None: here. Raises `Problem`: that isn't known."""
        if self._elsewhere is None or owner not in self._owners:
            return None
        return self._elsewhere if await self._elsewhere.is_offered() else None

    async def _place(self, owner: str, batch_id: str) -> BatchesElsewhere | None:
        """Return where a batch is; None: here. Raises `Problem`."""
        return None if await self.here.has(owner, batch_id) else await self._service(owner)
