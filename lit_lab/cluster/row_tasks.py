"""What a task of Ray Data computes: some rows of a batch, one after the other, at the replicas."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lit_lab.batches.computing import RowFailed, compute
from lit_lab.batches.judging import Judge, parsed
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import Record
from lit_lab.batches.rows import BatchRow
from lit_lab.client.job_client import JobClient
from lit_lab.patterns import BoundedPatterns
from lit_lab.problem import Problem

MAX_TRIES = 3
"""Tries of a row whose replica ended."""

PAUSE = 1.0  # seconds before the next one


@dataclass(frozen=True)
class RowTask:
    """Computes rows; Ray sends it to the process that does (a function of `map_batches`).

    Attributes:
        application: The application's name.
        deployment: The deployment's name.
        owner: Owner of the jobs at the replicas, which share no other owner's caches.
        plan: What is computed.
        rows: All rows of which `at` says which ones.
    """

    application: str
    deployment: str
    owner: str
    plan: Plan
    rows: Sequence[BatchRow]

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[str]]:
        """Return a line of JSON for each row: its record, and what failed."""
        return {"found": asyncio.run(self._all([int(at) for at in batch["at"]]))}

    async def _all(self, places: list[int]) -> list[str]:
        with contextlib.ExitStack() as stack:
            judge = None
            if self.plan.checks:
                patterns = stack.enter_context(BoundedPatterns())
                judge = Judge(parsed(self.plan.checks, patterns), patterns)
            return [await self._one(self.rows[at], judge) for at in places]

    async def _one(self, row: BatchRow, judge: Judge | None) -> str:
        from .replica_jobs import ReplicaConnection  # needs Ray, which nothing else here does

        session = f"batch row {row.number}"
        client = JobClient(ReplicaConnection(self.application, self.deployment, self.owner, session))
        for attempt in range(1, MAX_TRIES + 1):
            try:
                return packed(await compute(client, self.plan, row, judge), None)
            except RowFailed as failed:
                if failed.problem.code != "service_died" or attempt == MAX_TRIES:
                    return packed(failed.record, failed.problem)
                await asyncio.sleep(PAUSE)
            except Problem as problem:  # that each further row would have
                return packed(None, problem)
            except Exception as error:  # Ray would log its text
                failure = Problem(500, "internal", f"The row couldn't be computed ({type(error).__name__}).")
                return packed(Record(row.number, row.line, error=str(failure)), failure)
        raise AssertionError


def packed(record: Record | None, problem: Problem | None) -> str:
    """Return a row's result as JSON."""
    found = None if problem is None else {"status": problem.status, **problem.body()}
    return json.dumps([None if record is None else record.as_json(), found])


def unpacked(text: str) -> tuple[Record, Problem | None]:
    """Return what was packed. Raises `Problem`: no row can be computed."""
    record, found = json.loads(text)
    problem = (
        None if found is None else Problem(found["status"], found["error"], found["message"], found.get("hint", ""))
    )
    if record is None:
        raise problem or Problem(500, "internal", "A row has no record.")
    return Record.of_json(record), problem
