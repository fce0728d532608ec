"""A model service elsewhere: `c.LitLab.service_url`. LIT Lab doesn't start or stop it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from contextlib import AbstractContextManager

import httpx
from pydantic import ValidationError

from lit_lab.problem import Problem
from lit_lab.protocol import PROTOCOL_HEADER, SPOKEN, ErrorBody, ServiceHealth, ServiceState, ServiceStatus
from lit_lab.supervision.answers import absent, behind_proxy, busy, foreign, wrong_secret
from lit_lab.supervision.endpoint import Away, Busy, Endpoint, Report
from lit_lab.supervision.negotiation import understood
from lit_lab.timeouts import within

TIMEOUT = 5.0  # seconds for an answer about its health
PATIENCE = 1.0  # the same, to say why a connection broke
_SECRET = re.compile(r"[\x20-\x7e]*")  # what a header may have; an error about another one could repeat it
_RUNS_ELSEWHERE = "It runs elsewhere: ask the person who runs it."


class RemoteService:
    """A model service that this server doesn't start (a `lit_lab.supervision.endpoint.Service`).

    Args:
        endpoint: Its address, without a slash at the end, and the secret that it was started with.
        fault: Why there is no such endpoint, which each request then says; None: nothing is wrong.
    """

    def __init__(self, endpoint: Endpoint, fault: Problem | None = None) -> None:
        self._fault = fault
        self._endpoint = endpoint
        self._client = httpx.AsyncClient(trust_env=False, timeout=TIMEOUT)
        self._last: ServiceStatus | None = None

    async def status(self) -> ServiceStatus:
        """Request its health."""
        try:
            health = await self.health()
        except Problem as problem:
            return self._status("failed", problem.message, problem.hint)
        status = self._status(health.state, health.detail, "", health.version)
        return status.model_copy(update={"arithmetic": health.arithmetic, "shared": health.shared})

    async def health(self) -> ServiceHealth:
        """Return its report about itself. Raises `Problem`."""
        if (fault := self._fault) is not None:
            raise Problem(fault.status, fault.code, fault.message, fault.hint)
        url = self._endpoint.url
        try:
            headers = {"Authorization": f"Bearer {self._endpoint.secret}", PROTOCOL_HEADER: str(SPOKEN)}
            response = await self._client.get(f"{url}/health", headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # What is wrong with a request's own headers could repeat the secret.
            is_own = isinstance(error, httpx.LocalProtocolError)
            reason = type(error).__name__ if is_own else str(error) or type(error).__name__
            raise Away(
                503,
                "service_unreachable",
                f"The model service at {url} does not answer: {reason}.",
                f"Check {self._endpoint.named}, and that the service runs.",
            ) from (None if is_own else error)
        if (refused := _refused(self._endpoint, response)) is not None:
            raise refused
        try:
            return understood(response.content)
        except ValidationError as error:
            raise Problem(
                503,
                "service_answer",
                f"The server at {url} is not LIT Lab's model service, or has another version.",
                f"Check {self._endpoint.named}.",
            ) from error

    def log_lines(self) -> list[str]:
        """Return where the logs are: they stay on the remote host."""
        return [f"The model service runs at {self._endpoint.url}, and so its log is there."]

    def start(self) -> None:
        """Do nothing: others start the service; `status` shows whether it runs."""

    def restart(self) -> None:
        """Refuse. Raises `Problem`."""
        raise Problem(409, "service_remote", "The model service can't be restarted from here.", _RUNS_ELSEWHERE)

    async def ready(self, report: Report | None = None) -> Endpoint:
        """Return its address if it answers; the service itself waits until it is ready. Raises `Problem`."""
        return await self.awaited()

    async def awaited(self) -> Endpoint:
        """As `ready`."""
        try:
            health = await self.health()
        except Busy as full:
            self._status("failed", full.message, full.hint)
            raise
        except Problem as problem:
            self._status("failed", problem.message, problem.hint)
            kind = Away if isinstance(problem, Away) else Problem
            raise kind(503, "service_failed", problem.message, problem.hint) from problem
        self._status(health.state, health.detail, "", health.version)
        if health.state == "failed":
            raise Problem(503, "service_failed", health.detail)
        return self._endpoint

    async def why_gone(self, endpoint: Endpoint) -> Problem:
        """Return why it stopped answering."""
        status: ServiceStatus | None
        try:
            status = await within(PATIENCE, self.status())
        except asyncio.TimeoutError:
            status = None  # the user should know at once
        if status is not None and status.state == "failed":
            return Problem(502, "service_died", status.detail, status.hint)
        return Problem(502, "service_silent", "The model service broke the connection.", "Run it again.")

    def use(self, *, only_look: bool = False) -> AbstractContextManager[None]:
        """Do nothing: this server doesn't stop the service, so its users aren't counted."""
        return contextlib.nullcontext()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _status(self, state: ServiceState, detail: str, hint: str, found: str | None = None) -> ServiceStatus:
        since = self._last.since if self._last and self._last.state == state else time.time()
        self._last = ServiceStatus(state=state, detail=detail, hint=hint, since=since, version=found)
        return self._last


def configured(url: str, secret: str) -> Endpoint:
    """Return the endpoint that the options name. Raises `Problem`, which doesn't repeat the secret."""
    secret = secret.rstrip("\r\n")  # of a file
    if not _SECRET.fullmatch(secret):
        raise Problem(
            503,
            "bad_configuration",
            "c.LitLab.service_secret has a character that no secret may have: a line break, or one that isn't ASCII.",
            "Set it to the secret that the service was started with.",
        )
    return Endpoint(url.rstrip("/"), secret)


def _refused(endpoint: Endpoint, response: httpx.Response) -> Problem | None:
    """Return why there is no report; None: there may be one."""
    status = response.status_code
    if status == 200:
        return None
    body: ErrorBody | None
    try:
        body = ErrorBody.model_validate_json(response.content)
    except ValidationError:
        body = None  # a proxy's page
    if (full := busy(status, response.headers.get("Retry-After"), body)) is not None:
        return full
    if body is not None and (body.error.startswith("hub_") or body.error == "service_version"):
        return Problem(503, body.error, body.message, body.hint)
    if body is not None and body.error == "foreign":
        return foreign(endpoint, 503)
    if status in (401, 403):
        return wrong_secret(endpoint, 503)
    if body is None and status in (500, 502, 503, 504):
        return behind_proxy(endpoint, status)
    return absent(endpoint, status) if status == 404 or 300 <= status < 400 else None
