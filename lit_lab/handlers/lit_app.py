"""REST of LIT's own app: its page, its files, its requests. docs/lit.md explains why this is safe."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING

from lit_lab.handlers.base import Handler, endpoint
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.protocol import LitCall, Message


class LitPageHandler(Handler):
    """`lit/page`."""

    @endpoint("litPage")
    async def get(self) -> None:
        """Send the page."""
        from lit_lab.lit_page import content_security_policy, page

        nonce = secrets.token_urlsafe(16)
        # Replaces the server's own policy: this page runs a program that isn't LIT Lab's.
        self.set_header("Content-Security-Policy", content_security_policy(nonce))
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        await self.finish(page(nonce), set_content_type="text/html; charset=utf-8")


class LitFileHandler(Handler):
    """`lit/files/{name}`."""

    @endpoint("litFile")
    async def get(self, name: str) -> None:
        """Send one of LIT's files, for LIT Lab's page to read: browsers neither show nor run it from here."""
        content = await self.core.lit_app.file(name)
        self.set_header("Content-Disposition", "attachment")
        self.set_header("Cache-Control", "private, max-age=3600")
        await self.finish(content, set_content_type="application/octet-stream")


class LitCallHandler(Handler):
    """`lit/call`."""

    @endpoint("callLit")
    async def post(self, request: LitCall) -> Message | None:
        """Pass a request of LIT's page on to LIT, and stream the answer."""
        from lit_lab.protocol import ErrorEvent

        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Accel-Buffering", "no")  # nginx would hold the heartbeats back
        async with contextlib.aclosing(self.core.lit_app.call(request, self.job_owner)) as lines:
            sent = False
            try:
                async for line in lines:
                    if not sent:
                        self.set_header("Content-Type", "application/x-ndjson")
                        sent = True
                    self.write(line + b"\n")
                    await self.flush()
            except Problem as problem:
                if not sent:
                    raise
                # The status is already sent.
                event = ErrorEvent(**problem.body(), status=problem.status)
                self.write(event.model_dump_json().encode() + b"\n")
        await self.finish(set_content_type="application/x-ndjson")
        return None


HANDLERS: dict[str, type[Handler]] = {
    "lit/page": LitPageHandler,
    "lit/files/{name}": LitFileHandler,
    "lit/call": LitCallHandler,
}
