"""The host names that a service in a cluster answers to."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

Scope = MutableMapping[str, Any]

_PORT = re.compile(rb":\d+$")


class NamedHosts:
    """Passes requests for the administrator's host names on as requests for this machine, which the service answers.

    Requests for other names are passed on as they are, and refused there.

    Args:
        app: The application.
        hosts: Host names, without ports.
    """

    def __init__(self, app: Callable[[Scope, Any, Any], Awaitable[None]], hosts: Sequence[str]) -> None:
        self._app = app
        self._hosts = {host.lower().encode() for host in hosts}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            scope = {**scope, "headers": [(name, self._own(name, value)) for name, value in scope["headers"]]}
        await self._app(scope, receive, send)

    def _own(self, name: bytes, value: bytes) -> bytes:
        return b"localhost" if name == b"host" and _PORT.sub(b"", value).lower() in self._hosts else value
