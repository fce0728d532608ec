"""Limits how much one user of a shared service may ask for at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

from lit_lab.problem import Problem

from .admission import Asgi, Scope, answer, owner_in, path_of

RETRY_SECONDS = 5  # a guess: how long the user's own computations take isn't known


class OwnerLimits:
    """Counts each owner's requests that aren't answered yet, and refuses those beyond a limit.

    A computation counts until its stream ends. Requests without an owner aren't limited: with a shared secret, Jupyter
    servers send those for themselves.

    Args:
        app: The application behind it.
        computing: The paths of computations.
        max_computations: Maximum number of computations of one owner that run or wait.
        max_requests: Maximum number of requests of one owner, of all kinds.
    """

    def __init__(self, app: Asgi, computing: Collection[str], max_computations: int, max_requests: int) -> None:
        self._app = app
        self._computing = frozenset(computing)
        self._max_computations = max_computations
        self._max_requests = max_requests
        self._requests: Counter[str] = Counter()
        self._computations: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Answer 429, or pass the request on."""
        owner = owner_in(scope) if scope["type"] == "http" else ""
        if not owner or path_of(scope) == "/health":  # which costs nothing, and comes before other requests
            await self._app(scope, receive, send)
            return
        counters = [(self._requests, self._max_requests, "requests")]
        if path_of(scope) in self._computing:
            counters.append((self._computations, self._max_computations, "computations"))
        for counter, limit, what in counters:
            if counter[owner] >= limit:
                await answer(_too_many(limit, what))(scope, receive, send)
                return
        for counter, _, _ in counters:
            counter[owner] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            for counter, _, _ in counters:
                counter[owner] -= 1
                if not counter[owner]:
                    del counter[owner]


def _too_many(limit: int, what: str) -> Problem:
    return Problem(
        429,
        "too_many_requests",
        f"You have {limit} {what} at the shared model service already, which is the most for one user.",
        "Wait until some have ended, or stop some; then run it again.",
        RETRY_SECONDS,
    )
