"""A stand-in for a JupyterHub: the one route that the service asks, with tokens, scopes and failures."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

SCOPE = "access:services!service=lit-lab"


class Hub:
    """Answers `GET /hub/api/user`.

    Attributes:
        users: What the hub says of each token's user.
        asked: The tokens that it was asked about.
        status: With which status it fails; 0: it doesn't.
        go: Answers wait for it.
    """

    def __init__(self) -> None:
        self.users: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.status = 0
        self.go = asyncio.Event()
        self.go.set()

    def user(self, name: str, *scopes: str, kind: str = "user") -> str:
        """Add a user, and return the user's token."""
        token = f"token-of-{kind}-{name}-{len(self.users)}"
        self.users[token] = {"name": name, "kind": kind, "admin": False, "scopes": ["read:users:name!user", *scopes]}
        return token

    @property
    def transport(self) -> httpx.ASGITransport:
        """The network to it."""
        return httpx.ASGITransport(self)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        kind, _, token = dict(scope["headers"])[b"authorization"].decode().partition(" ")
        assert (scope["method"], scope["path"], kind) == ("GET", "/hub/api/user", "token")
        self.asked.append(token)
        await self.go.wait()
        status = self.status or (200 if token in self.users else 403)
        body = self.users.get(token, {}) if status == 200 else {"status": status, "message": f"no {token}"}
        headers = [(b"content-type", b"application/json"), (b"location", b"http://elsewhere.example/")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(body).encode()})
