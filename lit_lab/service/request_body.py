"""Reading and validating request bodies."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from lit_lab.json_bounds import MAX_CONTAINERS, MAX_NAMES, MAX_VALUES, excess
from lit_lab.problem import Problem
from lit_lab.protocol import describe_validation
from lit_lab.surrogates import check_texts

MAX_BODY = 64 * 2**20  # bytes; above any request that the types allow

T = TypeVar("T", bound=BaseModel)


def body_of(kind: type[T]) -> Callable[[Request], Awaitable[T]]:
    """Return a dependency that reads a request's body, checks its size and its text, and validates it.

    Args:
        kind: The type of the body.

    Raises:
        Problem: On reading: `too_large`, `bad_request` or `lone_surrogate`.
    """

    async def read(request: Request) -> T:
        data = bytearray()
        async for chunk in request.stream():
            data += chunk
            if len(data) > MAX_BODY:
                raise Problem(413, "too_large", f"The request is larger than {MAX_BODY // 2**20} MiB.", "Shorten it.")
        return _parsed(bytes(data), kind)

    return read


def _parsed(data: bytes, kind: type[T]) -> T:
    if too_much := excess(data, MAX_VALUES, MAX_CONTAINERS, max_names=MAX_NAMES):
        raise Problem(413, "too_large", f"The request {too_much}.", "Send less at a time.")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "bad_request", f"The request isn't JSON: {error}") from error
    # Before pydantic, whose message about lone surrogates helps only programmers.
    check_texts(content)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise Problem(422, "bad_request", describe_validation(error)) from error
