"""Connections of other users of the machine to the service's port: they can't use it, block it or fill its log."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from running import SECRET, Running
from waiting import PATIENCE

from lit_lab.protocol import Sharing
from lit_lab.service import loopback
from lit_lab.service.admission import AdmissionMiddleware
from lit_lab.service.log_limit import LogLimit
from lit_lab.service.unauthenticated import (
    ACCEPTED,
    MAX_CONNECTIONS,
    Server,
    UnauthenticatedConnections,
    connections_for,
)
from lit_lab.service.who import SharedSecret

HALF = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "


async def answering(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def served(
    connections: UnauthenticatedConnections, protocol: type[asyncio.Protocol] | None = None
) -> AsyncIterator[int]:
    """Serve behind the middleware, as the service does, and yield the port."""
    listener = loopback.listen(0)
    config = uvicorn.Config(
        AdmissionMiddleware(answering, SharedSecret(SECRET), connections.remove),
        http=protocol or connections.protocol,
        lifespan="off",
        log_config=None,
        backlog=ACCEPTED,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=int(PATIENCE),
    )
    server = Server(config)
    task = asyncio.ensure_future(server._serve([listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await task


@contextlib.contextmanager
def half_sent(port: int, count: int) -> Any:
    with contextlib.ExitStack() as stack:
        connections = []
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            connection.sendall(HALF)
            connections.append(connection)
        yield connections


def client(port: int) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {SECRET}"}
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{port}",
        headers=headers,
        timeout=PATIENCE,
        limits=httpx.Limits(keepalive_expiry=PATIENCE),
        trust_env=False,
    )


async def closed(connection: socket.socket) -> bool:
    """Wait until the other side has closed a connection."""
    connection.setblocking(False)
    try:
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(connection, 1), PATIENCE) == b""
    except ConnectionError:
        return True


@pytest.mark.asyncio
async def test_incomplete_requests_block_no_client() -> None:
    connections = UnauthenticatedConnections(most=8)
    async with served(connections) as port, client(port) as known:
        assert (await known.get("/")).status_code == 200
        with half_sent(port, 60) as half_open:
            assert (await known.get("/")).status_code == 200
            async with client(port) as another:
                assert (await another.get("/")).status_code == 200
            assert len(connections) <= 8
            assert await closed(half_open[0])


def test_a_shared_service_lets_more_wait_for_their_hub() -> None:
    assert Sharing().max_unauthenticated > MAX_CONNECTIONS
    assert connections_for(None)._most == MAX_CONNECTIONS
    assert connections_for(Sharing(max_unauthenticated=3))._most == 3


@pytest.mark.asyncio
async def test_many_simultaneous_connections_take_few_descriptors() -> None:
    connections = UnauthenticatedConnections(most=8)
    accepted = 0
    most = 0

    class Counted(connections.protocol):  # type: ignore[misc, name-defined]  # a class made at run time
        def connection_made(self, transport: asyncio.Transport) -> None:
            nonlocal accepted, most
            accepted += 1
            most = max(most, accepted)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            nonlocal accepted
            accepted -= 1
            super().connection_lost(exc)

    async with served(connections, Counted) as port:
        # This blocks the event loop, so all connections wait before the server accepts the first.
        with half_sent(port, loopback.BACKLOG):
            async with client(port) as known:
                assert (await known.get("/")).status_code == 200
        assert most < 8 + 4 * ACCEPTED


@pytest.mark.asyncio
async def test_a_connection_without_the_secret_ends_after_a_while() -> None:
    connections = UnauthenticatedConnections(seconds=0.05)
    async with served(connections) as port:
        with half_sent(port, 1) as [connection]:
            assert await closed(connection)
        with socket.create_connection(("127.0.0.1", port)) as silent:
            assert await closed(silent)
        assert not len(connections)


@pytest.mark.asyncio
async def test_a_connection_with_the_secret_stays_open() -> None:
    connections = UnauthenticatedConnections(seconds=PATIENCE)
    async with served(connections) as port, client(port) as known:
        first = await known.get("/")
        assert not len(connections)
        connections._seconds = 0.05  # applies to new connections
        with socket.create_connection(("127.0.0.1", port)) as silent:
            assert await closed(silent)  # opened later, and already closed
        second = await known.get("/")
        streams = [each.extensions["network_stream"].get_extra_info("client_addr") for each in (first, second)]
        assert streams[0] == streams[1]


def test_the_log_takes_few_lines_of_one_kind_per_minute() -> None:
    now = 0.0
    limit = LogLimit(most=3, clock=lambda: now)

    def record(text: str, *arguments: Any) -> logging.LogRecord:
        return logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, text, arguments, None)

    passed = [limit.filter(record("Invalid HTTP request %d", number)) for number in range(1000)]
    assert passed == [True] * 3 + [False] * 997
    assert limit.filter(record("Something else"))
    now = 61.0
    later = record("Invalid HTTP request %d", 7)
    assert limit.filter(later)
    assert later.getMessage() == "Invalid HTTP request 7 [997 more like this were left out]"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process")
def test_the_service_survives_more_connections_than_its_limit_of_descriptors(tmp_path: Path) -> None:
    import resource

    service = Running({"secret": SECRET, "models": ["demo:embedded"], "threads": 1}, tmp_path / "log.txt")
    try:
        port = service.wait_for("listening")["port"]
        resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (256, 256))
        with half_sent(port, 400), service.client() as known:
            for _ in range(200):
                with socket.create_connection(("127.0.0.1", port)) as other:
                    other.sendall(b"nonsense\r\n\r\n")
            assert known.get("/health").status_code == 200
        assert service.log.stat().st_size < 100_000
        assert resource.prlimit(service.process.pid, resource.RLIMIT_CORE) == (0, 0)
    finally:
        service.end()


def test_it_listens_on_a_socket_where_it_can(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("s") / "service"
    config = {"secret": SECRET, "models": ["demo:embedded"], "threads": 1, "socket": str(path)}
    service = Running(config, path.with_name("log.txt"))
    try:
        line = service.wait_for("listening")
        assert (line["socket"], line["port"]) == (str(path), 0)
        transport = httpx.HTTPTransport(uds=str(path))
        with httpx.Client(transport=transport, base_url="http://localhost", timeout=PATIENCE) as stranger:
            assert stranger.get("/health").status_code == 401
            headers = {"Authorization": f"Bearer {SECRET}"}
            assert stranger.get("/health", headers=headers).status_code == 200
            assert stranger.get("/health", headers={**headers, "Host": "evil.example"}).status_code == 403
    finally:
        service.end()


def test_where_the_socket_cannot_be_made_it_listens_on_a_port(tmp_path: Path) -> None:
    assert loopback.listen_at(str(tmp_path / "no" / "such" / "folder")) is None
