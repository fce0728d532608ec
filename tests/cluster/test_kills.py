"""Replicas that are killed while they compute for a Jupyter server: each run is complete, and has nothing twice.

`scripts/test_cluster.sh -m long` runs these: each kill costs the start of a replica.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from ray_replicas import Replicas, cpu_ticks
from waiting import PATIENCE, until_async

KILLS = int(os.environ.get("LIT_LAB_TEST_KILLS", "10"))
NOTICE = 2.0  # seconds after a kill within which the panel says that the run begins again
LONG = "Once upon a time there was a menu. " * 40
PROMPT = "Analyze a menu item in a restaurant.\n\nTaste-likes: I've a sweet-tooth\nSuggestion: Onion soup\nAnalysis:"
pytestmark = pytest.mark.long


@pytest.fixture
def jp_server_config(served: Replicas) -> dict[str, Any]:
    service = {"service_url": served.url, "service_secret": served.secret_file.read_text().strip()}
    return {"ServerApp": {"jpserver_extensions": {"lit_lab": True}}, "LitLab": service}


@pytest.fixture
def api(http_server: Any, jp_auth_header: dict[str, str], jp_http_port: int, jp_base_url: str) -> httpx.AsyncClient:
    """A client of the Jupyter server's API."""
    url = f"http://127.0.0.1:{jp_http_port}{jp_base_url}lit-lab/api/"
    return httpx.AsyncClient(base_url=url, headers=jp_auth_header, timeout=PATIENCE, trust_env=False)


def generation(prompt: str, tokens: int) -> dict[str, Any]:
    return {"kind": "generate", "model": "demo", "prompt": prompt, "max_new_tokens": tokens, "chat": "off", "stop": []}


@asynccontextmanager
async def job(api: httpx.AsyncClient, request: dict[str, Any]) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Begin a job, and yield its events."""
    response = await api.post("jobs", json=request)
    assert response.status_code == 202, response.text
    async with api.stream("GET", f"jobs/{response.json()['id']}/events") as stream:

        async def events() -> AsyncIterator[dict[str, Any]]:
            async for line in stream.aiter_lines():
                if line and (event := json.loads(line))["event"] != "heartbeat":
                    yield event

        yield events()


async def whole(api: httpx.AsyncClient, request: dict[str, Any]) -> list[dict[str, Any]]:
    async with job(api, request) as events:
        return [event async for event in events]


def results(found: list[dict[str, Any]]) -> Any:
    """Return what a run has in the end; fails if something is there twice."""
    assert found[-1]["event"] == "done", found[-1]
    starts = [number for number, event in enumerate(found) if event["event"] == "restarted"]
    if any(event["event"] == "answer" for event in found):
        # An answer begins again: only what comes after the last beginning counts.
        rest = found[starts[-1] :] if starts else found
        (answer,) = (event for event in rest if event["event"] == "answer")
        assert [event["event"] for event in rest].count("prompt") == 1
        tokens = [event["token"]["id"] for event in rest if event["event"] == "token"]
        assert tokens == [token["id"] for token in answer["tokens"]]
        return tokens
    scores = [
        (each["target"]["start"], each["target"]["end"], each["scores"]) for each in found if each["event"] == "scores"
    ]
    spans = [each[:2] for each in scores]
    assert len(spans) == len(set(spans)), "some scores came twice"
    return sorted(scores)


def has_computed(before: dict[int, int]) -> bool:
    return sum(map(cpu_ticks, before)) - sum(before.values()) > 3


async def requests(api: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    found = await whole(api, generation(PROMPT, 4))
    prompt = next(event for event in found if event["event"] == "prompt")["tokens"]
    ids = [token["id"] for token in (*prompt, *next(each for each in found if each["event"] == "answer")["tokens"])]
    targets = [{"start": start, "end": len(ids)} for start in range(1, len(ids))]
    salience = {
        "kind": "salience",
        "model": "demo",
        "ids": ids,
        "targets": targets,
        "methods": ["integrated_gradients"],
    }
    return {
        "prefill": generation(LONG, 8),
        "generation": generation(PROMPT, 200),
        "salience": {**salience, "integration": {"steps": 16}},
    }


@pytest.mark.parametrize("when", ["prefill", "generation", "salience"])
async def test_kills_lose_and_double_nothing(
    api: httpx.AsyncClient, served: Replicas, when: str, capsys: pytest.CaptureFixture[str]
) -> None:
    await until_async(lambda: len(served.pids()) == 2)
    request = (await requests(api))[when]
    restarts, seconds = 0, []
    for number in range(KILLS):
        # Another one each time, so that no cache has it.
        if when == "salience":
            request = {**request, "integration": {"steps": 16 + number}}
        else:
            request = {**request, "prompt": f"{number} {request['prompt'].partition(' ')[2]}"}
        before = served.cpu()
        found, killed = [], 0.0
        async with job(api, request) as events:
            if when == "prefill":
                await until_async(functools.partial(has_computed, before))
                os.kill(served.computing(before), signal.SIGKILL)
                killed = time.monotonic()
            async for event in events:
                found.append(event)
                if not killed and event["event"] in ("token", "scores"):
                    os.kill(served.computing(before), signal.SIGKILL)
                    killed = time.monotonic()
                if event["event"] == "restarted":
                    restarts += 1
                    seconds.append(time.monotonic() - killed)
        outcome, expected = results(found), results(await whole(api, request))
        if when == "salience":
            assert [each[:2] for each in outcome] == [each[:2] for each in expected]
            for mine, theirs in zip(outcome, expected, strict=True):
                # Targets are computed in groups; what is left makes other groups, and so other roundings.
                assert mine[2] == pytest.approx(theirs[2], rel=1e-3, abs=1e-4 * max(map(abs, theirs[2])))
        else:
            assert outcome == expected
        # Serve notices a death a moment later, and the next kill needs two.
        await until_async(
            lambda: len(served.pids()) == 2 and served.said().rstrip().endswith("2 of 2 replicas are ready.")
        )
    with capsys.disabled():
        late = max(seconds, default=0.0)
        print(f"\n{when}: {KILLS} kills, {restarts} runs began again, shown after {late:.2f} s at most")
    assert restarts, "no kill met a computation"
    assert late < NOTICE, seconds
