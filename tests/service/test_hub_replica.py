"""A hub's users share a replica: a Jupyter server with `hub_service`, a stand-in for the hub, and the replica's application."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from hub import SCOPE, Hub
from waiting import PATIENCE, until

from lit_lab.cluster import application
from lit_lab.cluster.settings import ReplicaSettings
from lit_lab.protocol import Arithmetic, HubAccess
from lit_lab.service import loopback
from lit_lab.service.language_model import LanguageModel

PREFIX = "/services/lit-lab"
PROMPT = "Suggestion: Onion soup\nAnalysis:"


class Front:
    """The hub's own address: its API, and its proxy to the service.

    Attributes:
        hub: The stand-in for the hub.
        port: Where it listens.
    """

    def __init__(self) -> None:
        self.hub = Hub()
        self._listener = loopback.listen(0)
        self.port = int(self._listener.getsockname()[1])
        self._replica: Any = None
        self._server = uvicorn.Server(
            uvicorn.Config(self._pass, interface="asgi3", log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        )
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    @property
    def url(self) -> str:
        """The service's address for users' servers."""
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    def start(self) -> None:
        """Start the replica as Serve does, then listen."""
        self._thread.start()
        until(lambda: self._server.started or not self._thread.is_alive())
        assert self._server.started

    def end(self) -> None:
        """End both."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)

    async def _serve(self) -> None:
        settings = ReplicaSettings(
            models=["demo:embedded"],
            hub=HubAccess(api_url=f"http://127.0.0.1:{self.port}/hub/api", service="lit-lab"),
            prefix=PREFIX,
            threads=1,
            kv_cache_bytes=2**26,
            pass_cache_bytes=2**26,
        )
        replica = await application.started(settings)
        replica.check()
        self._replica = replica.app
        await self._server._serve([self._listener])

    async def _pass(self, scope: Any, receive: Any, send: Any) -> None:
        behind = self.hub if scope["path"].startswith("/hub/") else self._replica
        await behind(scope, receive, send)


@pytest.fixture(scope="module")
def front(keras_libraries: None) -> Iterator[Front]:
    """A hub with a replica, in a process whose libraries and logs are as they were afterwards."""
    arithmetic = Arithmetic(
        backend="tensorflow", floatx="float32", policy="float32", epsilon=1e-7, image_data_format="", error=0.0
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "import_libraries", lambda *_: arithmetic)
        patch.setattr(application, "leave_no_core", lambda: None)
        patch.setattr(application, "_log_discreetly", lambda _: None)
        patch.setattr(application.libraries, "set_environment", lambda *_: None)
        patch.setattr(LanguageModel, "warm_up_generation", lambda _: None)
        patch.setenv("OMP_NUM_THREADS", "1")
        made = Front()
        made.start()
        yield made
        made.end()


@pytest.fixture
def token(front: Front, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The token of this server's user, whose scopes are the parameter, and what the hub sets beside it."""
    made = front.hub.user("ada", *request.param)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", made)
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:9/hub/api")
    monkeypatch.setenv("JUPYTERHUB_PUBLIC_HUB_URL", f"http://127.0.0.1:{front.port}/hub/")
    return made


@pytest.fixture
def jp_server_config(token: str) -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"lit_lab": True}}, "LitLab": {"hub_service": "lit-lab"}}


async def run(jp_fetch: Any) -> list[dict[str, Any]]:
    """Run the prompt in the Jupyter server, and return the job's events."""
    asked = {"kind": "generate", "model": "demo", "prompt": PROMPT, "max_new_tokens": 2}
    options = {"connect_timeout": PATIENCE, "request_timeout": PATIENCE}
    job = json.loads((await jp_fetch("lit-lab", "api", "jobs", method="POST", body=json.dumps(asked), **options)).body)
    response = await jp_fetch("lit-lab", "api", "jobs", job["id"], "events", **options)
    return [json.loads(line) for line in response.body.decode().splitlines()]


def answer(events: list[dict[str, Any]]) -> dict[str, Any]:
    found = [event for event in events if event["event"] == "answer"]
    assert found, events
    return found[0]


@pytest.mark.parametrize("token", [[SCOPE]], indirect=True)
async def test_a_run_works_and_another_user_sees_nothing_of_it(
    jp_fetch: Any, front: Front, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert answer(await run(jp_fetch))["reused"] == 0
    mine = answer(await run(jp_fetch))
    assert mine["reused"] > 0
    bob = {"Authorization": f"Bearer {front.hub.user('bob', SCOPE)}"}
    asked = {"kind": "generate", "model": "demo", "prompt": PROMPT, "max_new_tokens": 2}
    async with httpx.AsyncClient(base_url=front.url, headers=bob, timeout=PATIENCE, trust_env=False) as client:
        theirs = answer([json.loads(line) for line in (await client.post("/generate", json=asked)).text.splitlines()])
        assert (theirs["text"], theirs["reused"]) == (mine["text"], 0)
        assert (await client.get("/ready")).json() == {"state": "ready"}
        assert (await client.get("/metrics")).status_code == 401
    # And back: what another user did has not taken the place of mine.
    assert answer(await run(jp_fetch))["reused"] > 0
    assert front.hub.asked.count(token) == 1
    assert token not in caplog.text


@pytest.mark.parametrize("token", [[]], indirect=True)
async def test_without_the_scope_it_says_which(jp_fetch: Any, token: str) -> None:
    *_, last = await run(jp_fetch)
    assert last["event"] == "error", last
    assert SCOPE in last["message"]
    assert "administrator" in last["hint"]
    assert token not in str(last)
