"""What goes wrong with batches that a shared service stores: processes that die, and several that answer about one folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shared_batches import Service

from lit_lab.service.batches import runner


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "batches"


async def test_a_batch_that_kills_its_process_again_and_again_fails(root: Path) -> None:
    service = Service(root)
    async with service.running():
        batch = await service.start("a", "wait")
        await service.reached(batch, "running")
    (file,) = root.glob(f"*/{batch}/starts.json")
    starts = json.loads(file.read_text())
    assert starts["starts"] == 0  # it ended in order
    file.write_text(json.dumps({**starts, "starts": runner.MAX_STARTS}))  # as after so many kills
    async with service.running():
        info = await service.reached(batch, "failed")
        assert info["error"]["error"] == "batch_kills"
        service.model.go.set()
        assert (await service.ask("POST", f"/batches/{batch}/continue"))[0] == 202
        info = await service.reached(batch, "done")
    assert (info["done"], info["failed"], info["error"]) == (2, 0, None)


async def test_new_rows_begin_the_count_of_starts_anew(root: Path) -> None:
    service = Service(root)
    async with service.running():
        batch = await service.start("a", "wait")
        await service.reached(batch, "running")
    (file,) = root.glob(f"*/{batch}/starts.json")
    starts = json.loads(file.read_text())
    before = {"newest": starts["newest"] - 1, "starts": runner.MAX_STARTS}  # before the last row was stored
    file.write_text(json.dumps({**starts, **before}))
    service.model.go.set()
    async with service.running():
        assert (await service.reached(batch, "done", "failed"))["state"] == "done"
    assert json.loads(file.read_text())["starts"] == 1
