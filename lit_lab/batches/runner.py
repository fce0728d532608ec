"""Runs a batch: rows in, records out, a bounded number of both in memory."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import stat
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lit_lab.batches import rows
from lit_lab.batches.computing import RowFailed, compute
from lit_lab.batches.folder import Folder, new_manifest
from lit_lab.batches.judging import Judge, parsed
from lit_lab.batches.merging import Merger
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import Record
from lit_lab.batches.rows import BatchRow
from lit_lab.batches.threads import finished, in_thread
from lit_lab.client.job_client import JobClient
from lit_lab.patterns import BoundedPatterns
from lit_lab.problem import Problem
from lit_lab.protocol import ModelInfo

AT_ONCE = 2
"""Rows in progress: while the model computes one, the next is on its way. More would only delay what users do in the panel."""

PART_ROWS = 64
"""Maximum number of records that are stored as one part file."""

PART_SECONDS = 5.0
"""Seconds after which records are stored, however few: what isn't stored when the process is killed is computed again."""

MAX_FAILURES = 20
"""Rows that fail one after the other for reasons that aren't theirs, or before any has an answer, after which a batch stops."""


MAX_CHECK = 10.0
"""Maximum seconds until it is known whether the model is still the same, before records are stored."""


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


class Together(Protocol):
    """Computes many rows at a time, such as on several replicas.

    Attributes:
        at_once: How many rows it is given.
        characters_at_once: After how many characters of rows it is given no more at a time.
    """

    at_once: int
    characters_at_once: int

    def compute(
        self, plan: Plan, rows: list[BatchRow], owner: str
    ) -> AsyncGenerator[tuple[Record, Problem | None], None]:
        """Yield the records of rows in any order, each with why it failed, as `RowFailed` says. Raises `Problem`.

        Args:
            plan: What is computed.
            rows: The rows.
            owner: Owner of the jobs that compute them.
        """
        ...


async def run(
    client: JobClient,
    plan: Plan,
    dataset: Path,
    folder: Folder,
    limit: int | None = None,
    report: Callable[[BatchProgress], None] = lambda _: None,
    together: Together | None = None,
    owner: str = "",
) -> None:
    """Compute the rows that have no record yet, or whose last one failed. Cancelling keeps what is finished.

    Rows that fail for reasons that aren't theirs, such as a service that restarts, are tried once more after the others.

    Args:
        client: Where rows are computed.
        plan: What is computed.
        dataset: The dataset's file.
        folder: Where records are stored.
        limit: Only this many rows, from the first one on. None: all.
        report: Called after each row.
        together: Computes many rows at a time; None: `client` computes a few.
        owner: Owner of the jobs of `together`; those of `client` have its own.

    Raises:
        Problem: The dataset or the folder can't be used, or no row can be computed.
    """
    state = await asyncio.to_thread(_state, dataset)
    digest = await asyncio.to_thread(_digest, dataset)
    model = await _model(client, plan.model)
    manifest = new_manifest(plan, dataset.name, digest, model.path, model.revision)
    reader = rows.read(dataset, plan)
    try:
        # What is wrong with the columns or the template is found before the folder is this batch's.
        first = await finished(_first, reader)
        if first is None:
            raise Problem(422, "no_rows", f"{dataset} has no rows.", "Name a dataset with prompts.")
        async with in_thread(folder.held()), in_thread(BoundedPatterns()) as patterns:
            claimed = await finished(folder.claim, manifest)
            if model.revision and claimed.revision not in ("", model.revision):
                raise _changed(plan.model)
            merger = Merger(folder)
            await finished(merger.merge)  # an earlier version didn't
            known = await finished(folder.rows)
            judge = Judge(await finished(parsed, plan.checks, patterns), patterns) if plan.checks else None
            work = _Work(
                client, plan, folder, merger, known, report, judge, lambda: _state(dataset) == state, together, owner
            )
            work.tell(None)
            await work.all(_limited(itertools.chain([first], reader), limit))
            if again := work.begin_again():
                reader.close()
                reader = rows.read(dataset, plan)
                await work.all(row for row in reader if row.number in again)
    finally:
        reader.close()


