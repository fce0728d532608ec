"""Who may pass: every request goes through here before any route sees it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from typing import Any

from fastapi import Request, Response

from lit_lab.problem import Problem
from lit_lab.protocol import ErrorBody

from .who import Who, unauthorized

METRICS = "/metrics"
READY = "/ready"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
"""The host names of requests from this machine."""

_OWNER = "lit_lab.owner"
_PORT = re.compile(rb":\d+$")
_HINT = "The service is meant for the Jupyter server that started it."

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Any, Any], Awaitable[None]]


class AdmissionMiddleware:
    """Passes on only requests of those who may use the service; others learn nothing, not even which routes exist.

    It also refuses a browser's requests, which have an `Origin`, and those for any host name but the configured ones: a page
    elsewhere could point its own name here (DNS rebinding).

    Args:
        app: The application behind it.
        who: Tells whose a request is.
        known: Called with the address of each client that may use the service.
        hosts: The host names that requests may be for, in lower case, without a port.
        metrics: Returns whether an `Authorization` header may read the metrics, to which no user's own applies.
        is_ready_open: Whether everybody may ask whether the service is ready, as load balancers do.
        prefix: The beginning of paths that a proxy leaves there; paths without it work, too.
    """

    def __init__(
        self,
        app: Asgi,
        who: Who,
        known: Callable[[Any], None] | None = None,
        hosts: Collection[str] = (),
        metrics: Callable[[bytes], bool] | None = None,
        is_ready_open: bool = False,
        prefix: str = "",
    ) -> None:
        self._app = app
        self._who = who
        self._known = known
        self._hosts = {host.encode() for host in hosts or LOOPBACK}
        self._metrics = metrics
        self._is_ready_open = is_ready_open
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer with an error, or pass the request on."""
        if scope["type"] == "websocket":  # there is no such route
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            if self._prefix and not scope.get("root_path"):  # a server that knows its own has taken care of it
                scope["root_path"] = self._prefix
            try:
                await self._let_in(scope)
            except Problem as problem:
                await answer(problem)(scope, receive, send)
                return
            if self._known is not None and _OWNER in scope:
                self._known(scope["client"])
        await self._app(scope, receive, send)

    async def _let_in(self, scope: Scope) -> None:
        """Find out whose a request is. Raises `Problem`: it may not pass."""
        headers = dict(scope["headers"])
        path = path_of(scope)
        if path == READY and self._is_ready_open:
            return
        if path == METRICS and self._metrics is not None:
            if not self._metrics(headers.get(b"authorization", b"")):
                raise unauthorized()
            self._check_place(headers)
            return
        # Nobody elsewhere is asked about a request that is refused anyway; the secret comes first, so that who doesn't have it
        # learns nothing.
        if not self._who.is_local:
            self._check_place(headers)
        scope[_OWNER] = await self._who.owner(headers)
        self._check_place(headers)

    def _check_place(self, headers: Mapping[bytes, bytes]) -> None:
        """Raises `Problem`: a browser's request, or for another host."""
        if b"origin" in headers or _PORT.sub(b"", headers.get(b"host", b"")).lower() not in self._hosts:
            raise Problem(403, "foreign", "The model service answers no browser and to no other name.", _HINT)


def bearer(token: str) -> Callable[[bytes], bool]:
    """Return a function that tells whether an `Authorization` header carries a token."""
    expected = b"Bearer " + token.encode()
    return lambda given: hmac.compare_digest(given, expected)


def nobody(_: bytes) -> bool:
    """Tell that nobody may."""
    return False


def path_of(scope: Scope) -> str:
    """Return a request's path below the application's prefix."""
    path, prefix = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(prefix) if prefix and path.startswith(f"{prefix}/") else path


def owner_in(scope: Scope) -> str:
    """Return the owner of a request that has passed; empty: none."""
    return str(scope.get(_OWNER, ""))


def owner_of(request: Request) -> str:
    """Return the owner of a route's request."""
    return owner_in(request.scope)


def answer(error: Problem) -> Response:
    """Return the response for an error."""
    body = ErrorBody(**error.body())
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.retry_after:
        headers["Retry-After"] = str(error.retry_after)
    return Response(body.model_dump_json(), error.status, headers, media_type="application/json")
