"""Requests' bodies: read strictly, refused in words."""

from __future__ import annotations

import functools
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from lit_lab import protocol
from lit_lab.json_bounds import MAX_CONTAINERS, MAX_NAMES, MAX_VALUES, excess
from lit_lab.problem import Problem


@functools.cache
def _adapter(type_name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(protocol, type_name))


def parse(type_name: str, body: bytes) -> protocol.Message:
    """Return a body as one of the protocol's types.

    Raises:
        Problem: 400: it isn't JSON or not of that type; 413: it has more values than any request needs; 422: it holds half of
            a character.
    """
    too_much = excess(body, MAX_VALUES, MAX_CONTAINERS, max_names=MAX_NAMES)
    if too_much:
        raise Problem(413, "body_too_large", f"The request {too_much}.", "Send less at a time.")
    try:
        # In two steps: of JSON, each of pydantic's errors has a copy of all that it is about.
        return _adapter(type_name).validate_python(from_json(body), strict=True)  # type: ignore[no-any-return]
    except ValidationError as error:
        said = protocol.describe_validation(error)
        reason: ValueError = error
    except ValueError as error:
        said, reason = f"it isn't JSON: {error}", error
        if "surrogate" in said or "unexpected end of hex escape" in said:
            raise Problem(
                422,
                "lone_surrogate",
                "The text holds half of a character (a lone surrogate), which no model can read.",
                "Look for a broken emoji or a \\ud83d-like escape, and remove it.",
            ) from error
    raise Problem(
        400,
        "invalid_request",
        f"The request is not valid: {said}",
        "Reload the page: it may be of another version than the server.",
    ) from reason
