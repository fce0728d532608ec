"""LIT's own app through the Jupyter server: its page can't do anything itself, and its requests are restricted."""

import json
import re
from typing import get_args

import pytest
from jupyter_server.auth import Authorizer
from test_auth import cookie_header, fetch, sign_in  # noqa: F401

from conftest import until
from lit_lab import protocol
from lit_lab.lit_page import SANDBOX, content_security_policy, page

PAGE = "lit-lab/api/lit/page"
CALL = "lit-lab/api/lit/call"
EXAMPLE = {"id": "", "data": {"_id": "", "prompt": "Hi", "target": ""}, "meta": {"added": True}}


@pytest.fixture
def ready(api, events):
    """Make LIT ready, and return the job's events."""

    async def ready():
        status, job = await api("POST", "jobs", body={"kind": "lit_app", "model": "demo"})
        assert status == 202
        return await events(job["id"])

    return ready


@pytest.fixture
def call(jp_fetch, lit_lab):
    """Send a request of LIT's page; return status and events."""

    async def call(endpoint="get_info", **fields):
        body = json.dumps({"endpoint": endpoint, **fields})
        response = await jp_fetch("lit-lab", "api", "lit", "call", method="POST", body=body, raise_error=False)
        return response.code, [json.loads(line) for line in response.body.decode().splitlines()]

    return call


def policy_of(response):
    """Return the page's policy as a dictionary. There is exactly one header."""
    (header,) = response.headers.get_list("Content-Security-Policy")
    return {name: values.split() for name, _, values in (part.partition(" ") for part in header.split("; "))}


async def browser(fetch, lit_lab):  # noqa: F811
    """Return a signed-in browser's headers: its cookies and the request's origin."""
    cookies = await sign_in(fetch, lit_lab)
    page = await fetch("GET", "login")
    pairs = (header.split(";")[0].split("=", 1) for header in page.headers.get_list("Set-Cookie"))
    cookies["_xsrf"] = dict(pairs)["_xsrf"]
    return cookies


# --- The page ---


async def test_the_page_has_no_origin_no_network_and_no_script_but_its_own(jp_fetch, lit_lab):
    response = await jp_fetch("lit-lab", "api", "lit", "page")
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = policy_of(response)
    text = response.body.decode()
    (nonce,) = re.findall(r'<script nonce="([^"]+)">', text)
    assert policy["default-src"] == ["'none'"]  # fetch, frames, workers, media and everything else that isn't named
    assert policy["script-src"] == [f"'nonce-{nonce}'"]
    assert policy["img-src"] == ["data:", "blob:"]
    assert policy["font-src"] == ["data:"]
    assert policy["style-src"] == ["'unsafe-inline'"]
    for directive in ("base-uri", "form-action"):
        assert policy[directive] == ["'none'"]
    assert policy["frame-ancestors"] == ["'self'"]
    assert policy["sandbox"] == ["allow-scripts", "allow-downloads"]
    assert set(policy) == {
        "default-src", "script-src", "style-src", "img-src", "font-src",
        "base-uri", "form-action", "frame-ancestors", "sandbox",
    }  # fmt: skip
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert len(text.split("<script")) == 2


async def test_each_page_has_a_nonce_of_its_own(jp_fetch, lit_lab):
    pages = [(await jp_fetch("lit-lab", "api", "lit", "page")).body for _ in range(2)]
    assert pages[0] != pages[1]


def test_the_page_names_no_other_place():
    text = page("x")
    assert not re.findall(r"(?:https?:)?//[a-z]+\.", text)
    assert set(re.findall(r"url\(['\"]?([a-z]+:)", text)) == {"data:"}
    assert "script-src 'nonce-x'" in content_security_policy("x")


async def test_the_page_holds_no_secret_and_starts_nothing(jp_fetch, lit_lab, fake_service, ready):
    text = (await jp_fetch("lit-lab", "api", "lit", "page")).body.decode()
    assert not fake_service.pids
    assert lit_lab.serverapp.identity_provider.token not in text
    await ready()
    endpoint = await lit_lab.core.service.awaited()
    text = (await jp_fetch("lit-lab", "api", "lit", "page")).body.decode()
    assert endpoint.secret
    assert endpoint.secret not in text
    assert endpoint.secret not in "".join(lit_lab.core.service.log_lines())


