"""A Jupyter server with LIT Lab: the same requests as the panel's, over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter, ValidationError

from lit_lab import ndjson, protocol, routes
from lit_lab.client.address import Address
from lit_lab.client.connection import event_of, not_understood
from lit_lab.problem import Problem
from lit_lab.version import version

CONNECT_TIMEOUT = 10.0  # seconds
ANSWER_SILENCE = 60.0  # seconds without a byte of an answer
STREAM_SILENCE = 60.0  # the same for a stream, which has a heartbeat every few seconds
MAX_ANSWER = 128 * 1024 * 1024  # bytes; the largest is a run with all its scores
MAX_LINE = 32 * 1024 * 1024  # bytes of an event
MAX_RECONNECTS = 6  # without an event between
FIRST_PAUSE = 0.5  # seconds before a stream is opened again; they double

M = TypeVar("M", bound=protocol.Message)


class HttpConnection:
    """Requests to a Jupyter server (a `lit_lab.client.connection.Connection`).

    The token goes to this server only, in a header, and no redirection is followed. Certificates are verified. A proxy of the
    environment sees no request to this machine.

    Args:
        address: The server's.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        outside = not address.is_loopback
        headers = {"Authorization": f"token {address.token.reveal()}"} if address.token else {}
        self._http = httpx.AsyncClient(
            base_url=f"{address.url}{routes.PREFIX}/",
            headers=headers,
            trust_env=outside,
            follow_redirects=False,
            transport=httpx.AsyncHTTPTransport(uds=address.socket) if address.socket else None,
            verify=_certificates(address.url),
            # With a cookie, the server would take this client for another user at each start.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    def __repr__(self) -> str:
        return f"HttpConnection({self._address.url!r})"

    @property
    def where(self) -> str:
        """What it is, as words that follow “on”."""
        return f"the Jupyter server {self._address.url}"

    async def check(self, seconds: float = CONNECT_TIMEOUT) -> protocol.Status:
        """Return the server's state, if it has LIT Lab in this version, and this client may use it.

        Args:
            seconds: The timeout.

        Raises:
            Problem: It isn't so.
        """
        try:
            content = await self._whole("GET", "status", None, seconds)
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        try:
            status = protocol.Status.model_validate_json(content)
        except ValidationError:
            other = _version_of(content)
            if other is None or other == version():
                raise not_understood("its status") from None
            raise self._other_version(other) from None
        if status.version != version():
            raise self._other_version(status.version)
        if "execute" not in status.allowed:
            raise Problem(
                403,
                "forbidden",
                f"You may not run anything with LIT Lab on {self.where}.",
                "Ask the server's administrator for access to the resource “lit-lab”.",
            )
        return status

    async def start(self, request: protocol.JobRequest) -> protocol.JobInfo:
        """Start a job. Raises `Problem`."""
        return await self._json("POST", "jobs", protocol.JobInfo, request)

    async def events(self, job: protocol.JobInfo) -> AsyncGenerator[protocol.JobEvent, None]:
        """Yield a job's events; connects again where the connection breaks. Raises `Problem`."""
        number = broken = 0
        while True:
            before = number
            try:
                async with contextlib.aclosing(
                    self._lines(f"jobs/{quote(job.id, safe='')}/events?from={number}")
                ) as lines:
                    async for line in lines:
                        event = event_of(line)
                        if isinstance(event, protocol.HeartbeatEvent):
                            continue
                        number += 1
                        yield event
                        if isinstance(event, protocol.DoneEvent | protocol.ErrorEvent | protocol.CancelledEvent):
                            return
            except (httpx.TransportError, ndjson.CutOffError) as error:
                lost: Exception | None = error
            else:
                lost = None
            broken = broken + 1 if number == before else 1
            if broken > MAX_RECONNECTS:
                raise self._unreachable(lost) from None
            await asyncio.sleep(FIRST_PAUSE * 2 ** (broken - 1))

    async def cancel(self, job: protocol.JobInfo) -> None:
        """Stop a job. Raises `Problem`."""
        await self._json("DELETE", f"jobs/{quote(job.id, safe='')}", protocol.JobInfo)

    async def status(self) -> protocol.Status:
        """Return the server's state. Raises `Problem`."""
        return await self._json("GET", "status", protocol.Status)

    async def models(self) -> protocol.ModelsResponse:
        """Return the models. Raises `Problem`."""
        return await self._json("GET", "models", protocol.ModelsResponse)

    async def runs(self, request: protocol.RunsRequest) -> protocol.RunsResponse:
        """Return runs of the history. Raises `Problem`."""
        return await self._json("POST", "runs/search", protocol.RunsResponse, request)

    async def run(self, run_id: str) -> protocol.RunRecord:
        """Return a run of the history. Raises `Problem`."""
        return await self._json("GET", f"runs/{quote(run_id, safe='')}", protocol.RunRecord)

    async def close(self) -> None:
        """Close all connections. Jobs of others continue."""
        await self._http.aclose()

    async def _json(self, method: str, path: str, answer: type[M], body: protocol.Message | None = None) -> M:
        try:
            content = await self._whole(method, path, body, ANSWER_SILENCE)
        except httpx.TransportError as error:
            raise self._unreachable(error) from None
        try:
            return TypeAdapter(answer).validate_json(content)
        except ValidationError as error:
            raise not_understood(protocol.kinds_of_validation(error)) from None

    async def _whole(self, method: str, path: str, body: protocol.Message | None, silence: float) -> bytes:
        content = None if body is None else body.model_dump_json().encode()
        headers = {"Content-Type": "application/json"} if content is not None else {}
        async with self._http.stream(
            method, path, content=content, headers=headers, timeout=httpx.Timeout(silence, connect=CONNECT_TIMEOUT)
        ) as response:
            chunks, size = [], 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > MAX_ANSWER:
                    raise Problem(502, "answer_too_large", "The Jupyter server's answer is too large.", "Ask for less.")
                chunks.append(chunk)
            answered = b"".join(chunks)
            if not response.is_success:
                raise self._refused(response.status_code, answered)
            return answered

    async def _lines(self, path: str) -> AsyncGenerator[bytes, None]:
        timeout = httpx.Timeout(STREAM_SILENCE, connect=CONNECT_TIMEOUT)
        async with self._http.stream("GET", path, timeout=timeout) as response:
            if not response.is_success:
                raise self._refused(response.status_code, await response.aread())
            try:
                async with contextlib.aclosing(ndjson.lines(response.aiter_bytes(), MAX_LINE)) as lines:
                    async for line in lines:
                        yield line
            except ndjson.TooLongError:
                raise Problem(502, "answer_too_large", "An event of the job is too large.", "Ask for less.") from None

    def _refused(self, status: int, content: bytes) -> Problem:
        try:
            body = protocol.ErrorBody.model_validate_json(content)
        except ValidationError:
            body = None
        if status in (301, 302, 303, 307, 308, 401, 403) and (
            body is None or body.error in ("unauthenticated", "forbidden")
        ):
            return Problem(
                status,
                "unauthenticated",
                f"{self.where[0].upper()}{self.where[1:]} doesn't accept the token."
                if self._address.token
                else f"{self.where[0].upper()}{self.where[1:]} wants a token.",
                "Pass its token as `token`, or in LIT_LAB_TOKEN; `jupyter server list` prints it.",
            )
        if body is None and status == 404:
            return Problem(
                404,
                "no_extension",
                f"There is no LIT Lab on {self.where}.",
                "Install lit_lab in the server's environment, and check `jupyter server extension list`.",
            )
        if body is None:
            return not_understood(f"status {status}")
        return Problem(status, body.error, body.message, body.hint)

    def _other_version(self, other: str) -> Problem:
        return Problem(
            409,
            "version_mismatch",
            f"{self.where[0].upper()}{self.where[1:]} has LIT Lab {other[:40]}, and this Python has {version()}.",
            "Install the same version in both environments, then restart the server and this kernel.",
        )

    def _unreachable(self, error: Exception | None) -> Problem:
        said = str(error)[:200] if error is not None and str(error) else "the connection breaks"
        return Problem(
            502,
            "server_unreachable",
            f"{self.where[0].upper()}{self.where[1:]} can't be reached: {said}.",
            "Check that it runs (`jupyter server list`), and its address.",
        )


def _certificates(url: str) -> ssl.SSLContext | bool:
    """Return the authorities that certificates are verified with, SSL_CERT_FILE's among them."""
    # Reading those of all authorities takes 30 ms; without TLS, none is needed.
    return (
        httpx.create_ssl_context(trust_env=True)
        if url.startswith("https:")
        else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )


def _version_of(content: bytes) -> str | None:
    """Return the version that a status of another version names."""
    try:
        found = TypeAdapter(dict[str, object]).validate_json(content).get("version")
    except ValidationError:
        return None
    return found if isinstance(found, str) else None