def _first(reader: Iterator[BatchRow]) -> BatchRow | None:
    return next(reader, None)


class _Work:
    def __init__(
        self,
        client: JobClient,
        plan: Plan,
        folder: Folder,
        merger: Merger,
        known: dict[int, bool],
        report: Callable[[BatchProgress], None],
        judge: Judge | None,
        is_same: Callable[[], bool],
        together: Together | None,
        owner: str,
    ) -> None:
        self._together = together
        self._owner = owner
        self._judge = judge
        self._is_same = is_same
        self._reading: asyncio.Future[BatchRow | None] | asyncio.Future[list[BatchRow]] | None = None
        self._client = client
        self._plan = plan
        self._folder = folder
        self._merger = merger
        self._known = known
        self._report = report
        self._failures = 0
        self._faults = 0  # one after the other, for reasons that aren't the rows'
        self._earlier = set(known)
        self._passing = set[int]()
        self._has_succeeded = any(not failed for failed in known.values())
        self._revision = folder.manifest.revision
        self._is_new = not known
        self._waiting: list[Record] = []
        self._storing = asyncio.Lock()
        self._since = time.monotonic()

    async def all(self, found: Iterator[BatchRow]) -> None:
        """Compute rows, a few at a time."""
        source = asyncio.Lock()
        if self._together is None:
            workers = [asyncio.ensure_future(self._worker(found, source)) for _ in range(AT_ONCE)]
        else:
            workers = [asyncio.ensure_future(self._blocks(found, self._together))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            if self._reading is not None and not self._reading.done():
                # Its thread is in the reader, which can't be closed meanwhile.
                await asyncio.wait({self._reading})
            await self._store()

    def begin_again(self) -> set[int]:
        """Return the rows that failed for reasons that aren't theirs, which `all` now gets once more."""
        again, self._passing = self._passing, set()
        self._earlier |= again
        self._faults = 0
        return again

    async def _worker(self, found: Iterator[BatchRow], source: asyncio.Lock) -> None:
        while True:
            async with source:
                self._reading = asyncio.ensure_future(asyncio.to_thread(self._next, found))
                row = await asyncio.shield(self._reading)
            if row is None:
                return
            try:
                record, problem = await compute(self._client, self._plan, row, self._judge), None
            except RowFailed as failed:
                record, problem = failed.record, failed.problem
            await self._add(record, problem)

    async def _blocks(self, found: Iterator[BatchRow], together: Together) -> None:
        while True:
            self._reading = asyncio.ensure_future(asyncio.to_thread(self._several, found, together))
            rows_now = await asyncio.shield(self._reading)
            if not rows_now:
                return
            async with contextlib.aclosing(together.compute(self._plan, rows_now, self._owner)) as computed:
                async for record, problem in computed:
                    await self._add(record, problem)

    def _several(self, found: Iterator[BatchRow], together: Together) -> list[BatchRow]:
        several: list[BatchRow] = []
        size = 0
        while len(several) < together.at_once and size < together.characters_at_once:
            if (row := self._next(found)) is None:
                break
            several.append(row)
            size += row.num_characters
        return several

    def _next(self, found: Iterator[BatchRow]) -> BatchRow | None:
        for row in found:
            failed = self._known.get(row.number)
            if failed is not False:
                return row
        return None

    async def _add(self, record: Record, problem: Problem | None) -> None:
        self._waiting.append(record)
        self._known[record.row] = record.error != ""
        if problem is not None:
            self._failures += record.row not in self._earlier
            self._faults = self._faults + 1 if problem.status >= 500 else 0
            if problem.status >= 500:
                self._passing.add(record.row)
        elif not record.error:
            self._has_succeeded, self._faults = True, 0
        if len(self._waiting) >= PART_ROWS or time.monotonic() - self._since >= PART_SECONDS:
            await self._store()
        self.tell(record)
        if problem is not None and (
            self._faults >= MAX_FAILURES or (not self._has_succeeded and self._failures >= MAX_FAILURES)
        ):
            raise Problem(
                502,
                "rows_fail",
                f"{MAX_FAILURES} rows failed one after the other. The last one: {record.error}",
                "Correct that, and run the batch again: it continues.",
            )

    async def _store(self) -> None:
        """Write what waits, in another thread: a disk may take long. Once begun, it isn't cancelled. Raises `Problem`."""
        async with self._storing:
            self._since = time.monotonic()
            records, self._waiting = self._waiting, []
            if not records:
                return
            try:
                await self._check_model()  # after the last of these records was computed
            except asyncio.CancelledError:
                self._waiting = records + self._waiting
                raise
            writing = asyncio.ensure_future(asyncio.to_thread(self._write, records))
            try:
                await asyncio.shield(writing)
            except asyncio.CancelledError:
                await asyncio.wait({writing})
                if writing.exception() is not None:
                    self._waiting = records + self._waiting
                raise
            except Problem:
                self._waiting = records + self._waiting
                raise

    async def _check_model(self) -> None:
        """Refuse what is to be stored if the model isn't that of the records before. Raises `Problem`."""
        try:
            found = (await asyncio.wait_for(_model(self._client, self._plan.model), MAX_CHECK)).revision
        except (Problem, asyncio.TimeoutError):
            return  # the next time says it
        if not found or found == self._revision:
            return
        if self._revision:
            raise _changed(self._plan.model)
        self._revision = found
        if self._is_new:  # else nobody knows of which files the records before come
            await asyncio.to_thread(self._folder.know_revision, found)

    def _write(self, records: list[Record]) -> None:
        if not self._is_same():
            raise Problem(
                409,
                "dataset_changed",
                "The dataset changed while the batch ran, so the last rows aren't stored.",
                "Choose a new folder for the changed dataset.",
            )
        try:
            self._folder.add(sorted(records, key=lambda record: record.row))
        except OSError as error:
            raise Problem(
                507,
                "not_stored",
                f"Records can't be written to {self._folder.path}: {error.strerror or error}.",
                "Free some space, or check the permissions, and run the batch again: it continues.",
            ) from error
        self._merger.merge()

    def tell(self, record: Record | None) -> None:
        """Report how far it is."""
        self._report(BatchProgress(len(self._known), sum(self._known.values()), record))


def _limited(found: Iterator[BatchRow], limit: int | None) -> Iterator[BatchRow]:
    for row in found:
        if limit is not None and row.number >= limit:
            return
        yield row


def _state(dataset: Path) -> tuple[int, int, int]:
    """Return what changes with a file's content. Raises `Problem` if it isn't a regular file."""
    try:
        found = dataset.stat()
    except OSError as error:
        raise _unreadable(dataset, error.strerror or str(error)) from error
    if not stat.S_ISREG(found.st_mode):
        raise _unreadable(dataset, "it isn't a regular file")
    return found.st_ino, found.st_size, found.st_mtime_ns


def _digest(dataset: Path) -> str:
    try:
        return rows.digest(dataset)
    except OSError as error:
        raise _unreadable(dataset, error.strerror or str(error)) from error


def _unreadable(dataset: Path, why: str) -> Problem:
    return Problem(404, "no_dataset", f"{dataset} can't be read: {why}.", "Name a file of prompts.")


def _changed(name: str) -> Problem:
    return Problem(
        409,
        "model_changed",
        f"The files of the model {name} have changed since this batch began, so its answers would come from two models.",
        "Choose a new folder, or put the model's files back.",
    )


async def _model(client: JobClient, name: str) -> ModelInfo:
    models = (await client.models()).models
    found = next((model for model in models if model.name == name), None)
    if found is None:
        names = ", ".join(model.name for model in models[:20])
        raise Problem(404, "unknown_model", f"There is no model {name!r:.100}.", f"There are: {names}.")
    return found
