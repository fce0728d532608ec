"""Text of users and models on a terminal."""

from __future__ import annotations

import json
import sys
from typing import Any, TextIO


def for_terminal(text: str, stream: TextIO | None = None) -> str:
    """Return a text without what a terminal would take for a command; as it is where it goes elsewhere.

    Args:
        text: The text.
        stream: Where it goes. None: standard output.
    """
    if not (stream or sys.stdout).isatty():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)


def json_line(value: Any) -> str:
    """Return JSON for standard output: with all letters if it can have them, else with escapes."""
    is_unicode = (sys.stdout.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")
    return json.dumps(value, ensure_ascii=not is_unicode)
