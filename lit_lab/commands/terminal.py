"""Text of users and models on a terminal."""

from __future__ import annotations

import sys


def for_terminal(text: str) -> str:
    """Return a text without what a terminal would take for a command; as it is where it goes elsewhere."""
    if not sys.stdout.isatty():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else "�" for letter in text)
