"""The application's answers, without a process of its own."""

from __future__ import annotations

import httpx
import pytest

from lit_lab.service.app import create_app
from lit_lab.service.registry import Registry, parse
from lit_lab.service.work import Work

SECRET = "a secret for tests only"


async def test_a_failure_that_nobody_foresaw_is_told_in_words_too(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a first line\nand a second")
        yield

    monkeypatch.setattr(Registry, "ready", fail)
    registry = Registry(parse(["one:x"]), None, lambda say: None)
    app = create_app(registry, Work(registry), SECRET, fail)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers) as client:
        response = await client.post("/tokens", json={"model": "one", "prompt": "a"})
    assert response.status_code == 500
    assert response.json()["error"] == "internal"
    assert "RuntimeError: a first line" in response.json()["message"]
    assert "second" not in response.json()["message"]
    assert response.json()["hint"]
