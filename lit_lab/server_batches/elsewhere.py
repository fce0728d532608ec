"""A user's batches at the service that the hub manages: they go on when the hub stops the user's Jupyter server."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from typing import IO, TypeVar

from lit_lab.batch_store.copied_rows import MAX_ROWS_BYTES, size_of
from lit_lab.batch_store.exporting import file_name, known_kind, not_exported
from lit_lab.batch_store.folders import MAX_ROWS, not_stored, unknown_batch
from lit_lab.batch_store.folders import is_id as is_id
from lit_lab.batch_store.making import plans_of
from lit_lab.datasets.columns import Fields
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.datasets.threads import DaemonThreads
from lit_lab.problem import Problem
from lit_lab.protocol import (
    BatchDeleted,
    BatchesResponse,
    BatchFullRow,
    BatchInfo,
    BatchNoiseRequest,
    BatchOrder,
    BatchParts,
    BatchRequest,
    BatchRowsPage,
    BatchRowsRequest,
    GenerateRequest,
    Message,
)
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.hub import HubService

from .copying import Used, send

KNOWN_SECONDS = 60.0
"""How long it is known whether the service stores batches."""

_CHUNK = 256 * 1024
_THREADS = 2

M = TypeVar("M", bound=Message)


class BatchesElsewhere:
    """The batches of the one user whose Jupyter server this is.

    Args:
        service: The hub's service.
        client: Requests to it.
        check: Refuses requests that no service would run.
    """

    def __init__(self, service: HubService, client: ServiceClient, check: Callable[[GenerateRequest], None]) -> None:
        self._service = service
        self._client = client
        self._check = check
        self._offered: tuple[float, bool] | None = None
        self._threads = DaemonThreads(_THREADS, "lit-lab-batch-rows")
        self._is_over = False

    async def is_offered(self) -> bool:
        """Whether the service stores batches. Raises `Problem`: it can't be asked, and didn't say."""
        now = time.monotonic()
        if self._offered is None or now - self._offered[0] > KNOWN_SECONDS:
            try:
                self._offered = now, (await self._service.health()).batches
            except Problem:
                if self._offered is None:
                    raise
        return self._offered[1]

    def close(self) -> None:
        """Give up what is being copied."""
        self._is_over = True
        self._threads.end()

    async def all(self) -> BatchesResponse:
        """Return all batches, newest first. Raises `Problem`."""
        return await self._ask("GET", "", BatchesResponse)

    async def info(self, batch_id: str) -> BatchInfo:
        """Return how far a batch is. Raises `Problem`."""
        return await self._ask("GET", _path(batch_id), BatchInfo)

    async def rows(self, batch_id: str, request: BatchRowsRequest) -> BatchRowsPage:
        """Return some of a batch's rows. Raises `Problem`."""
        return await self._ask("POST", _path(batch_id, "rows"), BatchRowsPage, request)

    async def row(self, batch_id: str, row: int) -> BatchFullRow:
        """Return a row. Raises `Problem`."""
        return await self._ask("GET", _path(batch_id, "rows", str(row)), BatchFullRow)

    async def parts(self, batch_id: str) -> BatchParts:
        """Return what the parts of a template do over all rows. Raises `Problem`."""
        return await self._ask("GET", _path(batch_id, "parts"), BatchParts)

    async def go_on(self, batch_id: str) -> BatchInfo:
        """Let a batch go on. Raises `Problem`."""
        return await self._ask("POST", _path(batch_id, "continue"), BatchInfo)

    async def noise(self, batch_id: str, num_rows: int) -> BatchInfo:
        """Find sentences that do nothing. Raises `Problem`."""
        return await self._ask("POST", _path(batch_id, "noise"), BatchInfo, BatchNoiseRequest(rows=num_rows))

    async def stop(self, batch_id: str) -> BatchInfo:
        """Stop a batch. Raises `Problem`."""
        return await self._ask("POST", _path(batch_id, "stop"), BatchInfo)

    async def delete(self, batch_id: str) -> None:
        """Delete a batch. Raises `Problem`."""
        await self._ask("DELETE", _path(batch_id), BatchDeleted)

    async def export(self, batch_id: str, kind: str) -> tuple[str, IO[bytes]]:
        """Return a batch's records as a file without a name, and a name for it. Raises `Problem`."""
        info = await self.info(batch_id)
        name = file_name(info.name, info.model, known_kind(kind))
        endpoint = await self._service.awaited()
        try:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
            try:
                async for chunk in self._client.chunks(endpoint, f"/batches{_path(batch_id, 'export', kind)}"):
                    await self._threads.run(lambda chunk=chunk: file.write(chunk))  # type: ignore[misc]
                file.seek(0)
            except BaseException:
                file.close()
                raise
        except OSError as error:
            raise not_exported(error) from error
        return name, file

    async def start(self, request: BatchRequest, dataset: OpenDataset) -> BatchesResponse:
        """Send rows of a dataset, and have them run. Raises `Problem`."""
        for plan in plans_of(request):
            self._check(plan.request("a prompt"))
        try:
            with tempfile.TemporaryFile() as file:
                used = await self._threads.run(lambda: send(dataset, request.rows, _Lines(file), lambda: self._is_over))
                order = _order(request, dataset.name, used)
                size = len(order) + file.tell()
                if size == len(order):
                    raise Problem(422, "no_rows", "There are no such rows.", "Choose others, or clear the search.")
                endpoint = await self._service.awaited()
                return await self._client.upload(
                    endpoint, "/batches", BatchesResponse, self._content(order, file), size
                )
        except OSError as error:
            raise not_stored(error) from error

    async def _content(self, order: bytes, file: IO[bytes]) -> AsyncIterator[bytes]:
        yield order
        file.seek(0)
        while chunk := await self._threads.run(lambda: file.read(_CHUNK)):
            yield chunk

    async def _ask(self, method: str, path: str, answer: type[M], body: Message | None = None) -> M:
        endpoint = await self._service.awaited()
        return await self._client.request(endpoint, method, f"/batches{path}", answer, body)


