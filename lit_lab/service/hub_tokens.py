"""Who sends a request, on a JupyterHub: the user whose token it carries, as the hub says."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import httpx

from lit_lab.problem import Problem
from lit_lab.protocol import HubAccess
from lit_lab.timeouts import within

from .who import Headers

KNOWN_SECONDS = 300.0
"""How long an answer of the hub stays valid, as in JupyterHub's own services: a revoked token works as long."""

REFUSED_SECONDS = 15.0
"""The same for a token that the hub refuses, or whose scopes don't suffice: the administrator may just be granting them."""

MAX_KNOWN = 4096  # tokens of each kind that are remembered
MAX_ASKING = 256  # tokens that are asked about at a time
CONNECTIONS = 8  # to the hub
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 8.0  # for one answer, from the connection to its end
MAX_ANSWER = 2**20  # bytes of one; an administrator of many groups has a long one
RETRY_SECONDS = 5

_BEARER = re.compile(rb"(?:Bearer|token) +([\x21-\x7e]{8,2048})", re.IGNORECASE)
_NO_TOKEN = "The service is one of a JupyterHub's: your Jupyter server on the hub sends its own token."  # noqa: S105 - a hint

log = logging.getLogger(__name__)

Answer = tuple[float, str | Problem]
"""Until when it is valid, and the owner, or why there is none."""


class HubTokens:
    """Derives a request's owner from its token. Any header that names an owner is ignored.

    Tokens are neither logged nor stored: what the hub said is remembered by a token's SHA-256. Concurrent requests with one
    token cause one question to the hub.

    Args:
        access: The hub, and the scope that is required.
        transport: Sends the requests; None: over the network.
        clock: Returns seconds.
    """

    is_local = False

    def __init__(
        self,
        access: HubAccess,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = f"{access.api_url.rstrip('/')}/user"
        self._service = access.service
        self._clock = clock
        # Without the environment's proxies, which must not see tokens, and without following a redirect with one.
        self._client = httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            transport=transport,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )
        # Apart, so that tokens that somebody makes up push out none of a user's.
        self._known: OrderedDict[bytes, Answer] = OrderedDict()
        self._refused: OrderedDict[bytes, Answer] = OrderedDict()
        self._asking: dict[bytes, asyncio.Task[str]] = {}

    async def owner(self, headers: Headers) -> str:
        """Return the owner: a hash of the hub user's name, the same in all processes of the service.

        Raises:
            Problem: `hub_token`, `hub_scope`, `hub_busy` or `hub_unreachable`.
        """
        found = _BEARER.fullmatch(headers.get(b"authorization", b""))
        if found is None:
            raise Problem(401, "hub_token", "This request carries no token of the hub.", _NO_TOKEN)
        token = found[1].decode("ascii")
        key = hashlib.sha256(found[1]).digest()
        for answers in (self._known, self._refused):
            if key in answers:
                until, answer = answers[key]
                if self._clock() < until:
                    return _owner_or_problem(answer)
                del answers[key]
        if key not in self._asking:
            if len(self._asking) >= MAX_ASKING:
                raise Problem(
                    503,
                    "hub_busy",
                    "Too many users are being looked up at the hub.",
                    "Try again in a moment.",
                    RETRY_SECONDS,
                )
            self._asking[key] = asyncio.ensure_future(self._ask(key, token))
            self._asking[key].add_done_callback(lambda task: self._asked(key, task))
        # Shielded: others may wait for the same answer.
        return await asyncio.shield(self._asking[key])

    async def close(self) -> None:
        """Close the connections to the hub."""
        await self._client.aclose()

    def _asked(self, key: bytes, task: asyncio.Task[str]) -> None:
        self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()  # those who waited got it; nobody may be left

    async def _ask(self, key: bytes, token: str) -> str:
        try:
            status, content = await within(ANSWER_SECONDS, self._answer(token))
        except (httpx.HTTPError, asyncio.TimeoutError) as error:
            # An error's text could repeat the request.
            log.warning("the hub doesn't answer: %s", type(error).__name__)
            raise _unreachable() from None
        if status in (401, 403):
            answer: str | Problem = Problem(
                401,
                "hub_token",
                "The hub doesn't know this token, or it has expired.",
                "Restart your server on the hub.",
            )
        elif status != 200:
            log.warning("the hub answers with status %d", status)
            raise _unreachable()
        else:
            answer = self._judge(content)
        answers, seconds = (self._known, KNOWN_SECONDS) if isinstance(answer, str) else (self._refused, REFUSED_SECONDS)
        answers[key] = self._clock() + seconds, answer
        while len(answers) > MAX_KNOWN:
            answers.popitem(last=False)
        return _owner_or_problem(answer)

    async def _answer(self, token: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"token {token}", "Accept": "application/json"}
        content = bytearray()
        async with self._client.stream("GET", self._url, headers=headers) as response:
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER:
                    log.warning("the hub's answer about a user is too large")
                    raise _unreachable()
            return response.status_code, bytes(content)

    def _judge(self, content: bytes) -> str | Problem:
        """Return a user's owner, or why the user may not use the service. Raises `Problem`: it isn't a hub's answer."""
        try:
            user: Any = json.loads(content)
        except (ValueError, RecursionError):
            user = None
        name, kind, scopes = (user.get(each) if isinstance(user, dict) else None for each in ("name", "kind", "scopes"))
        if not isinstance(name, str) or not name:
            log.warning("the hub's answer about a user isn't understood")
            raise _unreachable()
        needed = f"access:services!service={self._service}"
        if not isinstance(scopes, list) or not {needed, "access:services"}.intersection(
            each for each in scopes if isinstance(each, str)
        ):
            return Problem(
                403,
                "hub_scope",
                f"Your Jupyter server's token may not use this service: it lacks the hub's scope {needed}.",
                "Ask the hub's administrator to grant it to the roles `user` and `server`; then restart your server.",
            )
        # A user and a service of one name are different owners.
        who = f"{'service' if kind == 'service' else 'user'}:{name}"
        return hashlib.blake2b(
            who.encode("utf-8", "surrogatepass"), digest_size=16, person=b"lit-lab owner"
        ).hexdigest()


def _owner_or_problem(answer: str | Problem) -> str:
    if isinstance(answer, Problem):
        # A copy: one exception that is raised again and again collects a traceback of all of them.
        raise Problem(answer.status, answer.code, answer.message, answer.hint)
    return answer


def _unreachable() -> Problem:
    return Problem(
        503,
        "hub_unreachable",
        "The model service can't ask the hub who you are: the hub doesn't answer as it should.",
        "Try again in a moment. If it lasts, ask the hub's administrator.",
        RETRY_SECONDS,
    )
