"""Unloaded models leave memory behind, so a new process of the real service takes over the other models."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import httpx
from waiting import PATIENCE

from lit_lab.model_spec import ModelSpec
from lit_lab.supervision.service_run import Settings
from lit_lab.supervision.servicelog import ServiceLog
from lit_lab.supervision.supervisor import Supervisor


async def ask(service: Supervisor, method: str, path: str, body: object = None) -> Any:
    endpoint = await service.ready()
    headers = {"Authorization": f"Bearer {endpoint.secret}"}
    transport = httpx.AsyncHTTPTransport(uds=endpoint.socket or None)
    with service.use():
        async with httpx.AsyncClient(transport=transport, headers=headers, timeout=PATIENCE) as client:
            response = await client.request(method, f"{endpoint.url}/{path}", json=body)
    response.raise_for_status()
    return response.json()


async def states(service: Supervisor) -> dict[str, str]:
    return {model["name"]: model["state"] for model in (await ask(service, "GET", "models"))["models"]}


async def reached(service: Supervisor, name: str, state: str) -> None:
    while (await states(service))[name] != state:
        await asyncio.sleep(0.1)


async def change(service: Supervisor, **change: object) -> None:
    await ask(service, "POST", "models/change", {"change": change})


async def test_the_models_that_stay_are_loaded_again(tmp_path: Path) -> None:
    settings = Settings(
        python=sys.executable,
        cache=tmp_path / "cache",
        models=(ModelSpec("one", "embedded"), ModelSpec("two", "embedded")),
        idle_timeout=0.0,
        start_timeout=PATIENCE,
        renewal_rest=1.0,
    )
    service = Supervisor(settings, ServiceLog(tmp_path / "runtime" / "service.log"))
    try:
        await reached(service, "one", "ready")
        await change(service, kind="load", name="two", max_length=64)
        await reached(service, "two", "ready")
        before = (await service.status()).pid
        with service.use():  # which starts once nobody uses the old one
            await change(service, kind="unload", name="one")
            assert (await service.status()).pid == before

        async def follows() -> bool:
            status = await service.status()
            return status.state == "ready" and status.pid != before

        while not await follows():
            await asyncio.sleep(0.1)
        await reached(service, "two", "ready")
        models = {model["name"]: model for model in (await ask(service, "GET", "models"))["models"]}
        assert models["one"]["state"] == "unloaded"
        assert models["two"]["window"] == 64
        after = (await service.status()).pid
        # Nothing was unloaded in this process, so it stays.
        await asyncio.sleep(4.0)
        assert (await service.status()).pid == after
    finally:
        await service.close()
