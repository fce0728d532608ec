"""LIT's own app, from the Jupyter server: its files, and requests of its page to LIT."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import get_args

from pydantic import TypeAdapter, ValidationError

from lit_lab import protocol
from lit_lab.problem import Problem
from lit_lab.request_limits import RequestLimits
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.endpoint import Service

_EVENT: TypeAdapter[protocol.LitEvent] = TypeAdapter(protocol.LitEvent)


class LitApp:
    """Passes requests of LIT's page on to LIT in the model service.

    Args:
        service: The model service.
        client: Requests to it.
        limits: Checks requests first.
    """

    def __init__(self, service: Service, client: ServiceClient, limits: RequestLimits) -> None:
        self._service = service
        self._client = client
        self._limits = limits

    async def file(self, name: str) -> bytes:
        """Return one of LIT's files from a running service. Raises `Problem`."""
        if name not in get_args(protocol.LitFile):
            raise Problem(404, "no_such_file", "LIT's page has no such file.")
        endpoint = await self._service.awaited()
        return await self._client.file(endpoint, f"/lit/files/{name}")

    async def call(self, request: protocol.LitCall, owner: str = "") -> AsyncGenerator[bytes, None]:
        """Yield the lines of LIT's answer, each a `LitEvent`. Closing the iterator ends LIT's work. Raises `Problem`."""
        for example in request.inputs:
            if isinstance(example, protocol.LitExample):
                for what in ("prompt", "target"):
                    self._limits.check_length(what, str(example.data.get(what, "")))
        with self._service.use():
            endpoint = await self._service.awaited()
            async with contextlib.aclosing(self._client.lines(endpoint, "/lit/call", request, owner)) as lines:
                async for line in lines:
                    try:
                        event = _EVENT.validate_json(line)
                    except ValidationError as error:
                        raise Problem(
                            502,
                            "service_answer",
                            "The Jupyter server doesn't understand an answer of the model service.",
                            "Check that service and Jupyter server have the same version of lit_lab.",
                        ) from error
                    yield line
                    if not isinstance(event, protocol.HeartbeatEvent):
                        return
            raise await self._service.why_gone(endpoint)
