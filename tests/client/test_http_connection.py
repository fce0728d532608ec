"""Requests to a Jupyter server: what breaks, and what the client makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from lit_lab import Problem, protocol
from lit_lab.client import http_connection
from lit_lab.client.address import address_of
from lit_lab.client.async_client import AsyncClient
from lit_lab.client.http_connection import HttpConnection
from lit_lab.version import version

JOB = {"id": "a b", "kind": "generate", "state": "running", "created": 1.0}
STATUS = {
    "version": version(),
    "service": {"state": "stopped", "since": 0.0},
    "default_model": "demo",
    "limits": {"max_prompt_chars": 1, "max_new_tokens": 1},
    "history": {"enabled": True},
    "allowed": ["read", "execute"],
}
DONE = {"event": "done", "seconds": 0.1}


class Seen:
    """What the server got, and how it answers."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.answer: Callable[[RequestHandler], None] = lambda handler: handler.finish(STATUS)  # type: ignore[assignment,return-value]


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def url(seen: Seen, jp_asyncio_loop: Any) -> Iterator[str]:
    class Handler(RequestHandler):
        def _answer(self) -> None:
            seen.requests.append(self.request)
            seen.answer(self)

        get = post = delete = _answer

    async def start() -> tuple[HTTPServer, int]:
        server = HTTPServer(Application([(".*", Handler)]))
        sockets, port = bind_unused_port()
        server.add_socket(sockets)
        return server, port

    server, port = jp_asyncio_loop.run_until_complete(start())
    yield f"http://127.0.0.1:{port}/base/"
    server.stop()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "FIRST_PAUSE", 0.0)


async def test_the_token_is_in_a_header_and_no_cookie_is_kept(url: str, seen: Seen) -> None:
    def answer(handler: RequestHandler) -> None:
        handler.set_cookie("username", "me")
        handler.finish(STATUS)

    seen.answer = answer
    connection = HttpConnection(address_of(url, "s3cret"))
    await connection.check()
    await connection.check()
    first, second = seen.requests
    assert (first.uri, first.headers["Authorization"]) == ("/base/lit-lab/api/status", "token s3cret")
    assert "Cookie" not in second.headers
    await connection.close()


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (403, {"error": "unauthenticated", "message": "…"}, "unauthenticated"),
        (302, "", "unauthenticated"),
        (404, "<html>", "no_extension"),
        (500, "<html>", "server_answer"),
        (200, "<html>", "server_answer"),
        (200, {**STATUS, "version": "99.0"}, "version_mismatch"),
        (200, {"version": "99.0", "of": "another form"}, "version_mismatch"),
        (200, {**STATUS, "allowed": ["read"]}, "forbidden"),
        (200, {"error": "x" * 2_000}, "answer_too_large"),
    ],
)
async def test_a_server_that_can_t_be_used_says_why(
    url: str, seen: Seen, status: int, content: Any, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "MAX_ANSWER", 1_000)

    def answer(handler: RequestHandler) -> None:
        handler.set_status(status)
        if status == 302:
            handler.set_header("Location", "http://elsewhere.example/login")
        handler.finish(content)

    seen.answer = answer
    connection = HttpConnection(address_of(url, "s3cret"))
    with pytest.raises(Problem) as problem:
        await connection.check()
    assert problem.value.code == code
    assert "s3cret" not in str(problem.value)
    assert len(seen.requests) == 1, "no redirection is followed"
    await connection.close()


def broken_off(handler: RequestHandler, text: str) -> None:
    """Send a part of an answer, and break the connection."""
    handler.set_header("Content-Length", "100000")
    handler.write(text)
    handler.flush().add_done_callback(lambda _: handler.request.connection.stream.close())  # type: ignore[union-attr,attr-defined]