class TestAServerWithItsOwnPolicy:
    """An administrator's policy is meant for Jupyter's own pages, and must not loosen this one."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        headers = {"Content-Security-Policy": "frame-ancestors *"}
        jp_server_config["ServerApp"]["tornado_settings"] = {"headers": headers}
        return jp_server_config

    async def test_the_page_keeps_its_own(self, jp_fetch, lit_lab):
        policy = policy_of(await jp_fetch("lit-lab", "api", "lit", "page"))
        assert policy["frame-ancestors"] == ["'self'"]
        assert policy["sandbox"] == list(SANDBOX)


async def test_a_browser_that_is_signed_in_gets_the_page_and_nobody_else(fetch, lit_lab):  # noqa: F811
    cookies = await browser(fetch, lit_lab)
    assert (await fetch("GET", PAGE, headers={"Cookie": cookie_header(cookies)})).code == 200
    assert (await fetch("GET", PAGE)).code == 403


# --- Its requests ---


async def test_another_site_cannot_post(fetch, lit_lab, fake_service, http_server_port):  # noqa: F811
    cookies = await browser(fetch, lit_lab)
    header = {"Cookie": cookie_header(cookies)}
    body = json.dumps({"endpoint": "get_info"})
    host = f"http://127.0.0.1:{http_server_port[-1]}"
    xsrf = {"X-XSRFToken": cookies["_xsrf"]}
    refused = [
        {},  # a form on another site: the cookie alone
        {"Origin": "http://elsewhere.example"},
        {"Origin": "null"},  # LIT's own page, if it sent the request itself
        {"Origin": host},
        {"Origin": "http://elsewhere.example", **xsrf},
        {"Origin": "null", **xsrf},
        {"X-XSRFToken": "wrong"},
    ]
    for headers in refused:
        response = await fetch("POST", CALL, body, {**header, **headers})
        assert response.code in (403, 404), headers
        assert set(json.loads(response.body)) == {"error", "message", "hint"}
    assert not fake_service.pids
    # The page around LIT has the XSRF token. The response says that no service is running.
    response = await fetch("POST", CALL, body, {**header, "Origin": host, **xsrf})
    assert (response.code, json.loads(response.body)["error"]) == (503, "service_stopped")


async def test_no_answer_is_for_other_origins(fetch, lit_lab, http_server_port):  # noqa: F811
    cookies = await browser(fetch, lit_lab)
    headers = {"Cookie": cookie_header(cookies), "X-XSRFToken": cookies["_xsrf"]}
    for method, path, body in [
        ("GET", PAGE, None),
        ("POST", CALL, "{}"),
        ("GET", "lit-lab/api/lit/files/main.js", None),
    ]:
        response = await fetch(method, path, body, {**headers, "Referer": f"http://127.0.0.1:{http_server_port[-1]}/"})
        assert "Access-Control-Allow-Origin" not in response.headers


async def test_it_is_made_ready_by_a_job_that_is_no_run(ready, api, fake_service):
    found = await ready()
    assert [event["event"] for event in found][-2:] == ["state", "done"]
    status, answer = await api("POST", "runs/search", body={})
    assert (status, answer["runs"]) == (200, [])


async def test_a_request_reaches_lit_as_it_is_and_its_answer_the_page(ready, call, fake_service):
    await ready()
    query = {"model": "demo", "dataset_name": "prompts", "requested_types": "GeneratedText"}
    status, found = await call("get_preds", query=query, inputs=["an id", EXAMPLE], config={"a": [1]})
    assert status == 200
    assert found == [{"event": "heartbeat"}, {"event": "lit_answer", "body": '{"models": {}}'}]
    assert fake_service.json("lit") == {
        "endpoint": "get_preds", "query": query, "inputs": ["an id", EXAMPLE], "config": {"a": [1]},
    }  # fmt: skip


async def test_a_stopped_service_stays_so(call, fake_service):
    status, (answer,) = await call()
    assert (status, answer["error"]) == (503, "service_stopped")
    assert answer["hint"]
    assert not fake_service.pids


async def test_a_failure_of_lits_is_reported(ready, call):
    await ready()
    status, found = await call("get_dataset", query={"dataset_name": "fail"})
    assert (status, found[-1]["error"], found[-1]["message"]) == (200, "lit_failed", "It failed.")


@pytest.mark.parametrize(("name", "error"), [("die", "service_died"), ("odd", "service_answer")])
async def test_a_service_that_dies_or_is_another_is_reported(ready, call, name, error):
    await ready()
    status, found = await call("get_dataset", query={"dataset_name": name})
    reported = found[-1]
    assert (status, reported["error"]) in ((200, error), (502, error))
    assert reported["hint"]


async def test_a_lit_request_ends_when_its_client_leaves(ready, lit_lab, fake_service):
    await ready()
    request = protocol.LitCall(endpoint="get_dataset", query={"dataset_name": "forever"})
    lines = lit_lab.core.lit_app.call(request)
    assert json.loads(await anext(lines)) == {"event": "heartbeat"}
    await lines.aclose()
    await until(lambda: "/lit/call" in fake_service.trace("closed"))


NOT_LET_THROUGH = [
    "save_datapoints", "load_datapoints", "create_model", "create_dataset", "post_new_data", "fetch_new_data",
    "remove_new_data", "push_ui_state", "index.html", "../get_info", "get_info/../save_datapoints", "", "%73ave_datapoints",
]  # fmt: skip


@pytest.mark.parametrize("endpoint", NOT_LET_THROUGH)
async def test_other_endpoints_are_not_let_through(call, fake_service, endpoint):
    status, (answer,) = await call(endpoint)
    assert (status, answer["error"]) == (400, "invalid_request")
    assert not fake_service.pids


def test_what_is_let_through_does_not_write():
    assert not set(get_args(protocol.LitEndpoint)) & set(NOT_LET_THROUGH)


@pytest.mark.parametrize(
    "fields",
    [
        {"query": {"path": "/etc/passwd"}},
        {"query": {"response_simple_json": "0"}},
        {"query": {"model": "x" * 2_001}},
        {"query": {"model": 1}},
        {"inputs": [7]},
        {"inputs": [""]},
        {"inputs": [{"id": "a", "data": {}, "more": 1}]},
        {"inputs": ["x"] * 100_001},
        {"config": "x"},
        {"body": "x"},
    ],
)
async def test_requests_are_typed_and_bounded(call, fake_service, fields):
    status, (answer,) = await call(**fields)
    assert (status, answer["error"]) == (400, "invalid_request")
    assert not fake_service.pids


async def test_bodies_are_bounded(call):
    status, (answer,) = await call(config={"a": "x" * (25 * 2**20)})
    assert (status, answer["error"]) == (413, "body_too_large")


async def test_prompts_are_bounded_as_everywhere(call, fake_service):
    long = {"id": "", "data": {"prompt": "x" * 100_001}}
    status, (answer,) = await call("get_preds", inputs=[long])
    assert (status, answer["error"]) == (422, "prompt_too_long")
    half = {"id": "", "data": {"prompt": "\ud83d"}}
    status, (answer,) = await call("get_preds", inputs=[half])
    assert (status, answer["error"]) == (422, "lone_surrogate")
    assert not fake_service.pids


async def test_answers_are_bounded_as_everywhere(api, fake_service):
    status, answer = await api("POST", "jobs", body={"kind": "lit_app", "model": "demo", "max_new_tokens": 1_025})
    assert (status, answer["error"]) == (422, "too_many_new_tokens")
    status, answer = await api("POST", "jobs", body={"kind": "lit_app", "model": "gpt"})
    assert (status, answer["error"]) == (422, "unknown_model")


# --- Its files ---


async def test_its_files_are_read_and_never_run_from_here(jp_fetch, ready):
    await ready()
    response = await jp_fetch("lit-lab", "api", "lit", "files", "main.js")
    assert response.body == b"// LIT"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


async def test_a_file_does_not_start_the_service(api, fake_service):
    status, answer = await api("GET", "lit", "files", "main.js")
    assert (status, answer["error"]) == (503, "service_stopped")
    assert not fake_service.pids


@pytest.mark.parametrize("name", ["main.js.map", "index.html", "..%2Fapp.py", "%2Fetc%2Fpasswd", "%2E%2E", "a%00"])
async def test_there_are_no_other_files(api, fake_service, name):
    status, answer = await api("GET", "lit", "files", name)
    assert (status, answer["error"]) == (404, "no_such_file")
    assert not fake_service.pids


# --- Who may ---


class Looker(Authorizer):
    """Allows reading, but no computation."""

    def is_authorized(self, handler, user, action, resource):
        return action == "read"


class TestSomebodyWhoMayOnlyLook:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["authorizer_class"] = Looker
        return jp_server_config

    async def test_neither_page_nor_requests_are_for_them(self, api, fake_service):
        assert (await api("GET", "lit", "page"))[0] == 403
        assert (await api("POST", "lit", "call", body={"endpoint": "get_info"}))[0] == 403
        assert (await api("POST", "jobs", body={"kind": "lit_app", "model": "demo"}))[0] == 403
        assert not fake_service.pids
