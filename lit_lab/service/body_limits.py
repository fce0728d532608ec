"""Limits the bodies of one user's requests at a shared service: how much they have together, and how slowly they come."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Collection
from typing import Any

from lit_lab.problem import Problem
from lit_lab.timeouts import within

from .admission import Asgi, Scope, owner_in, path_of

RETRY_SECONDS = 5  # a guess, as in `owner_limits`

_NAMES = (b"content-length", b"transfer-encoding")


class BodyLimits:
    """Counts the bytes of each owner's requests that aren't answered yet, and refuses what exceeds a limit or comes too slowly.

    A computation's body counts until its stream ends, since its request is in memory as long. The bytes of requests without an owner
    aren't limited, as in `OwnerLimits`; their time is.

    An answer is sent only when the rest of the body has come, and is dropped, or its time is over: some clients see no answer before they have
    sent all, and a connection with an answer but without the body's end would have no time limit.

    Args:
        app: The application behind it.
        max_bytes: Maximum number of bytes of one owner's bodies together.
        seconds: Time limit for each body, from the request on.
        others: Methods and paths that have limits of their own.
    """

    def __init__(
        self, app: Asgi, max_bytes: int, seconds: float, others: Collection[tuple[str, str]] = frozenset()
    ) -> None:
        self._app = app
        self._others = others
        self.max_bytes = max_bytes
        self.seconds = seconds
        self.held: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Pass a request on, with a body that is limited."""
        has_body = scope["type"] == "http" and any(name in _NAMES for name, _ in scope["headers"])
        if not has_body or (scope["method"], path_of(scope)) in self._others:
            await self._app(scope, receive, send)
            return
        body = _Body(self, owner_in(scope), receive, send)
        try:
            await self._app(scope, body.receive, body.send)
        finally:
            body.release()


class _Body:
    """One request's body."""

    def __init__(self, limits: BodyLimits, owner: str, receive: Any, send: Any) -> None:
        self._limits = limits
        self._owner = owner
        self._receive = receive
        self._send = send
        self._until = time.monotonic() + limits.seconds
        self._size = 0
        self._is_over = False
        self._is_late = False

    async def receive(self) -> Any:
        """Return the next message. Raises `Problem`: the body is too large or too slow."""
        if self._is_over:
            return await self._receive()
        message = await self._next()
        if self._owner:
            self._count(len(message.get("body", b"")))
        return message

    async def send(self, message: Any) -> None:
        """Pass a message of the answer on."""
        if message["type"] == "http.response.start":
            try:
                while not self._is_over:
                    await self._next()
            except Problem:
                pass  # too slow: the answer that is there is the better one
            if self._is_late:
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
        await self._send(message)

    def release(self) -> None:
        """Count it no longer."""
        held = self._limits.held
        held[self._owner] -= self._size
        if not held[self._owner]:
            del held[self._owner]
        self._size = 0

    async def _next(self) -> Any:
        try:
            message = await within(max(0.0, self._until - time.monotonic()), self._receive())
        except asyncio.TimeoutError:
            self._is_over = self._is_late = True
            self.release()
            raise _too_slow(self._limits.seconds) from None
        self._is_over = not message.get("more_body", False)
        return message

    def _count(self, more: int) -> None:
        limit = self._limits.max_bytes
        self._limits.held[self._owner] += more
        self._size += more
        if self._limits.held[self._owner] > limit:
            alone = self._size > limit
            self.release()  # what follows is dropped
            raise _too_large(limit) if alone else _too_much(limit)


def _too_slow(seconds: float) -> Problem:
    return Problem(
        408,
        "body_too_slow",
        f"The request hasn't come within {seconds:g} seconds, which the shared model service allows for one.",
        "The network may be slow, or busy. Run it again, with a shorter prompt or fewer targets at a time.",
    )


def _too_large(limit: int) -> Problem:
    return Problem(
        413,
        "too_large",
        f"The request is larger than {_size(limit)}, which the shared model service allows for one user.",
        "Send less at a time.",
    )


def _too_much(limit: int) -> Problem:
    return Problem(
        429,
        "too_many_bytes",
        f"Your requests at the shared model service have more than {_size(limit)} together, which is the most for one user.",
        "Wait until some have ended, or stop some; then run it again.",
        RETRY_SECONDS,
    )


def _size(number: int) -> str:
    return f"{number / 2**20:.3g} MiB"
