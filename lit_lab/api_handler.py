"""What all handlers have in common: who may, what is read, how failures are told.

Imported at server start, so pydantic, httpx and the protocol are imported on first use.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from jupyter_server.auth.decorator import authorized
from jupyter_server.auth.identity import IdentityProvider
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado import web
from tornado.iostream import StreamClosedError

from lit_lab import discreet, routes
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.core import Core
    from lit_lab.protocol import Message

ANYONE = "anyone with the token"
"""Owner of the jobs of those who have no name."""

ROUTES = {route.operation: route for route in routes.ROUTES}

MAX_BODIES = 96 * routes.MIB
"""Most bytes of bodies that requests which aren't answered yet may have sent: four of the largest."""

_PARSED_AT_ONCE = 64 * routes.KIB
"""Bytes of a body that the server's own thread parses; a larger one is parsed beside it."""

_WORDS = {
    400: ("bad_request", "The request is not understood.", ""),
    401: ("unauthenticated", "You are not signed in.", "Reload the page and sign in."),
    403: (
        "forbidden",
        "The Jupyter server did not allow this.",
        "Reload the page and sign in again; or ask who runs the server for access to the resource “lit-lab”.",
    ),
    404: ("unknown_route", "There is nothing here.", "Check that page and server have the same version of lit_lab."),
    405: ("method_not_allowed", "That can't be done here.", ""),
    500: ("internal", "LIT Lab's server half failed.", "The Jupyter server's log says more."),
}


@web.stream_request_body
class Handler(APIHandler):
    """Base of all handlers. Bodies are read piece by piece, so that none is kept that is larger than its route allows."""

    operations: Mapping[str, str] = {}
    """The operation of each HTTP method."""

    bodies = 0
    """Bytes of all bodies of requests that aren't answered yet."""

    body_bytes = 0
    """Of this request's."""

    async def prepare(self) -> None:  # type: ignore[override]  # as Jupyter's own does
        """Get ready for the body, once it is known who asks, and whether they may."""
        self._body = bytearray()
        self._too_large = self._too_many = self._may = False
        self._work: asyncio.Task[Any] | None = None
        await super().prepare()
        operation = self.operations.get(self.request.method or "")
        if operation and self.current_user:
            self._may = await ensure_async(
                self.authorizer.is_authorized(self, self.current_user, ROUTES[operation].action, routes.RESOURCE)
            )

    def data_received(self, chunk: bytes) -> None:
        """Keep a piece of the body, if it is wanted."""
        # What is not wanted is read all the same: otherwise the connection breaks before the answer is seen.
        limit = self._limit() if self._may else 0
        if self._too_large or self._too_many or self.body_bytes + len(chunk) > limit:
            self._too_large = limit > 0 and not self._too_many
            self._let_go()
        elif Handler.bodies + len(chunk) > MAX_BODIES:
            self._too_many = True
            self._let_go()
        else:
            self._body += chunk
            self.body_bytes += len(chunk)
            Handler.bodies += len(chunk)

    def _let_go(self) -> None:
        self._body = bytearray()  # of one that is cleared, the memory stays
        Handler.bodies -= self.body_bytes
        self.body_bytes = 0

    def on_finish(self) -> None:
        """Forget the body."""
        self._let_go()
        super().on_finish()

    def on_connection_close(self) -> None:
        """Stop working when nobody waits for the answer, and forget what came of the body."""
        work = getattr(self, "_work", None)
        if work is not None:
            work.cancel()
        else:
            self._let_go()
        super().on_connection_close()

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log what nobody foresaw: where it was, without its text, which may hold a prompt."""
        if value is None or isinstance(value, web.HTTPError):
            super().log_exception(typ, value, tb)
        else:
            self.log.error("LIT Lab: %s %s failed\n%s", self.request.method, self.request.path, discreet.trace(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer `{error, message, hint}`, whatever went wrong."""
        reason = kwargs.get("exc_info", (None, None))[1]
        if isinstance(reason, Problem):
            body = reason.body()
        else:
            error, message, hint = _WORDS.get(status_code, _WORDS[500 if status_code >= 500 else 400])
            body = {"error": error, "message": message, "hint": hint}
        self.finish(json.dumps(body))

    @property
    def core(self) -> Core:
        """What does the work."""
        return cast("Core", self.settings["lit_lab"].core)

    @property
    def owner(self) -> str:
        """Whose jobs these are.

        Jupyter's own identity provider makes up a new name for each request that has a token and no cookie. Those who
        call so, such as scripts, are all the same to it: whoever holds the token.
        """
        provider = self.identity_provider
        made_up = type(provider).get_user is IdentityProvider.get_user
        if made_up and not self.get_signed_cookie(provider.get_cookie_name(self)):
            return ANYONE
        return f"user {self.current_user.username}"

    @property
    def keeper(self) -> str:
        """Whose runs in the history these are: the user's where there are users, or else the server's.

        A name that Jupyter made up goes with the browser's cookie; runs shall outlive that.
        """
        made_up = type(self.identity_provider).get_user is IdentityProvider.get_user
        return ANYONE if made_up else f"user {self.current_user.username}"

    @property
    def owners(self) -> frozenset[str]:
        """Whose jobs the caller may see: their own, and with the token also those that were started with it alone.

        For clients that send the token keep the cookie that the first answer brings: from then on they have a name.
        """
        return frozenset({self.owner, ANYONE} if self.token_authenticated else {self.owner})

    def _limit(self) -> int:
        if not self.current_user:
            return 0
        operation = self.operations.get(self.request.method or "")
        return ROUTES[operation].max_body if operation else 0

    async def _message(self, type_name: str) -> Message:
        """Return the request's body as the protocol's type of that name. Raises `Problem`."""
        from lit_lab.bodies import parse

        if self._too_large:
            raise Problem(
                413,
                "body_too_large",
                f"The request is larger than {self._limit() // routes.MIB} MiB.",
                "Shorten the prompt.",
            )
        if self._too_many:
            raise Problem(
                503,
                "busy",
                "The server is reading as many large requests as it has room for.",
                "Try again in a moment.",
            )
        body = bytes(self._body)
        self._body = bytearray()  # of a large body, one copy is enough
        if len(body) <= _PARSED_AT_ONCE:
            return parse(type_name, body, self._limit())
        return await asyncio.to_thread(parse, type_name, body, self._limit())

    def query(self, route: routes.Route, name: str) -> int:
        """Return one of the route's query parameters. Raises `Problem`."""
        query = next(query for query in route.queries if query.name == name)
        text = self.get_query_argument(name, str(query.default))
        # isdecimal() is true of other scripts' digits too, and int() takes as long as it gets.
        if not (text.isascii() and text.isdecimal() and len(text) <= 12):
            raise Problem(400, "invalid_query", f"`{name}` must be a number, 0 or more.")
        return int(text)


