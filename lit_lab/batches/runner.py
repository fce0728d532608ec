"""Runs a batch: rows in, records out, a bounded number of both in memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lit_lab.batches import rows
from lit_lab.batches.computing import compute
from lit_lab.batches.folder import Folder, new_manifest
from lit_lab.batches.judging import Judge, parsed
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import Record
from lit_lab.batches.rows import BatchRow
from lit_lab.client.async_client import AsyncClient
from lit_lab.patterns import BoundedPatterns
from lit_lab.problem import Problem

AT_ONCE = 2
"""Rows in progress: while the model computes one, the next is on its way. More would only delay what users do in the panel."""

PART_ROWS = 64
"""Maximum number of records that one part holds."""

PART_SECONDS = 5.0
"""Seconds after which records are stored, however few: what isn't stored when the process is killed is computed again."""

MAX_FAILURES = 20
"""Failures in a row, from the first row on, after which a batch stops: something is wrong with all of them."""


@dataclass(frozen=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        done: Rows that have a record, those of earlier runs among them.
        failed: Rows among them that failed.
        record: The record that was added last; None at the beginning.
    """

    done: int
    failed: int
    record: Record | None = None


async def run(
    client: AsyncClient,
    plan: Plan,
    dataset: Path,
    folder: Folder,
    limit: int | None = None,
    report: Callable[[BatchProgress], None] = lambda _: None,
    again: bool = True,
) -> None:
    """Compute the rows that have no record yet, or whose last one failed. Cancelling keeps what is finished.

    Args:
        client: Where rows are computed.
        plan: What is computed.
        dataset: The dataset's file.
        folder: Where records are stored.
        limit: Only this many rows, from the first one on. None: all.
        report: Called after each row.
        again: Whether rows that failed earlier are tried again.

    Raises:
        Problem: The dataset or the folder can't be used, or no row can be computed.
    """
    manifest = new_manifest(
        plan, dataset.name, await asyncio.to_thread(_digest, dataset), await _model_path(client, plan.model)
    )
    with folder.held():
        folder.claim(manifest)
        known = await asyncio.to_thread(folder.rows)
        reader = rows.read(dataset, plan)
        with BoundedPatterns() as patterns:
            judge = Judge(parsed(plan.checks, patterns), patterns) if plan.checks else None
            work = _Work(client, plan, folder, known, report, again, judge)
            try:
                await work.all(_limited(reader, limit))
            finally:
                reader.close()  # type: ignore[attr-defined]


class _Work:
    def __init__(
        self,
        client: AsyncClient,
        plan: Plan,
        folder: Folder,
        known: dict[int, bool],
        report: Callable[[BatchProgress], None],
        again: bool,
        judge: Judge | None,
    ) -> None:
        self._judge = judge
        self._client = client
        self._plan = plan
        self._folder = folder
        self._known = known
        self._report = report
        self._again = again
        self._failures = 0
        self._has_succeeded = any(not failed for failed in known.values())
        self._waiting: list[Record] = []
        self._since = time.monotonic()

    async def all(self, found: Iterator[BatchRow]) -> None:
        """Compute rows, a few at a time."""
        self._tell(None)
        source = asyncio.Lock()
        workers = [asyncio.ensure_future(self._worker(found, source)) for _ in range(AT_ONCE)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self._store()

    async def _worker(self, found: Iterator[BatchRow], source: asyncio.Lock) -> None:
        while True:
            async with source:
                row = await asyncio.to_thread(self._next, found)
            if row is None:
                return
            record = await compute(self._client, self._plan, row, self._judge)
            self._add(record)

    def _next(self, found: Iterator[BatchRow]) -> BatchRow | None:
        for row in found:
            failed = self._known.get(row.number)
            if failed is None or (failed and self._again):
                return row
        return None

    def _add(self, record: Record) -> None:
        self._waiting.append(record)
        self._known[record.row] = record.error != ""
        if record.error:
            self._failures += 1
        else:
            self._has_succeeded = True
        if len(self._waiting) >= PART_ROWS or time.monotonic() - self._since >= PART_SECONDS:
            self._store()
        self._tell(record)
        if not self._has_succeeded and self._failures >= MAX_FAILURES:
            raise Problem(
                502,
                "all_rows_fail",
                f"The first {self._failures} rows failed. The last one: {record.error}",
                "Mend that, and run the batch again: it goes on.",
            )

    def _store(self) -> None:
        self._since = time.monotonic()
        if not self._waiting:
            return
        try:
            self._folder.add(sorted(self._waiting, key=lambda record: record.row))
        except OSError as error:
            raise Problem(
                507,
                "not_stored",
                f"Records can't be written to {self._folder.path}: {error.strerror or error}.",
                "Free some space, and run the batch again: it goes on.",
            ) from error
        self._waiting = []

    def _tell(self, record: Record | None) -> None:
        self._report(BatchProgress(len(self._known), sum(self._known.values()), record))


def _limited(found: Iterator[BatchRow], limit: int | None) -> Iterator[BatchRow]:
    for row in found:
        if limit is not None and row.number >= limit:
            return
        yield row


def _digest(dataset: Path) -> str:
    try:
        return rows.digest(dataset)
    except OSError as error:
        raise Problem(
            404, "no_dataset", f"{dataset} can't be read: {error.strerror or error}.", "Name a file of prompts."
        ) from error


async def _model_path(client: AsyncClient, name: str) -> str:
    models = (await client.models()).models
    found = next((model for model in models if model.name == name), None)
    if found is None:
        names = ", ".join(model.name for model in models[:20])
        raise Problem(404, "unknown_model", f"There is no model {name!r:.100}.", f"There are: {names}.")
    return found.path
