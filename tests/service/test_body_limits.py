"""One user's requests at a shared service: neither large nor slow ones take it from others."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from waiting import PATIENCE

from lit_lab.protocol import OWNER_HEADER, Sharing
from lit_lab.service import loopback
from lit_lab.service.app import create_app
from lit_lab.service.body_limits import BodyLimits
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scheduler import Scheduler

SECRET = "a secret for tests only"


def application(**limits: Any) -> Any:
    async def nothing() -> None: ...

    registry = Registry(parse(["one:/srv/models/one"]), None, lambda say: None)
    return create_app(registry, Scheduler(registry), SECRET, nothing, sharing=Sharing(**limits))


def client(app: Any, owner: str = "ada") -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {SECRET}", OWNER_HEADER: owner}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers)


class Slow:
    """A body that comes in two parts; the second never."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.has_begun = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b" " * self._size
        self.has_begun.set()
        await asyncio.Event().wait()


def error(response: httpx.Response) -> tuple[int, str]:
    body = response.json()
    assert body["message"]
    assert body["hint"]
    return response.status_code, body["error"]


def error_code(response: httpx.Response) -> str:
    return str(response.json()["error"])


async def test_a_slow_body_is_refused_in_words_and_its_place_is_free_again() -> None:
    app = application(body_seconds=0.05, max_requests=1)
    for _ in range(2):
        response = await client(app).post("/tokens/count", content=Slow(10))
        assert error(response) == (408, "body_too_slow")
        assert "0.05 seconds" in response.json()["message"]
        assert response.headers["connection"] == "close"
    # A route that doesn't read it has the same limit.
    response = await client(app).post("/nothing", content=Slow(10))
    assert (response.status_code, response.headers["connection"]) == (404, "close")
    assert (await client(app, owner="").post("/tokens/count", content=Slow(10))).status_code == 408


async def test_large_bodies_of_one_user_leave_room_for_others() -> None:
    app = application(max_body_bytes=1000)
    body = Slow(600)
    held = asyncio.ensure_future(client(app).post("/tokens/count", content=body))
    await asyncio.wait_for(body.has_begun.wait(), PATIENCE)
    refused = await client(app).post("/tokens/count", content=b" " * 600)
    assert error(refused) == (429, "too_many_bytes")
    assert int(refused.headers["Retry-After"]) > 0
    # Not JSON: it was read.
    assert error_code(await client(app).post("/tokens/count", content=b" " * 300)) == "bad_request"
    assert error_code(await client(app, "bob").post("/tokens/count", content=b" " * 600)) == "bad_request"
    held.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await held
    assert error_code(await client(app).post("/tokens/count", content=b" " * 600)) == "bad_request"
    alone = await client(app).post("/tokens/count", content=b" " * 1001)
    assert error(alone) == (413, "too_large")
    assert "Retry-After" not in alone.headers


async def test_a_body_counts_until_its_answer_has_ended() -> None:
    go = asyncio.Event()

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await go.wait()
        await send({"type": "http.response.body"})

    limits = BodyLimits(inner, 1000, PATIENCE)

    async def owned(scope: Any, receive: Any, send: Any) -> None:
        scope["lit_lab.owner"] = "ada"
        await limits(scope, receive, send)

    answers = [asyncio.ensure_future(client(owned).post("/x", content=b" " * 100)) for _ in range(3)]
    while limits.held["ada"] < 300:
        await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*answers)
    assert not limits.held


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with loopback.listen(0) as made:
        yield made


async def test_the_connection_ends_with_its_time(listener: socket.socket) -> None:
    """At a real server: who sends a byte now and then keeps no connection."""
    config = uvicorn.Config(application(body_seconds=0.2), lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    task = asyncio.ensure_future(server._serve([listener]))
    head = f"POST /nothing HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {SECRET}\r\nContent-Length: 99\r\n\r\n"
    try:
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        writer.write(head.encode())
        reading = asyncio.ensure_future(reader.read())
        while not reading.done():
            writer.write(b" ")
            await asyncio.sleep(0.05)
        # A byte that comes after the end resets the connection, perhaps before the answer was read.
        with contextlib.suppress(ConnectionResetError):
            assert reading.result().startswith(b"HTTP/1.1 404")
        writer.close()
    finally:
        server.should_exit = True
        await task
