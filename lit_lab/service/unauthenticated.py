"""Limits unauthenticated connections to the loopback port, which every user of the machine can open."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from lit_lab.protocol import Sharing

from . import loopback

MAX_CONNECTIONS = 64
"""Maximum number of open connections without the secret. A further one closes the oldest."""

SECONDS = 10.0
"""How long a connection may stay open without the secret. The Jupyter server sends the secret with its first bytes."""

ACCEPTED = 16
"""How many connections to accept per iteration of the event loop, for `uvicorn.Config.backlog`. Excess connections are closed
some iterations later. Until then they take file descriptors that importing the libraries may need."""


class Server(uvicorn.Server):
    """Allows more waiting connections than are accepted per iteration. asyncio uses one number for both."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        for each in sockets or ():
            each.listen(loopback.BACKLOG)


class UnauthenticatedConnections:
    """Tracks connections that haven't sent the secret yet, and closes them if there are too many or they are too slow.

    Args:
        most: Maximum number of tracked connections.
        seconds: The time limit of each connection.
    """

    def __init__(self, most: int = MAX_CONNECTIONS, seconds: float = SECONDS) -> None:
        self._most = most
        self._seconds = seconds
        self._open: dict[Any, tuple[asyncio.Transport, asyncio.TimerHandle]] = {}  # by client address, oldest first

    def __len__(self) -> int:
        """Return the number of tracked connections."""
        return len(self._open)

    @property
    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol class for `uvicorn.Config.http`."""
        return type("Watched", (_Watched,), {"unauthenticated": self})

    def add(self, client: Any, transport: asyncio.Transport) -> None:
        """Track a new connection."""
        while len(self._open) >= self._most:
            self._drop(next(iter(self._open)))
        timer = asyncio.get_running_loop().call_later(self._seconds, self._drop, client)
        self._open[client] = transport, timer

    def remove(self, client: Any) -> None:
        """Stop tracking a connection that has sent the secret or was closed."""
        if (found := self._open.pop(client, None)) is not None:
            found[1].cancel()

    def _drop(self, client: Any) -> None:
        transport, timer = self._open.pop(client)
        timer.cancel()
        transport.abort()  # `close` would wait for a client that doesn't read


def connections_for(sharing: Sharing | None) -> UnauthenticatedConnections:
    """Return the tracker of a service.

    Args:
        sharing: How many users share it: all of them come through one proxy, and wait while their hub is asked who they are. None: it
            belongs to one Jupyter server.
    """
    return UnauthenticatedConnections(MAX_CONNECTIONS if sharing is None else sharing.max_unauthenticated)


class _Watched(H11Protocol):
    unauthenticated: UnauthenticatedConnections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.unauthenticated.add(self.client, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.unauthenticated.remove(self.client)
        super().connection_lost(exc)
