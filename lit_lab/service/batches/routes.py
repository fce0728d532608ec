"""The routes of batches: those of the Jupyter server's REST API, with rows in place of an open dataset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import IO, TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from lit_lab.problem import Problem
from lit_lab.protocol import BatchDeleted, BatchNoiseRequest, BatchRowsRequest

from ..admission import owner_of
from ..request_body import body_of

if TYPE_CHECKING:
    from .shared_batches import SharedBatches

CHUNK = 256 * 1024

NEW_BATCH = ("POST", "/batches")
"""The route whose body is written to the disk as it comes; `receiving` limits it."""


def here(request: Request) -> SharedBatches:
    """Return the batches. Raises `Problem`: the administrator has named no folder for them."""
    found: SharedBatches | None = request.app.state.batches
    if found is None:
        raise Problem(
            404,
            "no_batches",
            "The model service stores no batches.",
            "Its administrator names a folder for them; docs/hub.md explains it.",
        )
    return found


Owner = Annotated[str, Depends(owner_of)]
Found = Annotated[Any, Depends(here)]
"""`SharedBatches`, which reads files of rows: a service without batches doesn't import it."""


def batch_routes() -> APIRouter:
    """Return the routes. The application's state has the batches."""
    router = APIRouter()

    @router.get("/batches")
    async def listed(owner: Owner, found: Found) -> Response:
        return _json(await found.all(owner))

    @router.post("/batches")
    async def start(owner: Owner, found: Found, request: Request) -> Response:
        return _json(await found.start(owner, request.stream()), 202)

    @router.get("/batches/{batch_id}")
    async def info(owner: Owner, found: Found, batch_id: str) -> Response:
        return _json(await found.info(owner, batch_id))

    @router.delete("/batches/{batch_id}")
    async def delete(owner: Owner, found: Found, batch_id: str) -> Response:
        await found.delete(owner, batch_id)
        return _json(BatchDeleted(id=batch_id))

    @router.post("/batches/{batch_id}/stop")
    async def stop(owner: Owner, found: Found, batch_id: str) -> Response:
        return _json(await found.stop(owner, batch_id))

    @router.post("/batches/{batch_id}/continue")
    async def go_on(owner: Owner, found: Found, batch_id: str) -> Response:
        return _json(await found.go_on(owner, batch_id), 202)

    @router.post("/batches/{batch_id}/rows")
    async def rows(
        owner: Owner,
        found: Found,
        batch_id: str,
        body: Annotated[BatchRowsRequest, Depends(body_of(BatchRowsRequest))],
    ) -> Response:
        return _json(await found.rows(owner, batch_id, body))

    @router.get("/batches/{batch_id}/rows/{row}")
    async def row(owner: Owner, found: Found, batch_id: str, row: str) -> Response:
        if not (row.isascii() and row.isdecimal() and len(row) <= 15):
            raise Problem(404, "unknown_row", f"There is no row {row[:20]!r}.")
        return _json(await found.row(owner, batch_id, int(row)))

    @router.get("/batches/{batch_id}/parts")
    async def parts(owner: Owner, found: Found, batch_id: str) -> Response:
        return _json(await found.parts(owner, batch_id))

    @router.post("/batches/{batch_id}/noise")
    async def noise(
        owner: Owner,
        found: Found,
        batch_id: str,
        body: Annotated[BatchNoiseRequest, Depends(body_of(BatchNoiseRequest))],
    ) -> Response:
        return _json(await found.noise(owner, batch_id, body.rows), 202)

    @router.get("/batches/{batch_id}/export/{kind}")
    async def export(owner: Owner, found: Found, batch_id: str, kind: str) -> Response:
        name, file = await found.export(owner, batch_id, kind)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return StreamingResponse(_chunks(file), media_type="application/octet-stream", headers=headers)

    return router


async def _chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _json(message: BaseModel, status: int = 200) -> Response:
    return Response(message.model_dump_json(), status, media_type="application/json")