Method = Callable[..., Awaitable["Message | None"]]
Answer = Callable[..., Awaitable[None]]


def endpoint(operation: str) -> Callable[[Method], Answer]:
    """Make a method answer a route of the table: authenticated, authorized by the route's own resource and action.

    The method takes the path's parameters and the request, if the route has one, and returns the answer, or None where
    it has sent it itself. What it raises as `Problem` is told; when the reader goes away, it is cancelled.
    """
    route = ROUTES[operation]

    def wrap(method: Method) -> Answer:
        async def work(self: Handler, *args: str) -> None:
            request = (await self._message(route.request),) if route.request else ()
            message = await method(self, *args, *request)
            if message is not None:
                self.set_status(route.status)
                self.set_header("Cache-Control", "no-store")
                await self.finish(message.model_dump_json())

        @functools.wraps(method)
        async def answer(self: Handler, *args: str) -> None:
            self._work = asyncio.ensure_future(work(self, *args))
            try:
                await self._work
            except Problem as problem:
                self.set_status(problem.status)
                self.write_error(problem.status, exc_info=(Problem, problem, None))
            except StreamClosedError:
                pass  # the reader went away while it was told; who types goes on to the next search
            except asyncio.CancelledError:
                if not self._work.cancelled():  # it is us who are cancelled: the server ends
                    self._work.cancel()
                    raise
            finally:
                self._work = None  # how it ended holds all that was read, and the frame that holds this
                self._let_go()

        allowed: Answer = authorized(route.action, routes.RESOURCE)(answer)
        return cast("Answer", web.authenticated(allowed))

    return wrap
