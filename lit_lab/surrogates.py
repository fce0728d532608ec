"""Lone surrogates: half characters, which neither a tokenizer nor UTF-8 can represent."""

from __future__ import annotations

import re
from typing import Any

from lit_lab.problem import Problem

_SURROGATE = re.compile("[\ud800-\udfff]")


def replaced(text: str) -> str:
    """Return a text with U+FFFD for each lone surrogate."""
    return _SURROGATE.sub("\ufffd", text)


def lone_surrogate(where: str) -> Problem:
    """Return the error about a lone surrogate.

    Args:
        where: A sentence that says where it is.
    """
    return Problem(
        422,
        "lone_surrogate",
        where,
        "Half an emoji may have been cut off, or written as \\ud83d alone. Remove it or write the whole character.",
    )


def check_text(text: str, what: str = "the text") -> None:
    """Refuse a text that contains a lone surrogate.

    Args:
        text: The text.
        what: What it is, in the error's words.

    Raises:
        Problem: `lone_surrogate`, with its position.
    """
    half = _SURROGATE.search(text)
    if half:
        raise lone_surrogate(f"Character {half.start() + 1} of {what} is half of a character (U+{ord(half[0]):04X}).")


def check_texts(content: Any) -> None:
    """Check the texts of a request's JSON, which are at its top level or in its turns.

    Raises:
        Problem: `lone_surrogate`.
    """
    if not isinstance(content, dict):
        return
    for value in content.values():
        if isinstance(value, str):
            check_text(value)
    turns = content.get("turns")
    for number, turn in enumerate(turns if isinstance(turns, list) else (), 1):
        for value in turn.values() if isinstance(turn, dict) else ():
            if isinstance(value, str):
                check_text(value, f"turn {number}")
