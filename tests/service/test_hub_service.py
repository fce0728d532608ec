"""From the Jupyter server of a hub's user to the service that the hub manages, over a real connection."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from hub import SCOPE, Hub

from lit_lab.problem import Problem
from lit_lab.protocol import AddModel, HubAccess, ModelChanging, ModelsResponse, Sharing
from lit_lab.service import loopback
from lit_lab.service.app import create_app
from lit_lab.service.hub_tokens import HubTokens
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.hub import HubService, endpoint

ACCESS = HubAccess(api_url="http://hub.internal:8081/hub/api", service="lit-lab")
SHARING = Sharing(hub=ACCESS, hosts=["127.0.0.1"], prefix="/base/services/lit-lab")


def environment(token: str, hub: str = "http://hub.example/hub/") -> dict[str, str]:
    return {
        "JUPYTERHUB_API_TOKEN": token,
        "JUPYTERHUB_API_URL": "http://hub.internal:8081/hub/api",
        "JUPYTERHUB_PUBLIC_HUB_URL": hub,
        "LIT_LAB_URL": "http://elsewhere.example",
    }


@asynccontextmanager
async def served(hub: Hub) -> AsyncIterator[str]:
    """Serve, and yield the hub's public address."""

    async def nothing() -> None: ...

    registry = Registry(parse(["one:gemma2_2b_en"]), None, lambda say: None)
    who = HubTokens(ACCESS, hub.transport)
    app = create_app(registry, Scheduler(registry), "a secret for tests only", nothing, sharing=SHARING, who=who)
    listener = loopback.listen(0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.ensure_future(server._serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/base/hub/"
    finally:
        server.should_exit = True
        await task


async def test_a_users_server_uses_it_and_its_models_are_the_administrators() -> None:
    hub = Hub()
    async with served(hub) as address:
        service = HubService("lit-lab", environment(hub.user("ada", SCOPE), address))
        client = ServiceClient(service, elsewhere=True)
        try:
            status = await service.status()
            assert (status.state, status.shared, status.hint) == ("starting", True, "")
            found = await service.awaited()
            models = await client.request(found, "GET", "/models", ModelsResponse)
            assert [model.name for model in models.models] == ["one"]
            change = ModelChanging(change=AddModel(name="two", path="/etc"))
            with pytest.raises(Problem) as raised:
                await client.request(found, "POST", "/models/change", ModelsResponse, change)
            assert (raised.value.status, raised.value.code) == (409, "shared_service")
        finally:
            await client.close()
            await service.close()


async def test_without_the_scope_the_status_says_so_and_nothing_shows_the_token(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    hub = Hub()
    async with served(hub) as address:
        for token, code in ((hub.user("bob"), "hub_scope"), ("an-expired-token", "hub_token")):
            service = HubService("lit-lab", environment(token, address))
            status = await service.status()
            assert status.state == "failed"
            with pytest.raises(Problem) as raised:
                await service.health()
            assert (raised.value.status, raised.value.code) == (503, code)
            assert token not in f"{status!r} {raised.value!r} {raised.value} {service._endpoint!r} {caplog.text}"
            if code == "hub_scope":
                assert SCOPE in status.detail
            await service.close()


@pytest.mark.parametrize(
    ("public", "expected"),
    [
        ("https://hub.example/hub/", "https://hub.example/services/lit-lab"),
        ("https://hub.example:8443/a/b/hub/", "https://hub.example:8443/a/b/services/lit-lab"),
        ("http://[::1]:8000/hub/", "http://[::1]:8000/services/lit-lab"),
    ],
)
def test_the_address_is_the_hubs(public: str, expected: str) -> None:
    found = endpoint("lit-lab", environment("0123456789abcdef", public))
    assert (found.url, found.secret) == (expected, "0123456789abcdef")


@pytest.mark.parametrize(
    "public",
    ["", "hub.example/hub/", "ftp://hub.example/hub/", "https://hub.example/", "https://u@hub.example/hub/",
     "https://hub.example:x/hub/", "https://hub.example/hub/?x=/hub"],
)  # fmt: skip
def test_no_other_address_takes_its_place(public: str) -> None:
    with pytest.raises(Problem) as raised:
        endpoint("lit-lab", environment("0123456789abcdef", public))
    assert raised.value.code == "hub_address"
    assert "public_url" in raised.value.hint


@pytest.mark.parametrize("token", ["", "short", "with space in it", "line\nbreak-in-it", "ünlaut-token"])
def test_a_token_that_no_header_may_have_is_not_sent(token: str) -> None:
    with pytest.raises(Problem) as raised:
        endpoint("lit-lab", environment(token))
    assert raised.value.code == "hub_token"
    assert not token or token not in str(raised.value)


@pytest.mark.parametrize("name", ["../hub/api", "a/b", "a?b", "..", ""])
def test_a_services_name_is_no_path(name: str) -> None:
    with pytest.raises(Problem) as raised:
        endpoint(name, environment("0123456789abcdef"))
    assert raised.value.code == "bad_configuration"
