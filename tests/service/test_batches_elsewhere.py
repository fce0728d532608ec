"""From the Jupyter server of a hub's user to the batches at the service that the hub manages, over a real connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from shared_batches import Service
from test_hub_service import environment
from waiting import PATIENCE

from lit_lab.datasets.row import Row
from lit_lab.owners import ANYONE
from lit_lab.problem import Problem
from lit_lab.protocol import BatchInfo, BatchRequest, BatchRowsRequest, DatasetColumns
from lit_lab.server_batches import AllBatches, BatchesElsewhere, ServerBatches, owners_here
from lit_lab.service import loopback
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.hub import HubService

ASKED = BatchRequest(dataset="d", models=["one"], measures=[])
ADA = "user ada"


def dataset(*prompts: str) -> Any:
    """Return an open dataset of these prompts."""
    columns = DatasetColumns(prompt="prompt", target="target", source=None, template=None)
    rows = [Row(line=line, prompt=prompt, target="Hello") for line, prompt in enumerate(prompts, 7)]
    state = SimpleNamespace(chosen=columns, columns=["prompt", "target"])
    table = SimpleNamespace(chosen=lambda search: iter(rows))
    return SimpleNamespace(name="rows.jsonl", is_reading=False, state=lambda: state, table=table)


@asynccontextmanager
async def served(service: Service, is_offered: bool = True) -> AsyncIterator[str]:
    """Serve, and yield the hub's public address."""
    async with service.running(is_offered):
        listener = loopback.listen(0)
        config = uvicorn.Config(service.app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        task = asyncio.ensure_future(server._serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hub/"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def server(service: Service, address: str, user: str, root: Path) -> AsyncIterator[AllBatches]:
    """Yield the batches of a user's Jupyter server."""
    hub = HubService("lit-lab", environment(service.tokens[user], address))
    client = ServiceClient(hub, elsewhere=True)
    here = ServerBatches(root, lambda _: None, lambda _: None)  # type: ignore[arg-type, return-value]
    elsewhere = BatchesElsewhere(hub, client, lambda _: None)
    batches = AllBatches(here, elsewhere, owners_here({"JUPYTERHUB_USER": user}, ANYONE))
    try:
        yield batches
    finally:
        await batches.close()
        await client.close()
        await hub.close()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(
        tmp_path / "shared", max_rows=50, max_bytes=1_000_000, hosts=["127.0.0.1"], prefix="/services/lit-lab"
    )


async def reached(batches: AllBatches, batch: str, state: str) -> BatchInfo:
    async with asyncio.timeout(PATIENCE):
        while (info := await batches.info(ADA, batch)).state != state:
            await asyncio.sleep(0.02)
    return info


async def code(work: Any) -> tuple[int, str]:
    with pytest.raises(Problem) as raised:
        await work
    return raised.value.status, raised.value.code


async def test_a_batch_outlives_its_users_server(service: Service, tmp_path: Path) -> None:
    async with served(service) as address:
        async with server(service, address, "ada", tmp_path / "ada") as batches:
            (info,) = (await batches.start(ADA, ASKED, dataset("a", "wait", "b"))).batches
            await reached(batches, info.id, "running")
        service.model.go.set()  # the user's server was culled
        async with server(service, address, "ada", tmp_path / "ada again") as batches:
            done = await reached(batches, info.id, "done")
            assert (done.done, done.failed, done.name, done.prompt) == (3, 0, "rows.jsonl", "prompt")
            page = await batches.rows(ADA, info.id, BatchRowsRequest())
            assert [(row.line, row.prompt, row.found and row.found.answer) for row in page.rows] == [
                (7, "a", "Hello"), (8, "wait", "Hello"), (9, "b", "Hello"),
            ]  # fmt: skip
            assert (await batches.row(ADA, info.id, 1)).answer == "Hello"
            assert (await batches.parts(ADA, info.id)).reason
            name, file = await batches.export(ADA, info.id, "jsonl")
            with file:
                assert (name, len(file.read().splitlines())) == ("rows-one.jsonl", 3)
            listed = await batches.all(ADA)
            assert [each.id for each in listed.batches] == [info.id]
            assert listed.unlisted is None
            # Thirty days after its last row.
            assert listed.batches[0].expires == pytest.approx(time.time() + 30 * 86_400, abs=600)
            assert (await batches.go_on(ADA, info.id)).id == info.id
            await reached(batches, info.id, "done")
            assert (await batches.stop(ADA, info.id)).state == "done"
            assert await code(batches.noise(ADA, info.id, 1)) == (422, "no_effects")
            await batches.delete(ADA, info.id)
            assert await code(batches.info(ADA, info.id)) == (404, "unknown_batch")
    assert not list((tmp_path / "ada").glob("*/*"))  # nothing here


async def test_neither_a_guest_nor_another_user_sees_it(service: Service, tmp_path: Path) -> None:
    async with served(service) as address, server(service, address, "ada", tmp_path / "ada") as batches:
        (info,) = (await batches.start(ADA, ASKED, dataset("a"))).batches
        await reached(batches, info.id, "done")
        # Somebody whom ada lets use her server is another user, though requests would carry her token.
        assert (await batches.all("user bob")).batches == []
        assert await code(batches.info("user bob", info.id)) == (404, "unknown_batch")
        async with server(service, address, "bob", tmp_path / "bob") as others:
            assert (await others.all("user bob")).batches == []
            assert await code(others.info("user bob", info.id)) == (404, "unknown_batch")
        for batch in ("..", "../../health", "0" * 23, "0" * 24):
            assert await code(batches.info(ADA, batch)) == (404, "unknown_batch")


async def test_limits_are_the_services(service: Service, tmp_path: Path) -> None:
    async with served(service) as address, server(service, address, "ada", tmp_path / "ada") as batches:
        assert await code(batches.start(ADA, ASKED, dataset(*["a"] * 51))) == (422, "too_many_rows")
        assert await code(batches.start(ADA, ASKED, dataset(*["a" * 1_000_000] * 9))) == (413, "too_large")
        assert await code(batches.start(ADA, ASKED, dataset())) == (422, "no_rows")
        assert (await batches.all(ADA)).batches == []


async def test_a_service_without_batches_leaves_them_here(service: Service, tmp_path: Path) -> None:
    async with served(service, False) as address, server(service, address, "ada", tmp_path / "ada") as batches:
        assert (await batches.all(ADA)).batches == []
        assert await code(batches.info(ADA, "0" * 24)) == (404, "unknown_batch")
        await code(batches.start(ADA, ASKED, dataset()))
        assert list((tmp_path / "ada").iterdir())  # this server's own folder


async def test_a_service_that_is_away_is_not_taken_for_one_without_batches(service: Service, tmp_path: Path) -> None:
    async with server(service, "http://127.0.0.1:9/hub/", "ada", tmp_path / "ada") as batches:
        assert await code(batches.start(ADA, ASKED, dataset("a"))) == (503, "service_unreachable")
        assert not (tmp_path / "ada").exists()
        # Those of this server are listed all the same.
        listed = await batches.all(ADA)
        assert listed.batches == []
        assert listed.unlisted is not None
        assert listed.unlisted.error == "service_unreachable"
        assert (await batches.all("user bob")).unlisted is None  # whose batches are here only
