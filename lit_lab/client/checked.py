"""Requests from values of users."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from lit_lab import protocol
from lit_lab.problem import Problem

R = TypeVar("R", bound=protocol.Message)


def checked(kind: type[R], **fields: object) -> R:
    """Return a request. Raises `Problem` where its fields aren't valid."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        said = protocol.describe_validation(error)
    # Outside of `except`: pydantic's error refers to all fields.
    raise Problem(422, "invalid_request", f"This can't be requested: {said}.")
