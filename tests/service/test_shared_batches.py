"""Batches that a shared service stores and runs: each user's own, within limits, through its end and its death."""

from __future__ import annotations

import asyncio
import functools
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from shared_batches import ORDER, Service, upload

from lit_lab.service.batches import receiving, runner
from lit_lab.service.batches.asked import AskedFiles, new
from lit_lab.service.batches.lease import Lease


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "batches"


@pytest.fixture
def service(root: Path) -> Service:
    return Service(root, max_batches=3, max_bytes=1_000_000, max_rows=50)


def while_it_runs(test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """Run a test while the fixture `service` runs."""

    @functools.wraps(test)
    async def wrapped(service: Service, **others: Any) -> None:
        async with service.running():
            await test(service=service, **others)

    return wrapped


@while_it_runs
async def test_rows_are_run_and_shown(service: Service, root: Path) -> None:
    batch = await service.start("a", "b", "error", checks=[{"contains": "target"}])
    info = await service.reached(batch, "done")
    assert (info["total"], info["done"], info["failed"], info["name"]) == (3, 3, 1, "rows.jsonl")
    assert [(check["passed"], check["rows"]) for check in info["checks"]] == [(2, 2)]
    assert (await service.ask("GET", "/health"))[1]["batches"] is True
    _, page = await service.ask("POST", f"/batches/{batch}/rows", json={"only": "failed"})
    assert [(row["row"], row["line"], row["found"]["error"]) for row in page["rows"]] == [(2, 3, "This row fails.")]
    assert (await service.ask("GET", f"/batches/{batch}/rows/1"))[1]["answer"] == "Hello"
    assert (await service.ask("GET", f"/batches/{batch}/parts"))[1]["reason"].startswith("The prompts are a column")
    assert (await service.ask("GET", "/batches"))[1]["batches"] == [info]
    # Nobody else on the machine can read it.
    modes = {stat.S_IMODE(path.stat().st_mode) for path in [root, *root.iterdir()] if path.is_dir()}
    assert modes == {0o700}
    assert (await service.ask("DELETE", f"/batches/{batch}"))[0] == 200
    assert [
        path for path in root.rglob("*") if path.is_file() and ".runner" not in path.name and path.name != ".lock"
    ] == []


@while_it_runs
async def test_another_owners_batch_is_as_one_that_isnt_there(service: Service) -> None:
    batch = await service.start("a")
    await service.reached(batch, "done")
    requests: list[tuple[str, str, Any]] = [
        ("GET", "", None), ("DELETE", "", None), ("POST", "/stop", None), ("POST", "/continue", None), ("POST", "/rows", {}),
        ("GET", "/rows/0", None), ("GET", "/parts", None), ("POST", "/noise", {"rows": 1}), ("GET", "/export/jsonl", None),
    ]  # fmt: skip
    for method, path, body in requests:
        found = await service.ask(method, f"/batches/{batch}{path}", "bob", json=body)
        missing = await service.ask(method, f"/batches/{'0' * 24}{path}", "bob", json=body)
        assert found == missing
        assert (found[0], found[1]["error"]) == (404, "unknown_batch")
    assert (await service.ask("GET", "/batches", "bob"))[1]["batches"] == []
    other = await service.start("a", user="bob")
    compared = await service.ask("POST", f"/batches/{other}/rows", "bob", json={"other": batch})
    assert (compared[0], compared[1]["error"]) == (404, "unknown_batch")
    assert (await service.ask("GET", f"/batches/{batch}"))[1]["state"] == "done"


@while_it_runs
async def test_stopped_and_continued(service: Service) -> None:
    batch = await service.start("a", "wait", "wait")
    await service.reached(batch, "running")
    status, info = await service.ask("POST", f"/batches/{batch}/stop")
    assert (status, info["state"], info["error"]) == (200, "stopped", None)
    service.model.go.set()
    assert (await service.ask("POST", f"/batches/{batch}/continue"))[0] == 202
    assert (await service.reached(batch, "done"))["done"] == 3
    assert service.model.asked.count("a") == 1  # what was computed is kept


async def test_the_end_of_the_service_breaks_nothing_off(root: Path) -> None:
    service = Service(root)
    async with service.running():
        batch = await service.start("a", "b", "wait", "wait")
        while service.model.asked.count("wait") < 1:
            await asyncio.sleep(0.01)
    async with service.running():
        service.model.go.set()
        info = await service.reached(batch, "done")  # nobody let it go on
    assert (info["done"], info["failed"]) == (4, 0)
    assert (service.model.asked.count("a"), service.model.asked.count("b")) == (1, 1)


@while_it_runs
async def test_users_come_before_batches(service: Service) -> None:
    batch = await service.start(*["wait"] * 4)
    await service.reached(batch, "running")
    while not service.model.asked:
        await asyncio.sleep(0.01)
    body = {"kind": "generate", "model": "one", "prompt": "of a user"}

    async def generate() -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app), base_url="http://hub.example",
            headers={"Authorization": f"Bearer {service.tokens['bob']}"},
        ) as client:  # fmt: skip
            assert (await client.post("/generate", json=body)).status_code == 200

    waiting = [asyncio.ensure_future(generate()) for _ in range(3)]
    await asyncio.sleep(0.1)
    service.model.go.set()
    await asyncio.gather(*waiting)
    # The row that had its turn, then the users, then the next row, which waited before them.
    assert service.model.asked[:4] == ["wait", "of a user", "of a user", "of a user"]
    await service.reached(batch, "done")


