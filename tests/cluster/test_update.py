"""An update replaces the replica while it computes, and waiting streams bring a second one."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from ray_replicas import REPLICA, descendants, processes
from waiting import PATIENCE, until, until_async

pytestmark = pytest.mark.long

PROMPT = "Suggestion: Onion soup\nAnalysis:"
SECRET = "0123456789abcdef0123456789abcdef"
IDS = [2] + [50] * 60
SPANS = [{"start": start, "end": end} for end in range(61, 1, -1) for start in range(1, end)]


class Service:
    """The replica, and what deploys it anew."""

    def __init__(self, folder: Path) -> None:
        secret_file = folder / "secret"
        secret_file.touch(0o600)
        secret_file.write_text(SECRET)
        self._log = (folder / "log.txt").open("wb")
        program = Path(__file__).with_name("updating.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program), str(folder), str(secret_file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self.port = int(self.said("port"))

    def said(self, word: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(word):
                return line.split()[-1]
        raise AssertionError("it has ended")

    async def do(self, what: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        await asyncio.to_thread(self.said, "done")

    def pids(self) -> set[int]:
        titles = processes()
        return {pid for pid in descendants(self.process.pid) if titles.get(pid, "").startswith(REPLICA)}

    def end(self) -> None:
        assert self.process.stdin is not None
        started = descendants(self.process.pid)
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        until(lambda: not started.intersection(processes()))
        self._log.close()


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    folder = Path(tempfile.mkdtemp(prefix="lit-lab-"))
    made = Service(folder)
    yield made
    made.end()
    shutil.rmtree(folder)


def client(service: Service, owner: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {SECRET}", "X-LIT-Lab-Owner": owner}
    url = f"http://127.0.0.1:{service.port}"
    return httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE, trust_env=False)


def leaves(pid: int) -> bool:
    """Tell whether a replica gets no more requests."""
    return "graceful_shutdown" in processes().get(pid, "")


async def events(asking: httpx.AsyncClient, kind: str, body: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
    async with asking.stream("POST", f"/{kind}", json={"kind": kind, "model": "demo", **body}) as response:
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            yield json.loads(line)


async def test_an_update_drops_no_run(service: Service) -> None:
    (before,) = service.pids()
    updated = asyncio.Event()
    salience = {"ids": IDS, "targets": SPANS, "methods": ["integrated_gradients"], "integration": {"steps": 64}}

    async def long() -> int:
        """Compute until the update is done, with one stream; it must not break before."""
        count = 0
        async with client(service, "long") as asking:
            async for event in events(asking, "salience", salience):
                assert event["event"] != "error", event
                count += event["event"] == "scores"
                if updated.is_set():
                    return count
        raise AssertionError("it ended before the update")

    async def short(owner: str) -> int:
        """Ask again and again: each request is answered in full, by whichever replica."""
        count = 0
        async with client(service, owner) as asking:
            while not updated.is_set() or count < 2:
                *_, last = [
                    event async for event in events(asking, "generate", {"prompt": PROMPT, "max_new_tokens": 4})
                ]
                assert last["event"] == "done", last
                count += 1
        return count

    runs = [asyncio.ensure_future(each) for each in (long(), short("a"), short("b"))]
    await until_async(lambda: service.pids() == {before})
    # The update is done when the replica before has ended, which waits for its stream.
    update = asyncio.ensure_future(service.do("update"))
    await until_async(lambda: len(service.pids()) == 2 or update.done())
    await until_async(lambda: leaves(before) or update.done())
    assert not update.done()
    async with client(service, "c") as asking:  # the new one answers meanwhile
        *_, last = [event async for event in events(asking, "generate", {"prompt": PROMPT, "max_new_tokens": 4})]
        assert last["event"] == "done"
    updated.set()
    long_scores, *shorts = await asyncio.gather(*runs)
    assert long_scores
    assert min(shorts) >= 2
    await update
    await until_async(lambda: before not in service.pids() and len(service.pids()) == 1)


async def test_streams_that_wait_bring_a_second_replica(service: Service) -> None:
    await service.do("scale")
    salience = {"ids": IDS, "targets": SPANS, "methods": ["integrated_gradients"], "integration": {"steps": 64}}
    enough = asyncio.Event()

    async def waits(owner: str) -> None:
        async with client(service, owner) as asking:
            async for event in events(asking, "salience", salience):
                assert event["event"] != "error", event
                if enough.is_set():
                    return

    runs = [asyncio.ensure_future(waits(f"user {number}")) for number in range(9)]
    await until_async(lambda: len(service.pids()) == 2 or any(run.done() for run in runs))
    enough.set()
    await asyncio.gather(*runs)
    assert len(service.pids()) == 2
