"""Logging in to Kaggle from the panel. The model service needs the login as well."""

from __future__ import annotations

import contextlib

from lit_lab import protocol
from lit_lab.models.changing import Models
from lit_lab.models.kaggle import Kaggle
from lit_lab.problem import Problem
from lit_lab.service_client import ServiceClient
from lit_lab.supervision.endpoint import Service


class KaggleAccess:
    """Logs users in and out, and passes the login on to a running service.

    A service that starts later reads the login from its standard input.

    Args:
        kaggle: Stores the login.
        models: The models, which show whether this server runs the service.
        service: The model service.
        client: The client that sends requests to the service.
    """

    def __init__(self, kaggle: Kaggle, models: Models, service: Service, client: ServiceClient) -> None:
        self._kaggle = kaggle
        self._models = models
        self._service = service
        self._client = client

    def status(self, owner: str, shared: bool) -> protocol.KaggleStatus:
        """Return where the credentials come from. See `Kaggle.status`."""
        return self._kaggle.status(owner, shared)

    async def log_in(self, request: protocol.KaggleLoggingIn, owner: str, shared: bool) -> protocol.KaggleStatus:
        """Log in to Kaggle. See `Kaggle.log_in`.

        Raises:
            Problem: The service runs elsewhere, another user is logged in, or the credentials can't be saved.
        """
        self._models.own()
        self._kaggle.check_own(owner)
        try:
            self._kaggle.log_in(request, owner, shared)
        finally:
            await self._pass_on()
        return self._kaggle.status(owner, shared)

    async def log_out(self, owner: str, shared: bool) -> protocol.KaggleStatus:
        """Log out of Kaggle.

        Raises:
            Problem: The service runs elsewhere, or another user is logged in.
        """
        self._models.own()
        self._kaggle.log_out(owner)
        await self._pass_on()
        return self._kaggle.status(owner, shared)

    async def _pass_on(self) -> None:
        if (await self._service.status()).state in ("starting", "ready"):
            with contextlib.suppress(Problem):  # the service's status shows the problem
                endpoint = await self._service.awaited()
                order = protocol.KaggleOrder(login=self._kaggle.login)
                await self._client.request(endpoint, "POST", "/kaggle", protocol.ModelsResponse, order)
