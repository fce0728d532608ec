"""REST of batches over a dataset's rows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lit_lab.handlers.base import Handler, endpoint
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.protocol import BatchNoiseRequest, BatchRequest, BatchRowsRequest, Message

_CHUNK = 256 * 1024


class BatchesHandler(Handler):
    """`batches`."""

    @endpoint("batches")
    async def get(self) -> Message:
        """Return the caller's batches."""
        return await self.core.batches.all(self.history_owner)

    @endpoint("startBatch")
    async def post(self, request: BatchRequest) -> Message:
        """Run rows of a dataset."""
        dataset = self.core.datasets.get(self.history_owner, request.dataset)
        await self.core.models.catch_up()
        return await self.core.batches.start(self.history_owner, request, dataset)


class BatchHandler(Handler):
    """`batches/{id}`."""

    @endpoint("batch")
    async def get(self, batch_id: str) -> Message:
        """Return how far a batch is."""
        return await self.core.batches.info(self.history_owner, batch_id)

    @endpoint("deleteBatch")
    async def delete(self, batch_id: str) -> Message:
        """Delete a batch."""
        from lit_lab.protocol import BatchDeleted

        await self.core.batches.delete(self.history_owner, batch_id)
        return BatchDeleted(id=batch_id)


class StopHandler(Handler):
    """`batches/{id}/stop`."""

    @endpoint("stopBatch")
    async def post(self, batch_id: str) -> Message:
        """Stop a batch."""
        return await self.core.batches.stop(self.history_owner, batch_id)


class ContinueHandler(Handler):
    """`batches/{id}/continue`."""

    @endpoint("continueBatch")
    async def post(self, batch_id: str) -> Message:
        """Let a batch go on."""
        await self.core.models.catch_up()
        return await self.core.batches.go_on(self.history_owner, batch_id)


class RowsHandler(Handler):
    """`batches/{id}/rows`."""

    @endpoint("batchRows")
    async def post(self, batch_id: str, request: BatchRowsRequest) -> Message:
        """Return rows."""
        return await self.core.batches.rows(self.history_owner, batch_id, request)


class RowHandler(Handler):
    """`batches/{id}/rows/{row}`."""

    @endpoint("batchRow")
    async def get(self, batch_id: str, row: str) -> Message:
        """Return a row."""
        if not (row.isascii() and row.isdecimal() and len(row) <= 15):
            raise Problem(404, "unknown_row", f"There is no row {row[:20]!r}.")
        return await self.core.batches.row(self.history_owner, batch_id, int(row))


class PartsHandler(Handler):
    """`batches/{id}/parts`."""

    @endpoint("batchParts")
    async def get(self, batch_id: str) -> Message:
        """Return what parts do over all rows."""
        return await self.core.batches.parts(self.history_owner, batch_id)


class NoiseHandler(Handler):
    """`batches/{id}/noise`."""

    @endpoint("batchNoise")
    async def post(self, batch_id: str, request: BatchNoiseRequest) -> Message:
        """Find sentences that do nothing."""
        await self.core.models.catch_up()
        return await self.core.batches.noise(self.history_owner, batch_id, request.rows)


class ExportHandler(Handler):
    """`batches/{id}/export/{format}`."""

    @endpoint("exportBatch")
    async def get(self, batch_id: str, kind: str) -> None:
        """Send all records as a file."""
        name, file = await self.core.batches.export(self.history_owner, batch_id, kind)
        with file:
            self.set_header("Content-Disposition", f'attachment; filename="{name}"')
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Cache-Control", "no-store")
            self.set_header("Content-Type", "application/octet-stream")
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                self.write(chunk)
                await self.flush()
            await self.finish(set_content_type="application/octet-stream")


HANDLERS: dict[str, type[Handler]] = {
    "batches": BatchesHandler,
    "batches/{id}": BatchHandler,
    "batches/{id}/stop": StopHandler,
    "batches/{id}/continue": ContinueHandler,
    "batches/{id}/rows": RowsHandler,
    "batches/{id}/rows/{row}": RowHandler,
    "batches/{id}/parts": PartsHandler,
    "batches/{id}/noise": NoiseHandler,
    "batches/{id}/export/{format}": ExportHandler,
}
