"""A running service that accepts no connections."""

import asyncio
import contextlib
import logging
import socket

import httpx
import pytest

from lit_lab.problem import Problem
from lit_lab.protocol import ServiceHealth
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.endpoint import Endpoint


class Running:
    """A service whose process is running."""

    def __init__(self, error="service_silent"):
        self.error = error
        self.uses = []

    def use(self, *, only_look=False):
        self.uses.append(only_look)
        return contextlib.nullcontext()

    async def why_gone(self, _endpoint):
        return Problem(502, self.error, "The model service broke the connection.", "Run it again.")


async def failure(url, service):
    client = ServiceClient(service, elsewhere=False)
    try:
        with pytest.raises(Problem) as raised:
            await client.request(Endpoint(url, "secret"), "GET", "/health", ServiceHealth)
    finally:
        await client.close()
    return raised.value


@pytest.fixture
def closed():
    """A loopback port that nothing listens on during the test."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


async def test_the_address_and_what_to_look_at_are_named(closed):
    problem = await failure(f"http://127.0.0.1:{closed}", Running())
    assert problem.code == "service_unreachable"
    assert f"127.0.0.1 can't be reached on port {closed}" in problem.message
    assert "loopback interface" in problem.hint


async def test_elsewhere_it_is_the_network(monkeypatch):
    async def refused(*_arguments, **_options):
        raise httpx.ConnectTimeout("")

    monkeypatch.setattr(httpx.AsyncClient, "send", refused)
    problem = await failure("http://service.example:8999", Running())
    assert "service.example can't be reached on port 8999: no connection within 10 seconds" in problem.message
    assert "service_url" in problem.hint


async def test_a_process_that_has_died_is_reported_as_such(closed):
    assert (await failure(f"http://127.0.0.1:{closed}", Running("service_died"))).code == "service_died"


async def test_counting_tokens_is_no_use_of_the_service(closed):
    running = Running()
    client = ServiceClient(running, elsewhere=False)
    for path in ("/tokens/count", "/tokens"):
        with pytest.raises(Problem):
            await client.request(Endpoint(f"http://127.0.0.1:{closed}", "secret"), "POST", path, ServiceHealth)
    await client.close()
    assert running.uses == [True, False]


async def test_bytes_after_the_client_has_left_are_no_error(caplog):
    ServiceClient(Running(), elsewhere=False)
    loop = asyncio.get_running_loop()
    gone = loop.create_future()
    gone.cancel()
    loop.call_soon(gone.set_result, None)  # as anyio does for a socket
    loop.call_soon(gone.set_result, 1)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [record.exc_info[0] for record in caplog.records if record.name == "asyncio"] == [asyncio.InvalidStateError]
    assert "set_result(1)" in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR
