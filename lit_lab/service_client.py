"""HTTP requests to the model service."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from lit_lab import ndjson
from lit_lab.problem import Problem
from lit_lab.protocol import OWNER_HEADER, PROTOCOL_HEADER, SESSION_HEADER, SPOKEN, ErrorBody, Message
from lit_lab.supervision.answers import absent, busy, foreign, seconds_of, wrong_secret
from lit_lab.supervision.endpoint import Busy, Endpoint, Service

CONNECT_TIMEOUT = 10.0  # seconds
KEEP_ALIVE = 2.0  # seconds; the service closes an idle connection after 5, perhaps just as a request is sent
ANSWER_SILENCE = 60.0  # seconds without a byte after which a service that computes nothing counts as hung
STREAM_SILENCE = 180.0  # the same for a stream, which has heartbeats; a slow disk may delay them
UPLOAD_SILENCE = 600.0  # the same for many rows, which are stored or read one by one before the answer begins
FORWARDED_STATUSES = (404, 409, 413, 422, 429, 503)  # the client gets these as the service sent them
_PROXY_STATUSES = (500, 502, 503, 504)
"""Without LIT Lab's own body: of a proxy whose replica is gone. Ray's says 500 for a replica that ends before its first byte."""

PROXY_PAUSE = 3.0  # seconds until a proxy that says nothing else is asked again
MAX_ANSWER = 64 * 1024 * 1024  # bytes of an answer that isn't streamed
MAX_LINE = 32 * 1024 * 1024  # bytes of one line of a stream: a million scores

M = TypeVar("M", bound=Message)


class _LateBytesFilter(logging.Filter):
    """Drops asyncio's error for bytes that arrive just after their reader was cancelled.

    anyio lets a socket set a future's result, and the future was cancelled meanwhile. The connection closes; nothing is lost.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is logged."""
        error = record.exc_info[1] if record.exc_info else None
        return not (isinstance(error, asyncio.InvalidStateError) and "Future.set_result(None)" in record.getMessage())


_LATE_BYTES = _LateBytesFilter()


@dataclass(frozen=True)
class _Upload:
    content: AsyncIterator[bytes]
    size: int


class _Unfinished(Problem):
    """A request without a whole answer, because of the service's end.

    Args:
        why: Why it ended.
    """

    def __init__(self, why: Problem) -> None:
        super().__init__(why.status, why.code, why.message, why.hint)
        self.why = why


class NeverSent(_Unfinished):
    """The service ended before a request could be sent; a second try reaches the next process."""


class Broke(_Unfinished):
    """The connection broke after a request was sent, or a proxy reached no service."""


class ServiceClient:
    """Sends requests to the model service, with its secret, in the protocol's types.

    A request may wait for a model to load, even to download, so answers have no time limit: cancelling the request closes
    the connection. Silence tells a service that hangs from one that works.

    Args:
        service: The model service.
        elsewhere: Whether it is on another machine, and may have an address with `https`.

    Attributes:
        elsewhere: As the argument.
    """

    def __init__(self, service: Service, elsewhere: bool) -> None:
        logging.getLogger("asyncio").addFilter(_LATE_BYTES)
        self._service = service
        self._key = secrets.token_bytes(16)
        # Reading the certificates of all authorities takes 30 ms. On loopback there is no TLS; a context without any
        # authority would refuse it.
        self.elsewhere = elsewhere
        self._verify = elsewhere or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def close(self) -> None:
        """Close all connections."""
        await self._close(list(self._clients))

    async def _client(self, endpoint: Endpoint) -> httpx.AsyncClient:
        """Return the client for an endpoint, and close those for the sockets of processes that are gone."""
        if endpoint.socket not in self._clients:
            await self._close([each for each in self._clients if each and not os.path.lexists(each)])
        if endpoint.socket not in self._clients:  # nor made meanwhile
            # No proxy from the environment: one that is meant for the internet must see neither loopback requests nor the
            # secret.
            self._clients[endpoint.socket] = httpx.AsyncClient(
                trust_env=False,
                transport=httpx.AsyncHTTPTransport(
                    verify=self._verify,
                    trust_env=False,
                    limits=httpx.Limits(max_connections=None, max_keepalive_connections=4, keepalive_expiry=KEEP_ALIVE),
                    uds=endpoint.socket or None,
                ),
            )
        return self._clients[endpoint.socket]

    async def _close(self, sockets: list[str]) -> None:
        clients = [self._clients.pop(each) for each in sockets]
        for client in clients:
            await client.aclose()

    async def request(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        answer: type[M],
        body: Message | None = None,
        loads: bool = False,
    ) -> M:
        """Return the service's answer.

        Args:
            endpoint: Where the service answers.
            method: HTTP method.
            path: Path below the endpoint.
            answer: Type of the answer.
            body: The request's body.
            loads: Whether the service may load a model first, which has no time limit.

        Raises:
            Problem: The service refuses, is gone, or its answer is not of that type.
        """
        content = await self._whole(endpoint, method, path, body, None if loads else ANSWER_SILENCE)
        try:
            return TypeAdapter(answer).validate_json(content)
        except ValidationError as error:
            raise _not_understood(f"{path}: {error.error_count()} fields are not as expected") from error

    async def upload(
        self, endpoint: Endpoint, path: str, answer: type[M], content: AsyncIterator[bytes], size: int
    ) -> M:
        """Send a large body, and return the service's answer. Raises `Problem`, as `request`.

        Args:
            endpoint: Where the service answers.
            path: Path below the endpoint.
            answer: Type of the answer.
            content: The body.
            size: Its bytes.
        """
        found = await self._collected(self._stream(endpoint, "POST", path, _Upload(content, size), UPLOAD_SILENCE))
        try:
            return TypeAdapter(answer).validate_json(found)
        except ValidationError as error:
            raise _not_understood(f"{path}: {error.error_count()} fields are not as expected") from error

    async def chunks(self, endpoint: Endpoint, path: str) -> AsyncGenerator[bytes, None]:
        """Yield a file's content, however large. Raises `Problem`, as `request`."""
        async with contextlib.aclosing(self._stream(endpoint, "GET", path, None, UPLOAD_SILENCE)) as stream:
            async for chunk in stream:
                yield chunk

    async def file(self, endpoint: Endpoint, path: str) -> bytes:
        """Return a file's content. Raises `Problem`, as `request`."""
        return await self._whole(endpoint, "GET", path, None, ANSWER_SILENCE)

    async def _whole(
        self, endpoint: Endpoint, method: str, path: str, body: Message | None, silence: float | None
    ) -> bytes:
        return await self._collected(self._stream(endpoint, method, path, body, silence))

    @staticmethod
    async def _collected(answer: AsyncGenerator[bytes, None]) -> bytes:
        chunks = []
        size = 0
        async with contextlib.aclosing(answer) as stream:
            async for chunk in stream:
                size += len(chunk)
                if size > MAX_ANSWER:
                    raise Problem(502, "answer_too_large", "The model service's answer is too large.", "Ask for less.")
                chunks.append(chunk)
        return b"".join(chunks)

    async def lines(self, endpoint: Endpoint, path: str, body: Message, owner: str = "") -> AsyncGenerator[bytes, None]:
        """Yield the lines of a stream, without line breaks. Closing this iterator closes the connection.

        Args:
            endpoint: Where the service answers.
            path: Path below the endpoint.
            body: The request's body.
            owner: The user. The service gets no name, only a key that is the same for each of that user's requests.

        Raises:
            Problem: As `request`; also when the stream breaks.
        """
        async with contextlib.aclosing(self._stream(endpoint, "POST", path, body, STREAM_SILENCE, owner)) as stream:
            try:
                async with contextlib.aclosing(ndjson.lines(stream, MAX_LINE)) as lines:
                    async for line in lines:
                        yield line
            except ndjson.TooLongError:
                raise Problem(502, "answer_too_large", "A line of the model service's answer is too large.") from None
            except ndjson.CutOffError:
                raise await self.broke(endpoint) from None

    async def broke(self, endpoint: Endpoint) -> Broke:
        """Return the problem of a stream that ended before its answer did."""
        return Broke(await self._service.why_gone(endpoint))

    def _hash(self, text: str) -> str:
        """Return a hash that tells nobody what it is of."""
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=8).hexdigest()

    async def _stream(
        self,
        endpoint: Endpoint,
        method: str,
        path: str,
        body: Message | _Upload | None,
        silence: float | None,
        owner: str = "",
    ) -> AsyncGenerator[bytes, None]:
        headers = {
            "Authorization": f"Bearer {endpoint.secret}",
            "Content-Type": "application/json",
            PROTOCOL_HEADER: str(SPOKEN),
        }
        if owner:
            # Each server has its own key, so a service that several servers share tells their users apart.
            headers[OWNER_HEADER] = self._hash(owner)
            # LIT's application stays in the replica that opened it, for all models.
            model = "" if path.startswith("/lit") else getattr(body, "model", "")
            headers[SESSION_HEADER] = self._hash(f"{owner}\0{model}")
        content: bytes | AsyncIterator[bytes] | None = None
        if isinstance(body, _Upload):
            content = body.content
            headers |= {"Content-Type": "application/x-ndjson", "Content-Length": str(body.size)}
        elif body is not None:
            content = TypeAdapter(type(body)).dump_json(body)
        timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT, read=silence)
        client = await self._client(endpoint)
        request = client.build_request(method, endpoint.url + path, headers=headers, content=content, timeout=timeout)
        # The panel counts tokens while the user types; that computes nothing.
        with self._service.use(only_look=method == "GET" or path == "/tokens/count"):
            try:
                response = await client.send(request, stream=True)
                try:
                    if response.status_code not in (200, 202):
                        problem = _refused(endpoint, response, await response.aread())
                        if isinstance(problem, Broke) and response.status_code == 503 and self.elsewhere:
                            problem = await self._full(endpoint, response, problem)
                        raise problem
                    async for chunk in response.aiter_bytes():
                        yield chunk
                finally:
                    # Shielded from cancellation: the service computes as long as the connection is open.
                    await asyncio.shield(response.aclose())
            except httpx.ReadTimeout as error:
                raise Problem(
                    502,
                    "service_hung",
                    f"The model service has said nothing for {silence:g} seconds.",
                    "It hangs, or the machine is very busy. Restart it in the panel; its log may say why.",
                ) from error
            except httpx.HTTPError as error:
                gone = await self._service.why_gone(endpoint)
                if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
                    if gone.code == "service_silent":
                        gone = _unreachable(endpoint, error)
                        if not self.elsewhere:
                            raise gone from error
                    raise NeverSent(gone) from error
                raise Broke(gone) from error

    async def _full(self, endpoint: Endpoint, response: httpx.Response, broke: Broke) -> Problem:
        """Return what a proxy's bare 503 means: that all replicas are busy, if one of them answers otherwise."""
        if (await self._service.why_gone(endpoint)).code != "service_silent":
            return broke
        return Busy(
            "What stands before the model service accepts no more requests for now.",
            "Run it again later.",
            seconds_of(response.headers["Retry-After"]) if "Retry-After" in response.headers else PROXY_PAUSE,
        )


def _refused(endpoint: Endpoint, response: httpx.Response, content: bytes) -> Problem:
    status = response.status_code
    body: ErrorBody | None
    try:
        body = ErrorBody.model_validate_json(content)
    except ValidationError:
        body = None
    if (full := busy(status, response.headers.get("Retry-After"), body)) is not None:
        return full
    if body is None:
        if status in _PROXY_STATUSES:
            return Broke(_no_replica(status))
        return absent(endpoint, status) if status == 404 or 300 <= status < 400 else _not_understood(f"status {status}")
    if body.error == "unauthorized":
        return wrong_secret(endpoint, 502)
    if body.error == "foreign":
        return foreign(endpoint, 502)
    if body.error == "shared_service":
        return Problem(409, body.error, body.message, body.hint)
    # Other statuses, such as 403 for a preset whose terms aren't accepted, would be taken for this server's own.
    return Problem(status if status in FORWARDED_STATUSES else 502, body.error, body.message, body.hint)


def _no_replica(status: int) -> Problem:
    return Problem(
        502,
        "service_silent",
        f"What stands before the model service reached none (status {status}).",
        "Run it again in a moment; if that fails, ask the person who runs the service.",
    )


def _unreachable(endpoint: Endpoint, error: httpx.HTTPError) -> Problem:
    """Return the problem of a service that runs and accepts no connection."""
    url = httpx.URL(endpoint.url)
    said = str(error) or f"no connection within {CONNECT_TIMEOUT:g} seconds"
    if endpoint.socket:
        return Problem(
            502,
            "service_unreachable",
            f"The model service runs, but its socket {endpoint.socket} can't be reached: {said}.",
            "Something may have removed the socket. Restart the service in the panel.",
        )
    own = url.host in ("127.0.0.1", "::1")
    return Problem(
        502,
        "service_unreachable",
        f"The model service runs, but {url.host} can't be reached on port {url.port}: {said}.",
        "That is this machine's own address: its loopback interface has to be up (on Linux, ip link set lo up), and no firewall "
        "may block it. Then run it again."
        if own
        else f"Check the network and {endpoint.named}. Then run it again.",
    )


def _not_understood(what: str) -> Problem:
    return Problem(
        502,
        "service_answer",
        f"The Jupyter server doesn't understand an answer of the model service ({what}).",
        "Check that service and Jupyter server have the same version of lit_lab.",
    )
