"""Connections to a loopback port that haven't shown the secret: every user of the machine can make them."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from . import loopback

MAX_CONNECTIONS = 64
"""Connections without the secret that are open at once; the oldest goes for one more."""

SECONDS = 10.0
"""How long a connection has to show the secret. The Jupyter server does so with its first bytes."""

ACCEPTED = 16
"""Connections that are accepted in one go, for `uvicorn.Config.backlog`. Those that are too many are closed only some turns
of the event loop later, and until then take descriptors that the import of the libraries may need."""


class Server(uvicorn.Server):
    """Separates the number of connections that may wait from the number accepted at once; asyncio uses one number for both."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(loopback.BACKLOG)


class Strangers:
    """Counts connections that haven't shown the secret yet, and closes them if they are too many or too slow.

    Args:
        most: Maximum number of such connections.
        seconds: Time limit for each.
    """

    def __init__(self, most: int = MAX_CONNECTIONS, seconds: float = SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._open: dict[Any, tuple[asyncio.Transport, asyncio.TimerHandle]] = {}  # by address, the oldest first

    def __len__(self) -> int:
        """Number of such connections."""
        return len(self._open)

    @property
    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol of connections, for `uvicorn.Config.http`."""
        return type("Watched", (_Watched,), {"strangers": self})

    def came(self, client: Any, transport: asyncio.Transport) -> None:
        """Count a new connection."""
        while len(self._open) >= self._most:
            self._drop(next(iter(self._open)))
        timer = asyncio.get_running_loop().call_later(self._seconds, self._drop, client)
        self._open[client] = transport, timer

    def known(self, client: Any) -> None:
        """Stop counting a connection, which has shown the secret or is gone."""
        if (found := self._open.pop(client, None)) is not None:
            found[1].cancel()

    def _drop(self, client: Any) -> None:
        transport, timer = self._open.pop(client)
        timer.cancel()
        transport.abort()  # at once: a client that doesn't read could keep it open


class _Watched(H11Protocol):
    strangers: Strangers

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.strangers.came(self.client, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.strangers.known(self.client)
        super().connection_lost(exc)
