"""Base of all handlers: authorization, reading bodies, and answers to failures.

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
from lit_lab.owners import ANYONE
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.core import Core
    from lit_lab.protocol import Message

ROUTES = {route.operation: route for route in routes.ROUTES}

MAX_BODIES = 96 * routes.MIB
"""Maximum bytes of the bodies of all unanswered requests together: four of the largest."""

_PARSED_AT_ONCE = 64 * routes.KIB
"""Maximum bytes of a body that the event loop's thread parses. Another thread parses larger ones."""

_WORDS = {
    400: ("bad_request", "The server doesn't understand the request.", ""),
    401: ("unauthenticated", "You are not signed in.", "Reload the page and sign in."),
    403: (
        "forbidden",
        "The Jupyter server did not allow this.",
        "Reload the page and sign in again; or ask the server's administrator for access to the resource “lit-lab”.",
    ),
    404: (
        "unknown_route",
        "The server has no such address.",
        "Check that page and server have the same version of lit_lab.",
    ),
    405: ("method_not_allowed", "This address doesn't accept that method.", ""),
    500: ("internal", "LIT Lab's server extension failed.", "See the Jupyter server's log for details."),
}


@web.stream_request_body
class Handler(APIHandler):
    """Base of all handlers. Reads bodies in chunks, so that no body grows larger than its route allows."""

    operations: Mapping[str, str] = {}
    """The operation of each HTTP method."""

    unanswered_bytes = 0
    """Bytes of the bodies of all unanswered requests."""

    body_bytes = 0
    """Bytes of this request's body."""

    async def prepare(self) -> None:  # type: ignore[override]  # as Jupyter's own does
        """Authenticate and authorize the request before its body is read."""
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
        """Store a chunk of the body, if the request is allowed and small enough."""
        # Chunks of a refused body are read and dropped: otherwise the connection breaks before the client sees the answer.
        limit = self._limit() if self._may else 0
        if self._too_large or self._too_many or self.body_bytes + len(chunk) > limit:
            self._too_large = limit > 0 and not self._too_many
            self._drop_body()
        elif Handler.unanswered_bytes + len(chunk) > MAX_BODIES:
            self._too_many = True
            self._drop_body()
        else:
            self._body += chunk
            self.body_bytes += len(chunk)
            Handler.unanswered_bytes += len(chunk)

    def _drop_body(self) -> None:
        self._body = bytearray()  # clearing it would keep its memory
        Handler.unanswered_bytes -= self.body_bytes
        self.body_bytes = 0

    def on_finish(self) -> None:
        """Drop the body."""
        self._drop_body()
        super().on_finish()

    def on_connection_close(self) -> None:
        """Stop working when the client goes away, and drop the body."""
        work = getattr(self, "_work", None)
        if work is not None:
            work.cancel()
        else:
            self._drop_body()
        super().on_connection_close()

    def log_exception(self, typ: Any, value: BaseException | None, tb: Any) -> None:
        """Log where an unexpected exception was raised, without its text, which may hold a prompt."""
        if value is None or isinstance(value, web.HTTPError):
            super().log_exception(typ, value, tb)
        else:
            self.log.error("LIT Lab: %s %s failed\n%s", self.request.method, self.request.path, discreet.trace(value))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer `{error, message, hint}` for every error."""
        reason = kwargs.get("exc_info", (None, None))[1]
        if isinstance(reason, Problem):
            body = reason.body()
        else:
            error, message, hint = _WORDS.get(status_code, _WORDS[500 if status_code >= 500 else 400])
            body = {"error": error, "message": message, "hint": hint}
        self.finish(json.dumps(body))

    @property
    def core(self) -> Core:
        """The extension's core."""
        return cast("Core", self.settings["lit_lab"].core)

    @property
    def job_owner(self) -> str:
        """The user who owns the jobs that this request starts.

        Jupyter's own identity provider makes up a new name for each request that has a token and no cookie. All such
        clients, such as scripts, count as one user.
        """
        provider = self.identity_provider
        made_up = type(provider).get_user is IdentityProvider.get_user
        if made_up and not self.get_signed_cookie(provider.get_cookie_name(self)):
            return ANYONE
        return f"user {self.current_user.username}"

    @property
    def history_owner(self) -> str:
        """The owner of the runs: the request's user if Jupyter has real users, else the server.

        A name that Jupyter made up lasts only as long as the browser's cookie, and runs must last longer.
        """
        made_up = type(self.identity_provider).get_user is IdentityProvider.get_user
        return ANYONE if made_up else f"user {self.current_user.username}"

    @property
    def job_owners(self) -> frozenset[str]:
        """The owners whose jobs the caller may see: the caller, and with the token also `ANYONE`.

        A client that sends the token stores the cookie of the first answer, and has a name from then on.
        """
        return frozenset({self.job_owner, ANYONE} if self.token_authenticated else {self.job_owner})

    def _limit(self) -> int:
        if not self.current_user:
            return 0
        operation = self.operations.get(self.request.method or "")
        return ROUTES[operation].max_body if operation else 0

    async def _message(self, type_name: str) -> Message:
        """Return the request's body as the protocol's type of that name. Raises `Problem`."""
        from lit_lab.validation import parse

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
                "The server has no room for another large request now.",
                "Try again in a moment.",
            )
        body = bytes(self._body)
        self._body = bytearray()  # one copy of a large body is enough
        if len(body) <= _PARSED_AT_ONCE:
            return parse(type_name, body, self._limit())
        return await asyncio.to_thread(parse, type_name, body, self._limit())

    def query(self, route: routes.Route, name: str) -> int:
        """Return one of the route's query parameters. Raises `Problem`."""
        query = next(query for query in route.queries if query.name == name)
        text = self.get_query_argument(name, str(query.default))
        # isdecimal() also accepts digits of other scripts, and int() takes long for a long text.
        if not (text.isascii() and text.isdecimal() and len(text) <= 12):
            raise Problem(400, "invalid_query", f"`{name}` must be a number, 0 or more.")
        return int(text)


Method = Callable[..., Awaitable["Message | None"]]
Answer = Callable[..., Awaitable[None]]


def endpoint(operation: str) -> Callable[[Method], Answer]:
    """Make a method answer a route of the table: authenticated, authorized by the route's own resource and action.

    The method takes the path's parameters and the request, if the route has one. It returns the answer, or None if it has sent
    the answer itself. A `Problem` that it raises becomes the answer. It is cancelled when the client goes away.
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
                pass  # the client went away during the answer, as when the user continues to type a search
            except asyncio.CancelledError:
                if not self._work.cancelled():  # this handler is cancelled, not its work: the server ends
                    self._work.cancel()
                    raise
            finally:
                self._work = None  # its traceback refers to the request, and to this frame
                self._drop_body()

        allowed: Answer = authorized(route.action, routes.RESOURCE)(answer)
        return cast("Answer", web.authenticated(allowed))

    return wrap
