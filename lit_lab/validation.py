"""Validates requests' bodies against the protocol's types."""

from __future__ import annotations

import functools
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from lit_lab import protocol
from lit_lab.json_bounds import MAX_CONTAINERS, MAX_NAMES, MAX_VALUES, excess, width
from lit_lab.problem import Problem
from lit_lab.surrogates import lone_surrogate

MIN_TEXT_BYTES = 4 * 2**20
"""Bytes that any body's text may take, even on routes that allow less: so little hardly takes memory."""

MAX_WORD = 10_000
"""Characters of a field's name or of a request's `kind`: pydantic's errors hold several copies of both."""


@functools.cache
def _adapter(type_name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(protocol, type_name))


def parse(type_name: str, body: bytes, max_body: int) -> protocol.Message:
    """Return a body as one of the protocol's types.

    Args:
        type_name: The type's name.
        body: UTF-8.
        max_body: Bytes that its route takes. Of texts that Python holds in two or four bytes a character, half or a quarter
            of it, so that none takes more memory than another.

    Raises:
        Problem: 400: it isn't JSON or not of that type; 413: it has more values than any request needs, or its text takes too
            much memory; 422: it holds half of a character.
    """
    room = max(max_body, MIN_TEXT_BYTES) // width(body)
    if len(body) > room:
        raise Problem(
            413,
            "body_too_large",
            f"The request is larger than {room / 2**20:.3g} MiB, the limit for a text with emojis or letters beyond Latin.",
            "Shorten the prompt.",
        )
    too_much = excess(body, MAX_VALUES, MAX_CONTAINERS, max_names=MAX_NAMES)
    if too_much:
        raise Problem(413, "body_too_large", f"The request {too_much}.", "Send less at a time.")
    try:
        # In two steps: for JSON, each of pydantic's errors copies its whole input.
        content = from_json(body)
        _check_words(content)
        return _adapter(type_name).validate_python(content, strict=True)  # type: ignore[no-any-return]
    except ValidationError as error:
        said = protocol.describe_validation(error)
    except ValueError as error:
        said = f"it isn't JSON: {error}"
    # Raised outside of `except`: those exceptions refer to the whole body until Python collects circular references.
    if "surrogate" in said or "unexpected end of hex escape" in said:
        raise lone_surrogate("The text contains half of a character (a lone surrogate), which no model can read.")
    raise Problem(
        400,
        "invalid_request",
        f"The request is not valid: {said}",
        "Reload the page: it may be of another version than the server.",
    )


def _check_words(content: Any) -> None:
    """Refuse names of fields, and kinds, that are too long. Raises `Problem`."""
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            kind = value.get("kind", "")
            longest = max(map(len, value), default=0)
            if longest > MAX_WORD or (isinstance(kind, str) and len(kind) > MAX_WORD):
                raise Problem(
                    400,
                    "invalid_request",
                    f"The request has a field whose name or kind is longer than {MAX_WORD:,} characters.",
                    "Shorten it.",
                )
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(each for each in value if isinstance(each, dict | list))
