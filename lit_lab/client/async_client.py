"""What a user's program does: jobs, and runs of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lit_lab import protocol
from lit_lab.client import discovery
from lit_lab.client.connection import Connection
from lit_lab.client.job_client import JobClient
from lit_lab.client.job_client import OnEvent as OnEvent
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.client.async_run import AsyncRun


async def connect(server: str | None = None, token: str | None = None) -> AsyncClient:
    """Find a place that computes, and return a client for it. Close the client at the end.

    Args:
        server: A Jupyter server's address; `own`: a model service of this process. None: `LIT_LAB_URL`; a running Jupyter server
            of this user; a model service of this process.
        token: The server's token. None: the one in the address, or for `LIT_LAB_URL` the one in `LIT_LAB_TOKEN`.

    Raises:
        Problem: What is named can't be used.
    """
    return AsyncClient(await discovery.find(server, token))


class AsyncClient(JobClient):
    """A client, for one event loop.

    Args:
        connection: Where its jobs run. Closed with the client.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.connection = connection
        self._default_model = ""

    def __repr__(self) -> str:
        return f"<AsyncClient on {self.where}>"

    @property
    def where(self) -> str:
        """Where its jobs run, in words that follow “on”."""
        return self.connection.where

    async def default_model(self) -> str:
        """Return the name of the model that the panel chooses first. Raises `Problem`."""
        if not self._default_model:
            name = (await self.connection.status()).default_model
            if not name:
                models = (await self.connection.models()).models
                if not models:
                    raise Problem(404, "unknown_model", "There is no model.", "Add one in the panel.")
                name = models[0].name
            self._default_model = name
        return self._default_model

    async def explain(self, prompt: str | None = None, **options: Any) -> AsyncRun:
        """Run a prompt, and return the run with the maps of its answer's sentences, as `lit_lab.explain`.

        Args:
            prompt: The prompt.
            options: The other arguments of `lit_lab.explain` that say what is requested.

        Raises:
            Problem: The request isn't valid, or failed.
        """
        from lit_lab.client.asking import Asked, ask
        from lit_lab.client.async_run import AsyncRun

        return AsyncRun(await ask(self, Asked(prompt, **options)))

    async def runs(self, request: protocol.RunsRequest) -> protocol.RunsResponse:
        """Return runs of the history, newest first. Raises `Problem`."""
        return await self.connection.runs(request)

    async def run(self, run_id: str) -> protocol.RunRecord:
        """Return a run of the history, with all its scores. Raises `Problem`."""
        return await self.connection.run(run_id)