@while_it_runs
async def test_limits(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    status, found = await service.ask("POST", "/batches", content=upload(["a"] * 51))
    assert (status, found["error"]) == (422, "too_many_rows")
    status, found = await service.ask("POST", "/batches", content=upload(["a" * 3_200_000]))
    assert (status, found["error"]) == (413, "too_large")
    status, found = await service.ask("POST", "/batches", content=upload(["a"], models=["one", "two"]))
    assert (status, found["error"]) == (404, "unknown_model")
    assert (await service.ask("GET", "/batches"))[1]["batches"] == []
    batches = [await service.start("a" * 400_000) for _ in range(2)]
    for batch in batches:
        await service.reached(batch, "done", "failed")
    (folder,) = Path(service.storage.path).glob(f"*/{batches[0]}")
    (folder / "records" / ".big").write_bytes(bytes(100_000))
    status, found = await service.ask("POST", "/batches", content=upload(["a" * 400_000]))
    assert (status, found["error"]) == (422, "too_many_rows")  # for the room that is left
    (folder / "records" / ".big").write_bytes(bytes(600_000))
    status, found = await service.ask("POST", "/batches", content=upload(["a"]))
    assert (status, found["error"]) == (413, "quota")
    assert (await service.ask("POST", f"/batches/{batches[0]}/continue"))[1]["error"] == "quota"
    other = await service.start("a", user="bob")  # whose room it isn't
    await service.reached(other, "done", user="bob")
    for batch in batches:
        await service.ask("DELETE", f"/batches/{batch}")
    for _ in range(3):
        await service.start("a")
    status, found = await service.ask("POST", "/batches", content=upload(["a"]))
    assert (status, found["error"]) == (429, "too_many_batches")


@while_it_runs
async def test_a_batch_that_grows_beyond_the_quota_stops(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "ROOM_SECONDS", 0.0)
    monkeypatch.setattr(runner, "LOOK_SECONDS", 0.02)
    batch = await service.start("wait")
    await service.reached(batch, "running")
    (folder,) = Path(service.storage.path).glob(f"*/{batch}")
    (folder / "records" / ".big").write_bytes(bytes(1_100_000))
    info = await service.reached(batch, "failed")
    assert info["error"]["error"] == "quota"


@pytest.mark.parametrize("prefix", ["", "/services/lit-lab"])
async def test_rows_have_limits_of_their_own(root: Path, prefix: str) -> None:
    """They go to the disk, and not into memory like other requests' bodies."""
    service = Service(root, prefix=prefix, max_body_bytes=200)
    async with service.running():
        status, found = await service.ask("POST", f"{prefix}/batches", content=upload(["a" * 500]))
        assert status == 202, found
        batch = found["batches"][0]["id"]
        content = b" " * 200 + b"{}"
        assert (await service.ask("POST", f"{prefix}/batches/{batch}/rows", content=content))[0] == 413


async def test_rows_have_the_limits_of_all_requests_where_none_are_stored(root: Path) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        yield upload(["a"])
        await asyncio.sleep(60)

    async with (
        Service(root, body_seconds=0.05).running(is_offered=False) as service,
        httpx.AsyncClient(transport=httpx.ASGITransport(service.app), base_url="http://hub.example") as client,
    ):
        headers = {"Authorization": f"Bearer {service.tokens['ada']}"}
        found = await client.post("/batches", content=slowly(), headers=headers)
        assert (found.status_code, found.json()["error"]) == (404, "no_batches")
        assert found.headers["connection"] == "close"  # its body took longer than any may


async def test_what_expired_is_deleted(root: Path) -> None:
    service = Service(root, days=1.0)
    async with service.running():
        old, fresh = await service.start("a"), await service.start("b")
        for batch in (old, fresh):
            await service.reached(batch, "done")
    past = time.time() - 90_000
    for path in root.glob(f"*/{old}/*"):
        os.utime(path, (past, past))
    async with service.running():
        async with asyncio.timeout(30):
            while (await service.ask("GET", f"/batches/{old}"))[0] != 404:
                await asyncio.sleep(0.02)
        assert (await service.ask("GET", f"/batches/{fresh}"))[1]["state"] == "done"


async def test_without_a_folder_there_are_none(root: Path) -> None:
    async with Service(root).running(is_offered=False) as service:
        for method, path in (("GET", "/batches"), ("POST", "/batches"), ("GET", f"/batches/{'0' * 24}")):
            status, found = await service.ask(method, path)
            assert (status, found["error"]) == (404, "no_batches")
        assert (await service.ask("GET", "/health"))[1]["batches"] is False
    assert not root.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[" * 100_000,
        b'{"name": 7}\n',
        json.dumps({**ORDER, "more": 1}).encode() + b"\n",
        upload([]),
        upload(["a"]) + b"nonsense\n",
        upload(["a"]) + b"[1, {}, 2]\n",
        upload(["a"]) + b'["1", {}]\n',
        upload(["a"]) + b"[-1, {}]\n",
        upload(["a"]) + b"[1, []]\n",
        upload(["a"]) + b"\xff\xfe\n",
        upload(["a"]) + b"[1, {\"a\": " + b"[" * 300 + b"]" * 300 + b"}]\n",
        upload(["a"], templates=["{promt}"]),
        upload(["a"], checks=[{"contians": "a"}]),
        upload(["a"], used_prompt="none"),
    ],
)  # fmt: skip
@while_it_runs
async def test_hostile_rows_leave_nothing(service: Service, root: Path, content: bytes) -> None:
    status, found = await service.ask("POST", "/batches", content=content)
    assert status in (400, 413, 422)
    assert found["message"]
    assert (await service.ask("GET", "/batches"))[1]["batches"] == []
    assert [
        path for path in root.rglob("*") if path.is_file() and ".runner" not in path.name and path.name != ".lock"
    ] == []


@while_it_runs
async def test_half_of_a_surrogate_pair_is_replaced(service: Service) -> None:
    content = upload([]) + b'[1, {"prompt": "a \\ud800"}]\n'
    status, found = await service.ask("POST", "/batches", content=content)
    assert status == 202
    batch = found["batches"][0]["id"]
    await service.reached(batch, "done")
    assert (await service.ask("GET", f"/batches/{batch}/rows/0"))[1]["prompt"] == "a \ufffd"


@while_it_runs
async def test_rows_that_never_end_are_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "MAX_SECONDS", 0.05)
    monkeypatch.setattr(receiving, "DRAIN_SECONDS", 0.05)

    async def slowly() -> AsyncIterator[bytes]:
        yield upload(["a"])
        await asyncio.sleep(60)

    status, found = await service.ask("POST", "/batches", content=slowly())
    assert (status, found["error"]) == (408, "too_slow")


def test_a_lease_is_held_by_one(tmp_path: Path) -> None:
    now = [0.0]
    first, second = (Lease(tmp_path / "lease", 10.0, lambda: now[0]) for _ in range(2))
    assert first.hold()
    assert not second.hold()
    now[0] = 9.0
    assert first.hold()
    assert not second.hold()
    now[0] = 18.0  # nine seconds after it was seen renewed
    assert not second.hold()
    now[0] = 19.5
    assert second.hold()
    assert not first.hold()
    second.release()
    assert first.hold()
    assert [path.name for path in tmp_path.iterdir()] == ["lease"]


def test_the_lease_of_a_process_that_has_ended_is_free(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "lease", 1e9)
    assert lease.hold()
    values = json.loads((tmp_path / "lease").read_text())
    (tmp_path / "lease").write_text(json.dumps({**values, "process": 2**22 + 1}))
    assert Lease(tmp_path / "lease", 1e9).hold()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"doing": "rm", "num_rows": 1, "at": 1.0, "mark": "a"}', "[" * 5000]
)
def test_damaged_files_ask_for_nothing(tmp_path: Path, content: str) -> None:
    files = AskedFiles(tmp_path)
    files.put(("0" * 32, "1" * 24), new("rows"))
    assert len(files.all()) == 1
    (tmp_path / ".asked" / ("0" * 32 + "." + "1" * 24)).write_text(content)
    assert files.all() == {}


KILLED = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from lit_lab.batches import runner
from shared_batches import Service
runner.PART_SECONDS = 0.0

async def main():
    async with Service(Path(sys.argv[1])).running() as service:
        batch = await service.start("a", "b", "wait", "wait")
        await service.reached(batch, "running", done=2)
        print(batch, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_killed_service_loses_nothing(root: Path) -> None:
    here = Path(__file__).parent
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(root), str(here), str(here.parent)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    with child.stdout:
        batch = (await asyncio.to_thread(child.stdout.readline)).strip()
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert len(batch) == 24
    service = Service(root)
    service.model.go.set()
    async with service.running():
        info = await service.reached(batch, "done")  # at once: nobody waits for a dead process's lease
        assert (info["done"], info["failed"]) == (4, 0)
        _, page = await service.ask("POST", f"/batches/{batch}/rows", json={})
    assert [row["found"]["answer"] for row in page["rows"]] == ["Hello"] * 4
    assert service.model.asked == ["wait", "wait"]  # what was stored isn't computed again
