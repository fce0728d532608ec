"""Every route checks the user, the user's permissions and, with a cookie, the XSRF token."""

import json
import re

import pytest
import tornado.httpclient
from jupyter_server.auth import Authorizer
from tornado.httputil import url_concat

from lit_lab.routes import PREFIX, RESOURCE, ROUTES

SALIENCE = {"kind": "salience", "model": "demo", "ids": [2, 5, 6], "targets": [{"start": 2, "end": 3}]}
IDS = [route.operation for route in ROUTES]
CHANGING = [route for route in ROUTES if route.method != "GET"]


def example(route):
    """Return a path and a body that the route accepts."""
    path = re.sub(r"\{\w+\}", "x", route.path)
    body = {
        "TokensRequest": {"model": "demo", "prompt": "Hi"},
        "TokenCountRequest": {"model": "demo", "prompt": "Hi"},
        "EstimateRequest": {"request": SALIENCE},
        "UnicodeNamesRequest": {"names": ["BULLET"]},
        "DatasetOpening": {"name": "sample_prompts"},
        "DatasetEditing": {"edit": {"kind": "delete", "row": 1}},
        "DatasetSaving": {"path": "x.jsonl"},
        "JobRequest": {"kind": "generate", "model": "demo", "prompt": "Hi"},
        "ModelChanging": {"change": {"kind": "unload", "name": "demo"}},
        "KaggleLoggingIn": {"login": {"token": "t"}},
        "LitCall": {"endpoint": "get_info"},
        "BatchRequest": {"dataset": "x", "models": ["demo"]},
    }.get(route.request, {})
    return f"{PREFIX}/{path}", json.dumps(body) if route.method == "POST" else None


@pytest.fixture
def fetch(http_server_client, jp_base_url, lit_lab):
    """Fetch with exactly these headers."""

    async def fetch(method, path, body=None, headers=None, params=None):
        url = url_concat(jp_base_url + path, params or {})
        return await http_server_client.fetch(
            url, method=method, body=body, headers=headers or {}, raise_error=False, follow_redirects=False
        )

    return fetch


async def sign_in(fetch, lit_lab):
    """Sign in as a browser does, and return its cookies by name."""
    token = lit_lab.serverapp.identity_provider.token
    response = await fetch("GET", "login", params={"token": token})
    pairs = [header.split(";")[0].split("=", 1) for header in response.headers.get_list("Set-Cookie")]
    return dict(pairs)


def cookie_header(cookies):
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


@pytest.mark.parametrize("route", ROUTES, ids=IDS)
async def test_no_route_without_credentials(fetch, fake_service, route):
    path, body = example(route)
    response = await fetch(route.method, path, body)
    assert response.code in (401, 403)
    assert set(json.loads(response.body)) == {"error", "message", "hint"}
    assert not fake_service.pids


@pytest.mark.parametrize("route", ROUTES, ids=IDS)
async def test_no_route_with_a_wrong_token(fetch, route):
    path, body = example(route)
    response = await fetch(route.method, path, body, headers={"Authorization": "token wrong"})
    assert response.code in (401, 403)


@pytest.mark.parametrize("route", CHANGING, ids=[route.operation for route in CHANGING])
async def test_no_change_with_a_cookie_alone(fetch, lit_lab, fake_service, route):
    cookies = await sign_in(fetch, lit_lab)
    path, body = example(route)
    header = cookie_header(cookies)
    # The cookie itself is valid, so the requests below are refused for the missing XSRF token.
    assert (await fetch("GET", f"{PREFIX}/status", headers={"Cookie": header})).code == 200
    response = await fetch(route.method, path, body, headers={"Cookie": header})
    assert response.code == 403
    assert set(json.loads(response.body)) == {"error", "message", "hint"}
    assert not fake_service.pids


