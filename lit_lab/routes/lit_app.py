"""LIT's own app."""

from __future__ import annotations

from .route import MIB, Route

LIT: tuple[Route, ...] = (
    Route(
        operation="litPage",
        method="GET",
        path="lit/page",
        action="execute",
        summary="The page that shows LIT's own app",
        description=(
            "HTML with its own sandbox: it has no origin, no cookies and no network. The page that embeds it "
            "passes it LIT's files and makes its requests (`POST lit/call`)."
        ),
        media="text/html",
    ),
    Route(
        operation="litFile",
        method="GET",
        path="lit/files/{name}",
        action="read",
        summary="One of LIT's own files that its page needs",
        description="Doesn't start the service: returns 503 `service_stopped` if it is stopped.",
        media="application/octet-stream",
        errors=(404, 429, 502, 503),
    ),
    Route(
        operation="callLit",
        method="POST",
        path="lit/call",
        action="execute",
        summary="A request of LIT's page to LIT",
        description=(
            "Newline-delimited JSON: a `heartbeat` after 5 seconds without other lines, finally `lit_answer` or "
            "`error`. Closing the connection ends LIT's work. A job of the kind `lit_app` prepares LIT; without "
            "it, this returns `lit_not_open`, or 503 `service_stopped` if the service is stopped."
        ),
        request="LitCall",
        stream="LitEvent",
        errors=(422, 429, 502, 503),
        max_body=24 * MIB,
    ),
)
