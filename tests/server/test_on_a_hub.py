"""A server on a JupyterHub: its user's token goes to the hub's service, and nowhere else."""

import pytest

from lit_lab.supervision.hub import HubService
from lit_lab.supervision.remote import RemoteService

TOKEN = "the-token-of-this-user"
HUB = {
    "JUPYTERHUB_API_TOKEN": TOKEN,
    "JUPYTERHUB_API_URL": "http://127.0.0.1:9/hub/api",
    "JUPYTERHUB_PUBLIC_HUB_URL": "http://127.0.0.1:9/hub/",
    "LIT_LAB_URL": "http://elsewhere.example",
}


@pytest.fixture
def lit_lab_config():
    return {"hub_service": "lit-lab", "service_url": "http://elsewhere.example/", "service_secret": "s" * 16}


@pytest.fixture
def on_hub(request, monkeypatch):
    for name, value in {**HUB, **request.param}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("on_hub", [{}], indirect=True)
async def test_the_hubs_service_is_used(on_hub, lit_lab, api):
    service = lit_lab.core.service
    assert isinstance(service, HubService)
    assert (service._endpoint.url, service._endpoint.secret) == ("http://127.0.0.1:9/services/lit-lab", TOKEN)
    _, status = await api("GET", "status")
    assert status["service"]["state"] == "failed"
    assert "hub_service" in status["service"]["hint"]
    assert TOKEN not in str(status)
    assert status["setup"] is None


@pytest.mark.parametrize("on_hub", [{"JUPYTERHUB_PUBLIC_HUB_URL": ""}], indirect=True)
async def test_nothing_takes_its_place(on_hub, lit_lab, api):
    _, status = await api("GET", "status")
    assert status["service"]["state"] == "failed"
    assert "public_url" in status["service"]["hint"]
    assert "elsewhere" not in lit_lab.core.service._endpoint.url


@pytest.mark.parametrize("on_hub", [{"JUPYTERHUB_API_TOKEN": ""}], indirect=True)
async def test_without_a_hub_it_is_the_configured_one_with_its_own_secret(on_hub, lit_lab):
    service = lit_lab.core.service
    assert type(service) is RemoteService
    assert (service._endpoint.url, service._endpoint.secret) == ("http://elsewhere.example", "s" * 16)