class _Lines:
    """Writes rows as lines of a request (a `Sink`)."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._total = self._size = 0

    def add(self, line: int, fields: Fields) -> None:
        """Write a row. Raises `Problem`: there are too many."""
        text = json.dumps([line, fields], ensure_ascii=False, default=str) + "\n"
        content = text.encode("utf-8", "backslashreplace")
        if self._total >= MAX_ROWS or self._size + len(content) > MAX_ROWS_BYTES:
            limit = f"{MAX_ROWS:,} rows" if self._total >= MAX_ROWS else size_of(MAX_ROWS_BYTES)
            raise Problem(
                422, "too_many_rows", f"A batch has at most {limit}.", "Choose the first rows only, or search for some."
            )
        self._file.write(content)
        self._total, self._size = self._total + 1, self._size + len(content)


def _order(request: BatchRequest, name: str, used: Used) -> bytes:
    settings = request.model_dump(exclude={"dataset", "rows"})
    order = BatchOrder(
        **settings, name=name[:1000], used_prompt=used.prompt, used_target=used.target, used_template=used.template
    )
    return order.model_dump_json().encode() + b"\n"


def _path(batch_id: str, *rest: str) -> str:
    if not is_id(batch_id):  # nothing else becomes a part of an address
        raise unknown_batch()
    return "/" + "/".join([batch_id, *rest])


def owners_here(environment: os._Environ[str] | dict[str, str], anyone: str) -> frozenset[str]:
    """Return the owners whose batches are the hub user's, whose token the service gets: a guest of this server isn't one."""
    user = environment.get("JUPYTERHUB_USER", "")
    return frozenset({anyone, f"user {user}"} if user else {anyone})
