"""Rows of a shared service's batches that several replicas compute, with a stand-in for them: it needs no Ray."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from shared_batches import Service

from lit_lab.batches.plan import Plan
from lit_lab.batches.record import Record
from lit_lab.batches.rows import BatchRow
from lit_lab.cluster.row_tasks import RowTask
from lit_lab.cluster.rows_on_replicas import RowsOnReplicas
from lit_lab.problem import Problem


class Replicas:
    """Stands in for the replicas (a `lit_lab.batches.runner.Together`).

    Attributes:
        owners: Owners of the jobs so far.
        blocks: The rows that came together, by number.
    """

    at_once = 2
    characters_at_once = 1000

    def __init__(self) -> None:
        self.owners: list[str] = []
        self.blocks: list[list[int]] = []

    async def compute(
        self, plan: Plan, rows: list[BatchRow], owner: str
    ) -> AsyncGenerator[tuple[Record, Problem | None], None]:
        """Yield an empty record for each row."""
        self.owners.append(owner)
        self.blocks.append([row.number for row in rows])
        for row in rows:
            yield Record(row.number, row.line, prompt=row.prompt or ""), None


async def test_users_rows_share_no_owner(tmp_path: Path) -> None:
    service = Service(tmp_path / "batches")
    service.together = together = Replicas()
    async with service.running():
        for user in ("ada", "bob"):
            batch = await service.start("a", "b", "c", user=user)
            assert (await service.reached(batch, "done", user=user))["done"] == 3
    mine, again, theirs, last = together.owners  # two blocks of rows each
    assert (mine, theirs) == (again, last)
    assert mine != theirs
    assert all(owner.startswith("batches of ") for owner in together.owners)  # nor with the user's own requests


async def test_few_long_rows_come_together(tmp_path: Path) -> None:
    service = Service(tmp_path / "batches")
    service.together = together = Replicas()
    together.at_once = 4
    async with service.running():
        batch = await service.start("a", "b", "a" * 600, "b" * 2000, "c", "d")
        await service.reached(batch, "done")
    assert together.blocks == [[0, 1, 2], [3], [4, 5]]
    # What Ray is given.
    assert RowsOnReplicas.at_once * 2**20 > RowsOnReplicas.characters_at_once == 32 * 2**20


def test_the_replicas_know_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    owners: list[str] = []

    class Connection:
        def __init__(self, application: str, deployment: str, owner: str, session: str) -> None:
            owners.append(owner)

        async def start(self, request: Any) -> Any:
            raise Problem(404, "unknown_model", "There is no such model.")

    stand_in = SimpleNamespace(ReplicaConnection=Connection)
    monkeypatch.setitem(sys.modules, "lit_lab.cluster.replica_jobs", stand_in)
    rows = [BatchRow(0, 1, prompt="a")]
    task = RowTask("app", "deployment", "batches of ada", Plan(model="one", measures=()), rows)
    (found,) = task({"at": [0]})["found"]
    assert "unknown_model" in found
    assert owners == ["batches of ada"]
