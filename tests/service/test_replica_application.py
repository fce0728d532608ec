"""A replica's application, without Ray: what it does before it takes a request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lit_lab.cluster import application
from lit_lab.cluster.settings import ReplicaSettings
from lit_lab.problem import Problem
from lit_lab.protocol import Arithmetic

SECRET = "a secret for tests only"


@pytest.fixture
def secret_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A secret's file, in a process whose libraries and logs are as they were afterwards."""
    arithmetic = Arithmetic(
        backend="tensorflow", floatx="float32", policy="float32", epsilon=1e-7, image_data_format="", error=0.0
    )
    monkeypatch.setattr(application, "import_libraries", lambda *_: arithmetic)
    monkeypatch.setattr(application, "leave_no_core", lambda: None)
    monkeypatch.setattr(application, "_log_discreetly", lambda _: None)
    monkeypatch.setattr(application.libraries, "set_environment", lambda *_: None)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text(SECRET)
    yield str(file)


def test_a_replica_is_ready_when_all_of_its_models_are(secret_file: str, keras_libraries: None) -> None:
    async def health() -> httpx.Response:
        settings = ReplicaSettings(models=["demo:embedded"], secret_file=secret_file, hosts=["lab"], threads=1)
        replica = await application.started(settings)
        replica.check()
        transport = httpx.ASGITransport(replica.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://lab:8000") as client:
            assert (await client.get("/health")).status_code == 401
            return await client.get("/health", headers={"Authorization": f"Bearer {SECRET}"})

    answer = asyncio.run(health())
    assert answer.status_code == 200
    assert answer.json()["state"] == "ready"
    assert [model["state"] for model in answer.json()["models"]] == ["ready"]


def test_a_replica_without_one_of_its_models_does_not_start(secret_file: str, caplog: pytest.LogCaptureFixture) -> None:
    settings = ReplicaSettings(models=["own:/nowhere/at/all"], secret_file=secret_file)
    with caplog.at_level(logging.CRITICAL), pytest.raises(Problem, match="nowhere"):
        asyncio.run(application.started(settings))


def test_a_replica_without_its_secret_does_not_start() -> None:
    with pytest.raises(Problem, match="can't be read"):
        asyncio.run(application.started(ReplicaSettings(secret_file="/nowhere/secret")))
