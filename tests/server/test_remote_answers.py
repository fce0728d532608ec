"""What a service elsewhere, or what stands before it, means by its answers, in words that fit."""

import socket

import httpx
import pytest

from lit_lab.problem import Problem
from lit_lab.protocol import ErrorBody
from lit_lab.service_client import NeverSent, ServiceClient
from lit_lab.supervision.endpoint import Away, Busy, Endpoint
from lit_lab.supervision.remote import RemoteService, configured

SECRET = "s3cret-of-tests"


async def said(status, body=b"<html>", named="c.LitLab.service_url", **headers):
    """Return what the service's health says of such an answer."""
    service = RemoteService(Endpoint("http://models.example", SECRET, named=named))
    answer = httpx.Response(
        status, content=body, headers={name.replace("_", "-"): one for name, one in headers.items()}
    )
    await service._client.aclose()
    service._client = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer))
    try:
        with pytest.raises(Problem) as raised:
            await service.awaited()
    finally:
        await service.close()
    return raised.value


def body(code, message="No."):
    return ErrorBody(error=code, message=message, hint="").model_dump_json().encode()


async def test_each_answer_has_its_own_message():
    assert "host names" in (await said(403, body("foreign"))).hint
    for status in (500, 502, 503, 504):
        proxy = await said(status)
        assert isinstance(proxy, Away)
        assert "proxy" in proxy.message
    for status in (302, 404):
        assert "no model service" in (await said(status)).message
    assert "service_secret" in (await said(401, body("unauthorized"))).hint
    on_hub = await said(401, body("unauthorized"), named="c.LitLab.hub_service")
    assert "c.LitLab.hub_service" in on_hub.hint
    assert "service_secret" not in str(on_hub)


async def test_a_busy_hub_is_waited_for_before_a_request_is_sent():
    busy = await said(503, body("hub_busy"), retry_after="5")
    assert isinstance(busy, Busy)
    assert (busy.code, busy.seconds) == ("hub_busy", 5.0)
    assert not isinstance(await said(503, body("hub_scope")), Busy)


@pytest.mark.parametrize("secret", [f"{SECRET}\nmore", f"{SECRET}\x00", f"{SECRET}é"])
def test_a_secret_that_no_header_may_have_is_refused_and_not_repeated(secret):
    with pytest.raises(Problem) as raised:
        configured("http://models.example/", secret)
    assert "service_secret" in str(raised.value)
    assert SECRET not in str(raised.value)


def test_the_last_line_break_of_a_file_is_no_part_of_the_secret():
    found = configured("http://models.example/", f"{SECRET}\n")
    assert (found.url, found.secret) == ("http://models.example", SECRET)


async def test_an_error_about_a_header_does_not_repeat_it():
    service = RemoteService(Endpoint("http://127.0.0.1:9", f"{SECRET}\nmore"))
    with pytest.raises(Problem) as raised:
        await service.health()
    assert SECRET not in str(raised.value)
    await service.close()


async def test_what_is_refused_at_connecting_was_never_sent(monkeypatch):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        endpoint = Endpoint(f"http://127.0.0.1:{one.getsockname()[1]}", SECRET)
        service = RemoteService(endpoint)

        async def answers(_):
            return Problem(502, "service_silent", "It answers again.")

        monkeypatch.setattr(service, "why_gone", answers)
        client = ServiceClient(service, elsewhere=True)
        with pytest.raises(NeverSent):
            await client.file(endpoint, "/models")
        await client.close()
        await service.close()