async def test_a_cookie_and_its_xsrf_token_are_enough(fetch, lit_lab):
    cookies = await sign_in(fetch, lit_lab)
    page = await fetch("GET", "login")  # any page sets it
    pairs = (header.split(";")[0].split("=", 1) for header in page.headers.get_list("Set-Cookie"))
    cookies["_xsrf"] = dict(pairs)["_xsrf"]
    headers = {"Cookie": cookie_header(cookies), "X-XSRFToken": cookies["_xsrf"]}
    response = await fetch("POST", f"{PREFIX}/unicode/names", json.dumps({"names": ["BULLET"]}), headers)
    assert (response.code, json.loads(response.body)) == (200, {"characters": {"BULLET": "•"}})


async def test_each_browser_has_its_own_jobs(fetch, lit_lab, api):
    ann, bob = [cookie_header(await sign_in(fetch, lit_lab)) for _ in range(2)]
    token = {"Authorization": f"token {lit_lab.serverapp.identity_provider.token}"}
    body = json.dumps({"kind": "generate", "model": "demo", "prompt": "Hi"})
    response = await fetch("POST", f"{PREFIX}/jobs", body, headers={"Cookie": ann, **token})
    path = f"{PREFIX}/jobs/{json.loads(response.body)['id']}"
    assert (await fetch("GET", path, headers={"Cookie": ann})).code == 200
    assert (await fetch("GET", path, headers={"Cookie": bob})).code == 404
    assert (await fetch("GET", path, headers=token)).code == 404


async def test_a_client_that_keeps_its_first_cookie_keeps_its_jobs(fetch, lit_lab):
    token = {"Authorization": f"token {lit_lab.serverapp.identity_provider.token}"}
    body = json.dumps({"kind": "generate", "model": "demo", "prompt": "Hi"})
    response = await fetch("POST", f"{PREFIX}/jobs", body, headers=token)
    job = json.loads(response.body)["id"]
    path = f"{PREFIX}/jobs/{job}"
    pairs = [header.split(";")[0].split("=", 1) for header in response.headers.get_list("Set-Cookie")]
    cookie = {"Cookie": cookie_header(dict(pairs))}
    assert pairs
    assert (await fetch("GET", path, headers={**token, **cookie})).code == 200
    listed = json.loads((await fetch("GET", f"{PREFIX}/jobs", headers={**token, **cookie})).body)["jobs"]
    assert [found["id"] for found in listed] == [job]
    # Without the token, the cookie identifies another user, who doesn't own this job.
    assert (await fetch("GET", path, headers=cookie)).code == 404


class Nobody(Authorizer):
    """Allows everything except LIT Lab."""

    asked: list = []  # noqa: RUF012

    def is_authorized(self, handler, user, action, resource):
        self.asked.append((action, resource))
        return resource != RESOURCE


class TestAuthorization:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["authorizer_class"] = Nobody
        return jp_server_config

    @pytest.mark.parametrize("route", ROUTES, ids=IDS)
    async def test_each_route_asks_with_its_own_resource(self, jp_fetch, lit_lab, fake_service, route):
        Nobody.asked.clear()
        path, body = example(route)
        with pytest.raises(tornado.httpclient.HTTPClientError) as raised:
            await jp_fetch(*path.split("/"), method=route.method, body=body)
        assert raised.value.code == 403
        assert json.loads(raised.value.response.body)["error"] == "forbidden"
        assert set(Nobody.asked) == {(route.action, RESOURCE)}  # before the body is read, and before the response
        assert not fake_service.pids


async def test_what_is_not_a_route_says_so_in_json(api):
    assert (await api("GET", "nothing", "here"))[0] == 404
    status, body = await api("POST", "nothing", body={})
    assert (status, body["error"]) == (404, "unknown_route")


async def test_what_is_not_a_route_asks_who_is_there_too(fetch):
    assert (await fetch("GET", f"{PREFIX}/nothing")).code == 403


async def test_wrong_method(api):
    status, body = await api("POST", "status", body={})
    assert (status, body["error"]) == (405, "method_not_allowed")