async def test_a_broken_stream_goes_on_where_it_was(url: str, seen: Seen) -> None:
    state = [json.dumps({"event": "state", "message": str(number)}) for number in range(3)]
    heartbeat = json.dumps({"event": "heartbeat"})
    answers = {
        "0": f"{heartbeat}\n{state[0]}\n{heartbeat}\n{state[1]}\n{state[2][:10]}",
        "2": f"{state[2]}\n",
        "3": json.dumps(DONE) + "\n",
    }

    def answer(handler: RequestHandler) -> None:
        begin = handler.get_argument("from")
        if begin == "3":
            handler.finish(answers[begin])
        else:
            broken_off(handler, answers[begin])

    seen.answer = answer
    connection = HttpConnection(address_of(url))
    found = [event async for event in connection.events(protocol.JobInfo.model_validate(JOB))]
    assert [getattr(event, "message", event.event) for event in found] == ["0", "1", "2", "done"]
    assert seen.requests[0].path == "/base/lit-lab/api/jobs/a%20b/events"
    await connection.close()


async def test_a_stream_that_always_breaks_is_given_up(url: str, seen: Seen) -> None:
    seen.answer = lambda handler: broken_off(handler, "")
    connection = HttpConnection(address_of(url))
    with pytest.raises(Problem) as problem:
        async for _ in connection.events(protocol.JobInfo.model_validate(JOB)):
            pass
    assert problem.value.code == "server_unreachable"
    assert len(seen.requests) == http_connection.MAX_RECONNECTS + 1
    await connection.close()


@pytest.mark.parametrize(("line", "code"), [("not json\n", "server_answer"), ("x" * 1_000, "answer_too_large")])
async def test_what_isn_t_an_event_is_refused(
    url: str, seen: Seen, line: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_connection, "MAX_LINE", 100)
    seen.answer = lambda handler: handler.finish(line)  # type: ignore[assignment,return-value]
    connection = HttpConnection(address_of(url))
    with pytest.raises(Problem) as problem:
        async for _ in connection.events(protocol.JobInfo.model_validate(JOB)):
            pass
    assert problem.value.code == code
    await connection.close()


async def test_silence_isn_t_waited_for_without_an_end(url: str, seen: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "STREAM_SILENCE", 0.05)
    monkeypatch.setattr(http_connection, "MAX_RECONNECTS", 1)
    seen.answer = lambda handler: handler.flush()  # type: ignore[assignment,return-value]
    connection = HttpConnection(address_of(url))
    with pytest.raises(Problem, match="can't be reached"):
        async for _ in connection.events(protocol.JobInfo.model_validate(JOB)):
            pass
    await connection.close()


async def test_a_job_that_nobody_waits_for_is_stopped(url: str, seen: Seen) -> None:
    def answer(handler: RequestHandler) -> None:
        if handler.request.path.endswith("/events"):
            handler.finish(json.dumps({"event": "state", "message": "…"}) + "\n")
        else:
            handler.finish(JOB)

    seen.answer = answer
    client = AsyncClient(HttpConnection(address_of(url)))
    events = client.job(protocol.GenerateRequest(model="demo", prompt="Hi"))
    await events.__anext__()
    await events.aclose()
    assert [request.method for request in seen.requests] == ["POST", "GET", "DELETE"]
    await client.close()


async def test_a_failed_job_raises_what_its_event_says(url: str, seen: Seen) -> None:
    def answer(handler: RequestHandler) -> None:
        event = {
            "event": "error",
            "status": 422,
            "error": "prompt_too_long",
            "message": "Too long.",
            "hint": "Shorten it.",
        }
        handler.finish(json.dumps(event) + "\n" if handler.request.path.endswith("/events") else JOB)

    seen.answer = answer
    client = AsyncClient(HttpConnection(address_of(url)))
    with pytest.raises(Problem) as problem:
        await client.generate(protocol.GenerateRequest(model="demo", prompt="Hi"))
    failed = problem.value
    assert (failed.status, failed.code, str(failed)) == (422, "prompt_too_long", "Too long. Shorten it.")
    assert [request.method for request in seen.requests] == ["POST", "GET"]
    await client.close()
