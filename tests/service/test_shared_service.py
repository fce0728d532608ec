"""The application as many users share it: owners apart, limits, the administrator's models."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hub import SCOPE, Hub
from pydantic import BaseModel

from lit_lab.problem import Problem
from lit_lab.protocol import OWNER_HEADER, PROTOCOL_HEADER, HubAccess, ProgressEvent, Sharing
from lit_lab.service.app import create_app
from lit_lab.service.cache_limits import CacheStats
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.hub_tokens import HubTokens
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler
from lit_lab.service.who import Who

SECRET = "a secret for tests only"
METRICS = "a metrics token for tests"
ACCESS = HubAccess(api_url="http://hub.internal:8081/hub/api", service="lit-lab")
SHARING = Sharing(
    hub=ACCESS, hosts=["hub.example", "10.0.0.7"], prefix="/services/lit-lab", metrics_token=METRICS,
    max_computations=2, max_requests=3,
)  # fmt: skip
SALIENCE = {"kind": "salience", "model": "one", "ids": [2, 5, 6], "targets": [{"start": 1, "end": 2}]}
Client = Callable[..., httpx.AsyncClient]


class Model:
    """Notes whom it serves; computes until `go` is set."""

    is_large = False
    window = 64
    parameters = 7

    def __init__(self) -> None:
        self.served: list[str] = []
        self.go = asyncio.Event()
        self.fails = False

    def serve(self, owner: str) -> None:
        self.served.append(owner)

    def warm_up_generation(self) -> None:
        pass

    def caches(self) -> dict[str, CacheStats]:
        return {"passes": CacheStats(hits=4)}

    def salience(self, _: Any, cancellation: Cancellation) -> Iterator[BaseModel]:
        if self.fails:
            raise RuntimeError("about somebody's prompt")
        while not self.go.is_set():
            cancellation.check()
            yield ProgressEvent(done=1, total=2)
            time.sleep(0.01)


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    async def nothing(*_: object) -> None: ...

    found = Model()
    monkeypatch.setattr(Registry, "_make", lambda *_: found)
    monkeypatch.setattr(Registry, "_compile_pending", nothing)
    return found


@pytest.fixture
def registry(model: Model) -> Registry:
    return Registry(parse(["one:/srv/models/one", "two:gemma2_2b_en"]), None, lambda say: None)


def served(
    registry: Registry, sharing: Sharing | None, who: Who | None = None, address: str = "http://hub.example"
) -> Client:
    async def nothing() -> None: ...

    app = create_app(registry, Scheduler(registry), SECRET, nothing, sharing=sharing, who=who)

    def client(token: str = SECRET, **headers: str) -> httpx.AsyncClient:
        prefix = sharing.prefix if sharing else ""
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url=f"{address}{prefix}",
            headers={"Authorization": f"Bearer {token}", **headers},
        )

    return client


@pytest.fixture
def client(hub: Hub, registry: Registry) -> Client:
    return served(registry, SHARING, HubTokens(ACCESS, hub.transport))


def code(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert body["message"]
    return response.status_code, body["error"]


async def test_only_tokens_with_the_scope_pass(client: Client, hub: Hub) -> None:
    allowed, other = hub.user("ada", SCOPE), hub.user("bob")
    assert (await client(allowed).get("/health")).json()["shared"] is True
    assert code(await client(other).get("/health")) == (403, "hub_scope")
    assert code(await client("made-up-token").get("/health")) == (401, "hub_token")
    assert code(await client(SECRET.replace(" ", "-")).get("/health")) == (401, "hub_token")  # nor the secret
    assert code(await client("made-up-token").get("/nothing")) == (401, "hub_token")
    hub.status = 500
    response = await client(hub.user("eve", SCOPE)).get("/health")
    assert code(response) == (503, "hub_unreachable")
    assert int(response.headers["Retry-After"]) > 0


async def test_other_hosts_and_browsers_are_refused_before_the_hub_is_asked(hub: Hub, registry: Registry) -> None:
    who = HubTokens(ACCESS, hub.transport)
    ada = hub.user("ada", SCOPE)
    for address in ("http://hub.example:8000", "http://10.0.0.7", "http://HUB.example"):
        assert (await served(registry, SHARING, who, address)(ada).get("/health")).status_code == 200, address
    hub.asked.clear()
    eve = hub.user("eve", SCOPE)
    for address in ("http://evil.example", "http://hub.example.evil.example", "http://localhost", "http://127.0.0.1"):
        assert code(await served(registry, SHARING, who, address)(eve).get("/health")) == (403, "foreign")
    client = served(registry, SHARING, who)
    assert code(await client(eve, Origin="http://hub.example").get("/health")) == (403, "foreign")
    assert hub.asked == []


async def test_the_paths_have_the_hubs_prefix_or_none(client: Client, hub: Hub) -> None:
    ada = hub.user("ada", SCOPE)
    assert (await client(ada).get("http://hub.example/health")).status_code == 200  # a proxy may take it away
    assert (await client(ada).get("http://hub.example/services/lit-lab2/health")).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/models/change", {"change": {"kind": "add", "name": "x", "path": "/etc"}}),
        ("POST", "/models/change", {"change": {"kind": "unload", "name": "one"}}),
        ("POST", "/kaggle", {"login": None}),
        ("POST", "/lit_app", {"kind": "lit_app", "model": "one"}),
        ("POST", "/lit/call", {"endpoint": "get_info"}),
        ("GET", "/lit/files/main.js", None),
    ],
)
@pytest.mark.parametrize("on_hub", [True, False])
async def test_what_belongs_to_one_machine_is_refused(
    client: Client, hub: Hub, registry: Registry, method: str, path: str, body: Any, on_hub: bool
) -> None:
    alone = served(registry, Sharing(), address="http://127.0.0.1")()
    asking = client(hub.user("ada", SCOPE)) if on_hub else alone
    response = await asking.request(method, path, json=body)
    assert code(response) == (403, "shared_service")
    assert "administrator" in response.json()["hint"]
    assert list(registry.entries) == ["one", "two"]


async def test_where_models_are_is_not_shown(client: Client, hub: Hub) -> None:
    asking = client(hub.user("ada", SCOPE))
    for path in ("/health", "/models"):
        response = await asking.get(path)
        assert [model["path"] for model in response.json()["models"]] == ["one", "gemma2_2b_en"]
        assert "/srv" not in response.text
    assert response.json()["found"] == response.json()["known"] == []


async def test_why_a_model_cannot_be_loaded_is_in_the_log_alone(
    client: Client, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise Problem(422, "bad_model", "/srv/models/one/config.json is damaged.", "See /srv/models/one.")

    monkeypatch.setattr(Registry, "_make", failing)
    asking = client(hub.user("ada", SCOPE))
    said = await asking.post("/tokens", json={"model": "one", "prompt": "Hi"})
    assert code(said) == (422, "bad_model")
    texts = [said.text, (await asking.post("/salience", json=SALIENCE)).text, (await asking.get("/health")).text]
    for text in texts:
        assert "/srv" not in text
        assert "one can't be loaded" in text


async def first_line(asking: httpx.AsyncClient, **headers: str) -> Any:
    async with asking.stream("POST", "/salience", json=SALIENCE, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            return json.loads(line)


async def test_owners_are_derived_and_no_error_reaches_another(
    client: Client, hub: Hub, model: Model, registry: Registry
) -> None:
    await registry.start(lambda _: None)
    model.go.set()
    ada, bob = client(hub.user("ada", SCOPE)), client(hub.user("bob", SCOPE))
    await first_line(ada)
    await first_line(bob, **{OWNER_HEADER: model.served[0]})
    await first_line(ada, **{OWNER_HEADER: "somebody"})
    assert model.served[0] == model.served[2] != model.served[1]
    model.fails = True
    answers = await asyncio.gather(*(each.post("/salience", json=SALIENCE) for each in (ada, bob)))
    model.fails = False
    assert all("about somebody's prompt" in each.text for each in answers)  # each failed on its own
    answers = await asyncio.gather(*(each.post("/salience", json=SALIENCE) for each in (bob, ada)))
    assert not any("error" in each.text for each in answers)


async def test_one_owners_limit_is_no_others(client: Client, hub: Hub, model: Model, registry: Registry) -> None:
    await registry.start(lambda _: None)
    ada, bob = hub.user("ada", SCOPE), hub.user("bob", SCOPE)
    running = [asyncio.ensure_future(client(ada).post("/salience", json=SALIENCE)) for _ in range(2)]
    while not model.served:
        await asyncio.sleep(0.01)
    response = await client(ada).post("/salience", json=SALIENCE)
    assert code(response) == (429, "too_many_requests")
    assert int(response.headers["Retry-After"]) > 0
    assert "2 computations" in response.json()["message"]
    assert "stop some" in response.json()["hint"]
    assert (await client(ada).get("/health")).status_code == 200  # another kind of requests
    waiting = asyncio.ensure_future(client(bob).post("/salience", json=SALIENCE))
    await asyncio.sleep(0.05)
    model.go.set()
    answers = await asyncio.gather(*running, waiting)
    assert [answer.status_code for answer in answers] == [200] * 3
    assert (await client(ada).post("/salience", json=SALIENCE)).status_code == 200


async def test_one_owners_requests_are_limited_too(client: Client, hub: Hub) -> None:
    ada = hub.user("ada", SCOPE)
    never = asyncio.Event()

    async def slow() -> Any:
        yield b"{"
        await never.wait()

    pending = [asyncio.ensure_future(client(ada).post("/tokens/count", content=slow())) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert code(await client(ada).get("/models")) == (429, "too_many_requests")
    assert (await client(hub.user("bob", SCOPE)).get("/health")).status_code == 200
    for each in pending:
        each.cancel()
    await asyncio.wait(pending)
    assert (await client(ada).get("/health")).status_code == 200


async def test_a_shared_secret_stays_without_a_hub(registry: Registry, model: Model) -> None:
    await registry.start(lambda _: None)
    model.go.set()
    client = served(registry, Sharing(hosts=["models.example"]), address="https://models.example")
    assert code(await client("another-secret").get("/health")) == (401, "unauthorized")
    await first_line(client(), **{OWNER_HEADER: "0123"})
    assert model.served == ["0123"]


async def test_alone_everything_is_as_before(registry: Registry) -> None:
    client = served(registry, None, address="http://127.0.0.1:8999")
    assert (await client().get("/health")).json()["shared"] is False
    assert (await client().get("/models")).json()["models"][0]["path"] == "/srv/models/one"
    assert code(await client().get("/metrics")) == (404, "no_such_route")
    for path in ("/ready", "/metrics", "/health"):
        assert code(await client("another-secret").get(path)) == (401, "unauthorized")


def value(text: str, name: str, **labels: str) -> float:
    """Return a measurement."""
    for line in text.splitlines():
        if line.startswith((f"{name}{{", f"{name} ")) and all(f'{key}="{one}"' in line for key, one in labels.items()):
            return float(line.rpartition(" ")[2])
    raise AssertionError(f"no {name} {labels} in\n{text}")


async def test_the_metrics_say_how_much_and_not_whose_or_what(
    client: Client, hub: Hub, model: Model, registry: Registry
) -> None:
    await registry.start(lambda _: None)
    model.go.set()
    ada = client(hub.user("ada", SCOPE))
    for _ in range(2):
        await ada.post("/salience", json=SALIENCE)
    model.fails = True
    await ada.post("/salience", json=SALIENCE)
    await ada.get("/nothing/of/ada")
    await client("made-up-token").get("/health")
    response = await client(METRICS).get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = response.text
    assert value(text, "lit_lab_requests_total", method="POST", route="/salience", status="200") == 3
    assert value(text, "lit_lab_requests_total", method="GET", route="other", status="404") == 1
    assert value(text, "lit_lab_requests_total", method="GET", route="other", status="401") == 1
    assert value(text, "lit_lab_compute_seconds_count", model="one", outcome="done") == 2
    assert value(text, "lit_lab_compute_seconds_count", model="one", outcome="failed") == 1
    assert value(text, "lit_lab_wait_seconds_count", model="one") == 3
    assert value(text, "lit_lab_waiting", model="one") == value(text, "lit_lab_running", model="one") == 0
    assert value(text, "lit_lab_cache_hits_total", model="one", cache="passes") == 4
    assert value(text, "lit_lab_resident_bytes") > 2**20
    for secret in ("ada", "prompt", "/srv", *model.served, *hub.users):
        assert secret not in text


async def test_only_their_own_token_reads_the_metrics(hub: Hub, client: Client, registry: Registry) -> None:
    for token in (hub.user("ada", SCOPE), hub.user("root", "access:services", "admin:users"), SECRET, ""):
        assert code(await client(token).get("/metrics")) == (401, "unauthorized")
    assert hub.asked == []
    assert code(await client(METRICS, Origin="http://x").get("/metrics")) == (403, "foreign")
    without = served(registry, SHARING.model_copy(update={"metrics_token": None}), HubTokens(ACCESS, hub.transport))
    assert code(await without(SECRET).get("/metrics")) == (401, "unauthorized")
    alone = served(registry, Sharing(), address="http://127.0.0.1")
    assert (await alone(SECRET).get("/metrics")).status_code == 200
    assert code(await alone("another-secret").get("/metrics")) == (401, "unauthorized")


async def test_ready_is_open_and_says_no_more(client: Client, hub: Hub, registry: Registry) -> None:
    async def ready() -> tuple[int, Any]:
        response = await client("").get("http://10.1.2.3:8000/ready")  # as a load balancer asks
        return response.status_code, response.json()

    assert await ready() == (503, {"state": "starting"})
    await registry.start(lambda _: None)
    assert await ready() == (503, {"state": "loading"})
    async for _ in registry.ready("one"):
        pass
    assert await ready() == (200, {"state": "ready"})
    registry.forget(registry.entries["one"])  # because it was idle
    assert await ready() == (200, {"state": "ready"})
    assert hub.asked == []


@pytest.mark.parametrize("spoken", ["2-3", "nonsense", "0-0"])
async def test_who_speaks_another_protocol_is_refused_in_words(client: Client, hub: Hub, spoken: str) -> None:
    ada = hub.user("ada", SCOPE)
    response = await client(ada, **{PROTOCOL_HEADER: spoken}).get("/models")
    assert code(response) == (409, "service_version")
    assert "common" in response.json()["hint"]
    for fine in ("1-1", "1-12"):
        assert (await client(ada, **{PROTOCOL_HEADER: fine}).get("/models")).status_code == 200
