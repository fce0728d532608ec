"""What goes wrong with batches that a shared service stores: processes that die, and several that answer about one folder."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from shared_batches import Service, upload

from lit_lab.batch_store.folders import Folders
from lit_lab.client.job_client import JobClient
from lit_lab.problem import Problem
from lit_lab.protocol import BatchStorage
from lit_lab.service.batches import asked, runner
from lit_lab.service.batches.shared_batches import SharedBatches


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "batches"


async def begun(service: Service, root: Path) -> tuple[str, Path, dict[str, Any]]:
    """Begin a batch and end the service. Return the batch, and the file of its starts with what it holds."""
    async with service.running():
        batch = await service.start("a", "wait")
        await service.reached(batch, "running")
    (file,) = root.glob(f"*/{batch}/starts.json")
    return batch, file, json.loads(file.read_text())


async def test_a_batch_that_kills_its_process_again_and_again_fails(root: Path) -> None:
    service = Service(root)
    batch, file, starts = await begun(service, root)
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
    batch, file, starts = await begun(service, root)
    before = {"newest": starts["newest"] - 1, "starts": runner.MAX_STARTS}  # before the last row was stored
    file.write_text(json.dumps({**starts, **before}))
    service.model.go.set()
    async with service.running():
        assert (await service.reached(batch, "done", "failed"))["state"] == "done"
    assert json.loads(file.read_text())["starts"] == 1


@pytest.mark.parametrize(("doing", "makes_room"), [("rows", True), ("noise", False)])
async def test_only_rows_make_room_for_another_owner(
    root: Path, monkeypatch: pytest.MonkeyPatch, doing: asked.Doing, makes_room: bool
) -> None:
    """A search for sentences that do nothing would begin anew, so it goes on to its end."""
    monkeypatch.setattr(runner, "MAX_RUNNING", 1)
    running = runner.BatchRunner(Folders(root), asked.AskedFiles(root), BatchStorage(path=str(root)), client)
    task = asyncio.ensure_future(asyncio.sleep(600))
    mine, theirs = ("a" * 32, "0" * 24), ("b" * 32, "1" * 24)
    files = {mine: asked.new(doing, 5), theirs: asked.new("rows")}
    running._running[mine] = runner._Running(files[mine], task, since=0.0, roomed=0.0)
    running._begin_next(files, runner.SLICE_SECONDS - 1)
    assert not task.cancelling()
    running._begin_next(files, runner.SLICE_SECONDS)
    assert bool(task.cancelling()) is makes_room
    task.cancel()
    assert list(running._running) == [mine]  # the other one comes when this has ended


def client(owner: str) -> JobClient:
    raise AssertionError(f"nothing of {owner} is computed here")


@pytest.mark.parametrize(
    ("limits", "code"), [({"max_batches": 1}, "too_many_batches"), ({"max_bytes": 1_000_000}, "too_many_rows")]
)
async def test_two_replicas_together_store_no_more_than_the_limit(
    root: Path, limits: dict[str, Any], code: str
) -> None:
    storage = BatchStorage(path=str(root), **limits)
    replicas = [SharedBatches(storage, lambda _: None, lambda: None) for _ in range(2)]
    began = [asyncio.Event() for _ in replicas]

    async def chunks(number: int) -> AsyncIterator[bytes]:
        began[number].set()
        for each in began:  # so both have found enough room before there are rows
            await each.wait()
        yield upload(["a" * 600_000])

    try:
        found = await asyncio.gather(
            *(each.start("ada", chunks(number)) for number, each in enumerate(replicas)), return_exceptions=True
        )
        (refused,) = (each for each in found if isinstance(each, BaseException))
        assert isinstance(refused, Problem)
        assert refused.code == code
        assert [len((await each.all("ada")).batches) for each in replicas] == [1, 1]
    finally:
        for each in replicas:
            each.end_threads()


async def test_what_another_replica_deleted_is_forgotten(root: Path) -> None:
    storage = BatchStorage(path=str(root))
    here, there = (SharedBatches(storage, lambda _: None, lambda: None) for _ in range(2))

    async def chunks() -> AsyncIterator[bytes]:
        yield upload(["a"])

    try:
        batches = [(await here.start("ada", chunks())).batches[0].id for _ in range(3)]
        other = (await here.start("bob", chunks())).batches[0].id
        for batch in batches[:2]:
            await there.delete("ada", batch)
        with pytest.raises(Problem) as raised:
            await here.info("ada", batches[0])
        assert raised.value.code == "unknown_batch"
        assert set(here._batches) == {("ada", batches[1]), ("ada", batches[2]), ("bob", other)}
        assert [info.id for info in (await here.all("ada")).batches] == [batches[2]]
        assert set(here._batches) == {("ada", batches[2]), ("bob", other)}
    finally:
        for each in (here, there):
            each.end_threads()
