"""Incomplete bodies, bodies without permission, and too many at once: the server stores none, and answers other requests."""

import asyncio
import json

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.iostream import IOStream, StreamClosedError
from tornado.tcpclient import TCPClient
from waiting import PATIENCE
from waiting import until_async as until

from lit_lab.handlers import base
from lit_lab.handlers.base import Handler

PIECE = b'{"kind": "generate", "prompt": "' + b"x" * 300_000


class ReadOnly(Authorizer):
    """Allows reading only."""

    def is_authorized(self, handler, user, action, resource):
        return action == "read"


@pytest.fixture
def begin(api, jp_http_port, jp_base_url, jp_auth_header):
    """Begin a request to start a job, and hold back a MB of its body."""
    streams = []

    async def begin() -> IOStream:
        stream = await TCPClient().connect("127.0.0.1", jp_http_port)
        streams.append(stream)
        head = [
            f"POST {jp_base_url}lit-lab/api/jobs HTTP/1.1",
            f"Host: 127.0.0.1:{jp_http_port}",
            *(f"{name}: {value}" for name, value in jp_auth_header.items()),
            f"Content-Length: {len(PIECE) + 1_000_000}",
        ]
        await stream.write("\r\n".join([*head, "", ""]).encode() + PIECE)
        return stream

    yield begin
    for stream in streams:
        stream.close()


async def held(size: int) -> None:
    """Wait until the bodies being read have this total size."""
    await until(lambda: Handler.unanswered_bytes == size)


async def answer(stream: IOStream) -> tuple[int, dict]:
    """Send the rest of a body, and return the response."""
    await stream.write(b"x" * 1_000_000)
    head = await stream.read_until(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length"))
    return int(head.split()[1]), json.loads(await stream.read_bytes(length))


async def test_a_body_that_is_broken_off_is_not_kept(begin):
    for _ in range(3):
        stream = await begin()
        await held(len(PIECE))
        stream.close()
        await held(0)


async def test_so_is_none_whose_request_was_answered(begin, api):
    stream = await begin()
    await held(len(PIECE))
    status, body = await answer(stream)
    assert (status, body["error"]) == (400, "invalid_request")
    await held(0)


async def test_more_at_once_than_there_is_room_for_are_refused_with_a_message(begin, api, monkeypatch):
    monkeypatch.setattr(base, "MAX_BODIES", 2 * len(PIECE) + 10_000)
    first, second = await begin(), await begin()
    await held(2 * len(PIECE))
    third = await begin()
    status, body = await answer(third)
    assert (status, body["error"]) == (503, "busy")
    assert "again" in body["hint"]
    assert (await api("POST", "unicode", "names", body={"names": ["BULLET"]}))[0] == 200
    first.close()
    second.close()
    await held(0)


class TestReadOnly:
    @pytest.fixture
    def jp_server_config(self, jp_server_config):
        jp_server_config["ServerApp"]["authorizer_class"] = ReadOnly
        return jp_server_config

    async def test_the_body_of_somebody_who_may_not_is_not_read(self, begin):
        stream = await begin()
        seen = []

        async def look() -> None:
            while True:
                seen.append(Handler.unanswered_bytes)
                await asyncio.sleep(0)

        looking = asyncio.ensure_future(look())
        status, body = await answer(stream)
        looking.cancel()
        assert (status, body["error"]) == (403, "forbidden")
        assert set(seen) == {0}


async def test_who_goes_away_while_it_is_answered_leaves_nothing(begin, monkeypatch):
    stream = await begin()
    await held(len(PIECE))
    begun, parse = asyncio.Event(), asyncio.to_thread

    async def slowly(*arguments):
        begun.set()
        await asyncio.sleep(0.1)
        return await parse(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", slowly)
    await stream.write(b"x" * 1_000_000)
    await asyncio.wait_for(begun.wait(), PATIENCE)
    stream.close()
    await held(0)
    with pytest.raises(StreamClosedError):
        await stream.read_bytes(1)
