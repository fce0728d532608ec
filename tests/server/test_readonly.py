"""A user whom the server's authorizer only allows to read."""

import pytest
from jupyter_server.auth import Authorizer
from test_auth import example

from lit_lab.routes import RESOURCE, ROUTES

LOOKS = [route for route in ROUTES if route.action == "read"]
DOES = [route for route in ROUTES if route.action != "read"]


class Looks(Authorizer):
    """Allows reading everything, and changing or starting nothing."""

    def is_authorized(self, handler, user, action, resource):
        return action == "read"


class TestReadOnly:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["authorizer_class"] = Looks
        return jp_server_config

    @pytest.fixture
    def lit_lab_config(self, fake_service):
        return {"service_python": str(fake_service.python), "datasets": ["rows:package:Class"]}

    @pytest.mark.parametrize("route", DOES, ids=[route.operation for route in DOES])
    async def test_nothing_is_started_or_changed(self, api, fake_service, tmp_path, route):
        path, body = example(route)
        status, answer = await api(route.method, *path.split("/")[2:], body=body)
        assert (status, answer["error"]) == (403, "forbidden")
        assert RESOURCE in answer["hint"]
        assert not fake_service.pids

    @pytest.mark.parametrize("route", LOOKS, ids=[route.operation for route in LOOKS])
    async def test_everything_can_be_looked_at(self, api, route):
        path, body = example(route)
        status, answer = await api(route.method, *path.split("/")[2:], body=body)
        # The item may not exist, or no service may run, but the request is allowed.
        assert status not in (401, 403), answer

    async def test_lists_are_there_and_the_panel_is_informed(self, api, fake_service):
        for method, path, key in (
            ("GET", "models", "models"),
            ("GET", "datasets", "datasets"),
            ("GET", "jobs", "jobs"),
        ):
            status, answer = await api(method, path)
            assert status == 200
            assert isinstance(answer[key], list)
        status, answer = await api("POST", "runs", "search", body={})
        assert (status, answer["runs"]) == (200, [])
        status, answer = await api("GET", "status")
        assert (status, answer["allowed"]) == (200, ["read"])
        assert not fake_service.pids

    async def test_a_dataset_that_only_the_service_has_starts_none(self, api, fake_service):
        state = (await api("POST", "datasets", "open", body={"name": "rows"}))[1]
        while state["state"] == "reading":
            state = (await api("GET", "datasets", state["id"]))[1]
        assert (state["state"], state["error"]["error"]) == ("failed", "service_stopped")
        assert not fake_service.pids


async def test_who_may_do_all_is_reported(api):
    assert (await api("GET", "status"))[1]["allowed"] == ["read", "write", "execute"]
