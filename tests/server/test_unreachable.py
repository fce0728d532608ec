"""A service that runs and that no connection can be made to."""

import contextlib
import socket

import httpx
import pytest

from lit_lab.problem import Problem
from lit_lab.protocol import ServiceHealth
from lit_lab.supervision.endpoint import Endpoint
from lit_lab.upstream import Upstream


class Running:
    """A service whose process is there."""

    def __init__(self, error="service_silent"):
        self.error = error

    def use(self, *, only_look=False):
        return contextlib.nullcontext()

    async def why_gone(self, _endpoint):
        return Problem(502, self.error, "The model service broke the connection.", "Run it again.")


async def failure(url, service):
    upstream = Upstream(service, elsewhere=False)
    try:
        with pytest.raises(Problem) as raised:
            await upstream.ask(Endpoint(url, "secret"), "GET", "/health", ServiceHealth)
    finally:
        await upstream.close()
    return raised.value


@pytest.fixture
def closed():
    """A port of loopback that nobody listens on, as long as this lasts."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


async def test_the_address_and_what_to_look_at_are_named(closed):
    problem = await failure(f"http://127.0.0.1:{closed}", Running())
    assert problem.error == "service_unreachable"
    assert f"127.0.0.1 can't be reached on port {closed}" in problem.message
    assert "loopback interface" in problem.hint


async def test_elsewhere_it_is_the_network(monkeypatch):
    async def refused(*_arguments, **_options):
        raise httpx.ConnectTimeout("")

    monkeypatch.setattr(httpx.AsyncClient, "send", refused)
    problem = await failure("http://service.example:8999", Running())
    assert "service.example can't be reached on port 8999: no connection within 10 seconds" in problem.message
    assert "service_url" in problem.hint


async def test_a_process_that_has_died_is_told_as_such(closed):
    assert (await failure(f"http://127.0.0.1:{closed}", Running("service_died"))).error == "service_died"
