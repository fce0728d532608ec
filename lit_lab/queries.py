"""Requests to the model service that need no job: tokens, their count, and estimates."""

from __future__ import annotations

from lit_lab import protocol
from lit_lab.models.changing import Models
from lit_lab.request_limits import RequestLimits
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.endpoint import Service


class Queries:
    """Answers what the model service knows at once.

    Args:
        service: The model service.
        client: Requests to it.
        models: The models, in step with those of other servers.
        limits: Checks requests first.
    """

    def __init__(self, service: Service, client: ServiceClient, models: Models, limits: RequestLimits) -> None:
        self._service = service
        self._client = client
        self._models = models
        self._limits = limits

    async def tokens(self, request: protocol.TokensRequest) -> protocol.TokensResponse:
        """Return tokens. Starts the service and loads the model. Raises `Problem`."""
        self._limits.check_texts(request)
        with self._service.use():
            endpoint = await self._service.ready()
            await self._models.catch_up()
            return await self._client.request(endpoint, "POST", "/tokens", protocol.TokensResponse, request, loads=True)

    async def count_tokens(self, request: protocol.TokenCountRequest) -> protocol.TokenCount:
        """Return the number of tokens of a prompt for a loaded model. Starts and loads nothing. Raises `Problem`."""
        self._limits.check_texts(request)
        endpoint = await self._service.awaited()
        return await self._client.request(endpoint, "POST", "/tokens/count", protocol.TokenCount, request)

    async def estimate(self, request: protocol.EstimateRequest) -> protocol.Estimate:
        """Return the cost of a job, estimated by a running service. Doesn't start it. Raises `Problem`."""
        self._limits.check_job(request.request)
        endpoint = await self._service.awaited()
        return await self._client.request(endpoint, "POST", "/estimate", protocol.Estimate, request)
