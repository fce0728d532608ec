"""The application's responses, without a separate process."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pydantic import BaseModel, TypeAdapter
from starlette.requests import Request
from waiting import PATIENCE, until_async

from lit_lab.protocol import (
    AblationRequest,
    CurveEvent,
    CurvePoint,
    Estimate,
    FaithfulnessRequest,
    JobEvent,
    ProgressEvent,
    SalienceRequest,
    SegmentScoresEvent,
)
from lit_lab.service import request_body
from lit_lab.service.app import COMPUTATIONS, COUNTING, create_app
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler

SECRET = "a secret for tests only"


async def test_an_unexpected_failure_is_reported_with_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a first line\nand a second")
        yield

    monkeypatch.setattr(Registry, "loaded", fail)
    registry = Registry(parse(["one:./x"]), None, lambda say: None)
    app = create_app(registry, Scheduler(registry), SECRET, fail)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
        response = await client.post("/tokens", json={"model": "one", "prompt": "a"})
    assert response.status_code == 500
    assert response.json()["error"] == "internal"
    assert "RuntimeError: a first line" in response.json()["message"]
    assert "second" not in response.json()["message"]
    assert response.json()["hint"]


IDS = {"model": "one", "ids": [2, 5, 6, 7]}
SEGMENTS = {"target": {"start": 3, "end": 4}, "segments": [{"start": 1, "end": 2}, {"start": 2, "end": 3}]}
EFFECTS = {
    "kind": "effects", "model": "one", "prompt": "ab", "ids": [2, 5, 6, 7], "answer_start": 2,
    "segments": [{"turn": 0, "start": 0, "end": 1}],
}  # fmt: skip
ABLATION = {"kind": "ablation", **IDS, **SEGMENTS, "method": "leave_one_out"}
FAITHFULNESS = {"kind": "faithfulness", **IDS, **SEGMENTS, "scores": [0.5, -0.5]}
SALIENCE = {"kind": "salience", **IDS, "targets": [{"start": 2, "end": 3}, {"start": 3, "end": 4}]}


class Model:
    """A model whose events and responses contain the request."""

    def serve(self, owner: str) -> None:
        pass

    is_large = False

    def warm_up_generation(self) -> None:
        pass

    def ablation(self, request: AblationRequest, _: Cancellation) -> Iterator[BaseModel]:
        yield ProgressEvent(done=1, total=2)
        yield SegmentScoresEvent(
            target=request.target,
            method=request.method,
            segments=request.segments,
            scores=[0.5] * len(request.segments),
            errors=None,
            logprob=-1.0,
            passes=2,
        )

    def faithfulness(self, request: FaithfulnessRequest, _: Cancellation) -> Iterator[BaseModel]:
        points = [CurvePoint(share=0.0, logprob=score) for score in request.scores]
        yield CurveEvent(kind="deletion", order="map", points=points)

    window = 64

    @property
    def tokenizer(self) -> Model:
        return self

    def count(self, prompt: str, chat: str, thinks: bool) -> tuple[int, str]:
        return len(prompt), "plain" if chat == "off" else "wrapped"

    def estimate(self, request: SalienceRequest) -> Estimate:
        return Estimate(passes=len(request.ids), seconds=1.5)


@pytest.fixture
def registry() -> Registry:
    return Registry(parse(["one:./x", "two:./y"]), None, lambda say: None)


@pytest.fixture
def client(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> httpx.AsyncClient:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(Registry, "_make", lambda *_: Model())
    monkeypatch.setattr(Registry, "_compile_pending", nothing)
    app = create_app(registry, Scheduler(registry), SECRET, nothing)
    headers = {"Authorization": f"Bearer {SECRET}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers)


async def streamed(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    response = await client.post(path, json=body)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/x-ndjson")
    found = [json.loads(line) for line in response.text.splitlines()]
    for event in found:
        TypeAdapter(JobEvent).validate_python(event)
    return [event for event in found if event["event"] != "state"]


@pytest.mark.parametrize("kind", COMPUTATIONS)
async def test_each_computation_is_a_stream_of_the_models_method_of_its_kind(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    computed: list[BaseModel] = []

    def compute(_: Model, request: BaseModel, __: Cancellation) -> Iterator[BaseModel]:
        computed.append(request)
        yield ProgressEvent(done=1, total=1)

    monkeypatch.setattr(Model, kind, compute, raising=False)
    given = {
        "generate": {"model": "one", "prompt": "a"},
        "score": {"model": "one", "prompt": "a", "target": "b"},
        "salience": SALIENCE,
        "ablation": ABLATION,
        "effects": EFFECTS,
        "faithfulness": FAITHFULNESS,
    }[kind]
    assert [event["event"] for event in await streamed(client, f"/{kind}", given)] == ["progress", "done"]
    assert [type(request) for request in computed] == [COMPUTATIONS[kind]]


async def test_each_route_checks_its_bodys_size_and_text(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "MAX_BODY", 100)
    app = client._transport.app  # type: ignore[attr-defined]
    # Routes of batches, which are a router's, answer first that there are none here.
    paths = [route.path for route in app.routes if "POST" in getattr(route, "methods", ())]
    assert {f"/{kind}" for kind in COMPUTATIONS} < set(paths)
    for path in paths:
        for body, status, error in [
            (b'{"text": "%s"}' % (b"a" * 100), 413, "too_large"),
            (rb'{"text": "\ud83d"}', 422, "lone_surrogate"),
            (b"{", 400, "bad_request"),
        ]:
            answer = await client.post(path, content=body)
            assert (path, answer.status_code, answer.json()["error"]) == (path, status, error)


async def test_ablation_and_trust_are_streams(client: httpx.AsyncClient) -> None:
    ablated = await streamed(client, "/ablation", ABLATION)
    assert [event["event"] for event in ablated] == ["progress", "segment_scores", "done"]
    assert ablated[1]["segments"] == ABLATION["segments"]
    tested = await streamed(client, "/faithfulness", FAITHFULNESS)
    assert [event["event"] for event in tested] == ["curve", "done"]
    assert [point["logprob"] for point in tested[0]["points"]] == FAITHFULNESS["scores"]


@pytest.mark.parametrize("kind", [SALIENCE, ABLATION, FAITHFULNESS], ids=lambda body: body["kind"])
async def test_an_estimate_loads_no_model(client: httpx.AsyncClient, registry: Registry, kind: dict[str, Any]) -> None:
    answer = (await client.post("/estimate", json={"request": kind})).json()
    assert answer["passes"] >= 2
    assert answer["seconds"] is None
    assert registry.get("one").state == "unloaded"
    assert registry.get("one").loading is None


async def test_counting_tokens_loads_no_model(client: httpx.AsyncClient, registry: Registry) -> None:
    response = await client.post("/tokens/count", json={"model": "one", "prompt": "a"})
    assert (response.status_code, response.json()["error"]) == (409, "model_not_loaded")
    assert response.json()["hint"]
    assert registry.get("one").state == "unloaded"
    assert registry.get("one").loading is None


async def test_counting_tokens_is_no_turn_and_no_use_of_the_model(
    client: httpx.AsyncClient, registry: Registry
) -> None:
    await streamed(client, "/ablation", ABLATION)
    entry = registry.get("one")
    used = entry.used
    async with entry.turn:
        asked = {"model": "one", "prompt": "abc", "chat": "off"}
        answer = await asyncio.wait_for(client.post("/tokens/count", json=asked), PATIENCE)
    assert answer.json() == {"model": "one", "tokens": 3, "chat": "plain", "window": 64}
    assert entry.used == used


async def test_few_are_counted_at_once_and_who_went_away_is_not_counted_for(
    client: httpx.AsyncClient, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    await streamed(client, "/ablation", ABLATION)
    counted: list[str] = []
    go_on = threading.Event()

    def count(_: Model, prompt: str, chat: str, thinks: bool) -> tuple[int, str]:
        counted.append(prompt)
        assert go_on.wait(PATIENCE)
        return len(prompt), "plain"

    async def gone(_: Any) -> bool:
        return True

    monkeypatch.setattr(Model, "count", count)
    asked = [{"model": "one", "prompt": "a" * length} for length in range(1, COUNTING + 3)]
    requests = [asyncio.ensure_future(client.post("/tokens/count", json=body)) for body in asked]
    await until_async(lambda: len(counted) == COUNTING)
    monkeypatch.setattr(Request, "is_disconnected", gone)
    go_on.set()
    # Whose bodies are read first isn't known.
    found = sorted(response.status_code for response in await asyncio.gather(*requests))
    assert found == [200] * COUNTING + [499] * 2
    assert len(counted) == COUNTING


async def test_an_estimate_does_not_wait_for_the_models_turn(client: httpx.AsyncClient, registry: Registry) -> None:
    await streamed(client, "/ablation", ABLATION)
    async with registry.get("one").turn:
        answer = await asyncio.wait_for(client.post("/estimate", json={"request": SALIENCE}), PATIENCE)
    assert answer.json() == {"passes": 4, "seconds": 1.5}


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/ablation", {**ABLATION, "model": "none"}, 404, "unknown_model"),
        ("/tokens/count", {"model": "none", "prompt": "a"}, 404, "unknown_model"),
        ("/tokens/count", {"model": "one"}, 422, "bad_request"),
        ("/tokens/count", {"model": "one", "prompt": "a", "answer": "b"}, 422, "bad_request"),
        ("/tokens/count", {"model": "one", "prompt": "a", "chat": "perhaps"}, 422, "bad_request"),
        ("/ablation", {**ABLATION, "segments": [{"start": 0, "end": 3}]}, 422, "bad_request"),
        ("/ablation", {**ABLATION, "ids": [2, 5, 6, 2**31]}, 422, "bad_request"),
        ("/faithfulness", {**FAITHFULNESS, "model": "none"}, 404, "unknown_model"),
        ("/faithfulness", {**FAITHFULNESS, "scores": [0.5]}, 422, "bad_request"),
        ("/faithfulness", {**FAITHFULNESS, "scores": [0.5, float("nan")]}, 422, "bad_request"),
        ("/estimate", {"request": {**FAITHFULNESS, "model": "none"}}, 404, "unknown_model"),
        ("/estimate", {"request": {**ABLATION, "method": "grad_l2"}}, 422, "bad_request"),
        ("/estimate", FAITHFULNESS, 422, "bad_request"),
    ],
)
async def test_what_is_wrong_is_refused_before_anything_is_loaded(
    client: httpx.AsyncClient, registry: Registry, path: str, body: dict[str, Any], status: int, error: str
) -> None:
    answer = await client.post(path, content=json.dumps(body))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert all(entry.loading is None for entry in registry.entries.values())
