"""Half characters, which neither a tokenizer nor UTF-8 can hold, are refused in words that help."""

from __future__ import annotations

import re
from typing import Any

from .errors import ServiceError

_SURROGATE = re.compile("[\ud800-\udfff]")


def check_text(text: str) -> None:
    """Let a text pass that holds no lone surrogate.

    Raises:
        ServiceError: `lone_surrogate`, naming the place.
    """
    half = _SURROGATE.search(text)
    if half:
        raise ServiceError(
            422,
            "lone_surrogate",
            f"Character {half.start() + 1} of the text is half of a character (U+{ord(half[0]):04X}).",
            "Half an emoji may have been cut off, or written as \\ud83d alone. Remove it or write the whole character.",
        )


def check_texts(content: Any) -> None:
    """Check the texts of a request's JSON, which are all at its top.

    Raises:
        ServiceError: `lone_surrogate`.
    """
    if isinstance(content, dict):
        for value in content.values():
            if isinstance(value, str):
                check_text(value)
