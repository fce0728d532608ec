"""The page that LIT's own app is shown in.

LIT's own page loads fonts and icons from elsewhere and posts to wherever it lies. This one holds no program but a small
script (`bridge.js`), which gets LIT's from the page around it and hands LIT's requests back to that page.
"""

from __future__ import annotations

import base64
import functools
import html
from pathlib import Path

SANDBOX = ("allow-scripts", "allow-downloads")
"""What LIT needs. Not `allow-same-origin`: the page is of no origin, so it has no cookies and reaches no other page. Not
`allow-popups`: a new window could take along what LIT shows; links are followed by the page around."""

_HERE = Path(__file__).parent


def content_security_policy(nonce: str) -> str:
    """Return the page's policy: no network at all, scripts by nonce alone, and no other site may show it.

    Args:
        nonce: Of this very page.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'nonce-{nonce}'",
            "style-src 'unsafe-inline'",  # LIT's components bring their styles along
            "img-src data: blob:",
            "font-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
            f"sandbox {' '.join(SANDBOX)}",
        )
    )


def page(nonce: str) -> str:
    """Return the page's HTML.

    Args:
        nonce: Carried by its one script, and by what that adds.
    """
    style, script = _parts()
    return (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8"><title>LIT</title>'
        f"<style>{style}</style></head>"
        f'<body><script nonce="{html.escape(nonce)}">{script}</script></body></html>\n'
    )


@functools.cache
def _parts() -> tuple[str, str]:
    icons = base64.b64encode((_HERE / "icons.woff").read_bytes()).decode()
    style = (_HERE / "page.css").read_text("utf-8").replace("icons.woff", f"data:font/woff;base64,{icons}")
    return style, (_HERE / "bridge.js").read_text("utf-8")
