"""The batches of users together: who waits for whom, what is kept in memory, what other servers do. No model runs here."""

import asyncio
import json
import os
import threading

import pytest
from browser_batches import asked, made, record

from lit_lab import shared_files
from lit_lab.batch_store import over_rows, pages, stored_batches
from lit_lab.batches import part_files
from lit_lab.batches.folder import Folder
from lit_lab.batches.record import PartRecord, Record
from lit_lab.owners import ANYONE
from lit_lab.problem import Problem
from lit_lab.server_batches import ServerBatches


@pytest.fixture
def root(tmp_path):
    return tmp_path / "batches"


@pytest.fixture
def batches(root):
    return ServerBatches(root, lambda _: None, lambda _: None)


async def test_parts_are_found_once_and_nobody_else_waits(root, batches, monkeypatch):
    first, second = made(root, [record(0)]), made(root, [record(0)])
    real, may_end, began, calls = over_rows.parts_of, threading.Event(), threading.Event(), []

    def slow(batch, index):
        calls.append(batch.id)
        began.set()
        assert may_end.wait(60)
        return real(batch, index)

    monkeypatch.setattr(over_rows, "parts_of", slow)
    asking = [asyncio.ensure_future(batches.parts(ANYONE, each.id)) for each in (first, second) for _ in range(9)]
    try:
        while not began.is_set():
            await asyncio.sleep(0)
        async with asyncio.timeout(30):
            assert len((await batches.all(ANYONE)).batches) == 2
            assert (await batches.rows(ANYONE, first.id, asked())).total == 4
            assert (await batches.all("another user")).batches == []
    finally:
        may_end.set()
    found = await asyncio.gather(*asking)
    assert {len(each.parts) for each in found} == {2}
    assert sorted(calls) == sorted([first.id, second.id])


async def test_a_user_whose_requests_are_slow_leaves_threads_for_others(batches):
    may_end, began = threading.Event(), []

    def work():
        began.append(True)
        assert may_end.wait(60)

    slow = [asyncio.ensure_future(batches._long.run("slow", work)) for _ in range(9)]
    try:
        while len(began) < 2:
            await asyncio.sleep(0)
        for each in slow[:5]:
            each.cancel()  # as when the browser goes away: the thread is taken all the same
        async with asyncio.timeout(30):
            await asyncio.wait(slow[:5])
            assert [await batches._long.run("other", lambda: 1) for _ in range(9)] == [1] * 9
        assert len(began) == 2
    finally:
        may_end.set()
        await asyncio.wait(slow)


async def test_what_is_looked_at_stays_in_memory(root, batches, monkeypatch):
    monkeypatch.setattr(stored_batches, "MAX_CACHED", 2)
    all_of_them = [made(root, [record(0)]) for _ in range(6)]
    shown = all_of_them[0]
    await batches.rows(ANYONE, shown.id, asked())
    read, real = [], part_files.read_results
    monkeypatch.setattr(part_files, "read_results", lambda path: read.append(path) or real(path))
    for _ in range(2):
        assert len((await batches.all(ANYONE)).batches) == 6
        await batches.rows(ANYONE, shown.id, asked())
    assert [path for path in read if shown.id in path.parts] == []
    assert sum(each.is_cached for each in batches._batches.values()) <= 3


def test_another_request_frees_what_this_one_reads(root, monkeypatch):
    batch = made(root, [record(0)])
    real = type(batch.folder).check

    def check(folder):
        real(folder)
        batch.drop_caches()

    monkeypatch.setattr(type(batch.folder), "check", check)
    assert batch.index.num_done == 1
    assert list(batch.rows.lines([0])) == [(10, 0)]


async def test_a_sentence_does_nothing_only_if_it_does_nothing_in_all_rows(root, batches):
    def effects(first, last, effect):
        part = PartRecord("text-1", "Be brief.", 0, None, effect)
        return [Record(row, row + 1, answer="a", num_tokens=1, parts=(part,)) for row in range(first, last)]

    batch = made(root, [], total=80)
    batch.folder.records.add(effects(0, 20, 0.0))

    async def nothing():
        return (await batches.parts(ANYONE, batch.id)).parts[0].nothing

    assert await nothing() is None
    verdict = {"id": "text-1", "text": "x", "floor": 0.5, "below": 1.0, "interval": [1, 1], "num_rows": 20}
    # By another server.
    (batch.folder.path / "noise.json").write_text(json.dumps({"verdicts": [verdict]}))
    assert await nothing() is True
    batches._batches[ANYONE, batch.id].parts_until = 0.0
    batch.folder.records.add(effects(20, 40, -9.0))
    assert await nothing() is False


@pytest.fixture
def looked_at(root):
    """A batch, and the lock of one who looks at this moment whether it is held."""
    fcntl = pytest.importorskip("fcntl")
    batch = made(root, [record(0)])
    lock = (batch.folder.records.path / ".lock").open()
    fcntl.flock(lock, fcntl.LOCK_SH)
    yield batch, lock
    lock.close()


def test_looking_whether_it_runs_isnt_running_it(looked_at):
    batch, lock = looked_at
    assert not batch.is_held()
    lock.close()
    with batch.folder.records.held():
        assert batch.is_held()
        batch.doing = "rows"
        assert not batch.is_held()  # it is this process's
        assert batch.is_held(ignore_own=True)
        batch.doing = ""
        with pytest.raises(Problem), Folder(batch.folder.records.path).held():
            pass


def test_who_looks_keeps_nobody_from_running(looked_at, monkeypatch):
    batch, lock = looked_at
    monkeypatch.setattr(shared_files.time, "sleep", lambda _: lock.close())
    with batch.folder.records.held():
        assert batch.is_held()


async def test_a_search_for_useless_sentences_keeps_why_the_rows_failed(root, batches):
    batch = made(root, [record(0)])

    async def fail():
        raise Problem(503, "service_ended", "The service ended.")

    for doing, other in (("rows", "noise"), ("noise", "rows")):
        batch.problem = batch.noise_problem = before = Problem(422, "earlier", "It failed.")
        batches._begin(batch, doing, fail)
        await batch.task
        found = {"rows": batch.problem, "noise": batch.noise_problem}
        assert (found[doing].code, found[other]) == ("service_ended", before)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="This system has no named pipes.")
@pytest.mark.parametrize(
    "name", ["records/part-000002.jsonl", "records/part-000002.parquet", "rows.index", "rows.jsonl"]
)
def test_named_pipes_keep_no_thread(root, monkeypatch, name):
    batch = made(root, [record(0)])
    path = batch.folder.path / name
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    for show in (lambda: batch.index, lambda: pages.page(batch, asked(), None)):
        with pytest.raises(Problem) as raised:
            show()
        assert raised.value.code == "damaged_batch"
    # Also if it becomes one after the folder was looked at.
    monkeypatch.setattr(type(batch.folder), "check", lambda _: None)
    if name.startswith("records"):
        with pytest.raises(ValueError, match="isn't a file"):
            part_files.read_results(path)
        with pytest.raises(ValueError, match="isn't a file"):
            next(part_files.read(path))
    elif name == "rows.index":
        with pytest.raises(Problem, match="isn't a file"):
            pages.page(batch, asked(), None)
