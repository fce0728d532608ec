"""Who sends a request: strategies of `AdmissionMiddleware`."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Protocol

from lit_lab.problem import Problem
from lit_lab.protocol import OWNER_HEADER

MAX_OWNER = 64  # characters of an owner's name

Headers = Mapping[bytes, bytes]
"""Headers of a request, by their names in lower case."""


class Who(Protocol):
    """Tells whose a request is.

    Attributes:
        is_local: Whether it knows at once, without asking anybody.
    """

    is_local: bool

    async def owner(self, headers: Headers) -> str:
        """Return the owner of a request: the same for all of a user's, and without the user's name.

        Raises:
            Problem: The sender may not use the service, or that can't be known now.
        """

    async def close(self) -> None:
        """Release connections."""


class SharedSecret:
    """Those who have the secret may use the service, and name the owner in a header: Jupyter servers do.

    Args:
        secret: The secret, as `Authorization: Bearer <secret>`.
    """

    is_local = True

    def __init__(self, secret: str) -> None:
        self._expected = b"Bearer " + secret.encode()

    async def owner(self, headers: Headers) -> str:
        """Return the owner that the Jupyter server names; empty: none. Raises `Problem`."""
        if not hmac.compare_digest(headers.get(b"authorization", b""), self._expected):
            raise unauthorized()
        return headers.get(OWNER_HEADER.lower().encode(), b"")[:MAX_OWNER].decode("latin-1")

    async def close(self) -> None:
        """Do nothing."""


def unauthorized() -> Problem:
    """Return the answer to a request without the secret."""
    return Problem(
        401,
        "unauthorized",
        "This request doesn't carry the model service's secret.",
        "The service is meant for the Jupyter server that started it.",
    )
