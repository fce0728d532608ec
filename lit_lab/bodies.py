"""Requests' bodies: read strictly, refused in words."""

from __future__ import annotations

import functools
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lit_lab import protocol
from lit_lab.problem import Problem


@functools.cache
def _adapter(type_name: str) -> TypeAdapter[Any]:
    return TypeAdapter(getattr(protocol, type_name))


def parse(type_name: str, body: bytes) -> protocol.Message:
    """Return a body as one of the protocol's types.

    Raises:
        Problem: 400: it isn't JSON or not of that type; 422: it holds half of a character.
    """
    try:
        value = _adapter(type_name).validate_json(body, strict=True)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        if any(
            "surrogate" in problem["msg"] or "unexpected end of hex escape" in problem["msg"] for problem in problems
        ):
            raise Problem(
                422,
                "lone_surrogate",
                "The text holds half of a character (a lone surrogate), which no model can read.",
                "Look for a broken emoji or a \\ud83d-like escape, and remove it.",
            ) from error
        raise Problem(
            400,
            "invalid_request",
            f"The request is not valid: {protocol.describe_validation(problems)}",
            "Reload the page: it may be of another version than the server.",
        ) from error
    return value  # type: ignore[no-any-return]  # the adapter is that type's
