"""A model service of this process: the server extension's own parts, without a server.

It reads the same configuration as a Jupyter server of this user, so that it has the same models and writes the same history.
The service ends with this process, however that ends: it notices that its standard input is closed.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from traitlets import TraitError
from traitlets.config import Config

from lit_lab import ndjson, protocol
from lit_lab.client.connection import event_of
from lit_lab.owners import ANYONE
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.core import Core
    from lit_lab.extension import LitLab

HEARTBEAT = 3600.0  # seconds; nothing between here and the job can break silently
MAX_LINE = 64 * 1024 * 1024  # bytes; a job may have no more

_FILES = ("jupyter_server_config", "jupyter_lab_config")
"""The configuration files that `jupyter lab` reads, beside `jupyter_config`."""


class OwnConnection:
    """Jobs of this process (a `lit_lab.client.connection.Connection`).

    Args:
        core: The extension's parts. Closed with this connection.
    """

    def __init__(self, core: Core) -> None:
        self._core = core

    @classmethod
    def configured(cls) -> OwnConnection:
        """Make one as Jupyter's configuration says. The service starts with the first job. Raises `Problem`."""
        return cls(_application().core)

    @property
    def where(self) -> str:
        """What it is, as words that follow “on”."""
        return "a model service of this process"

    async def start(self, request: protocol.JobRequest) -> protocol.JobInfo:
        """Start a job. Raises `Problem`."""
        return await self._core.start_job(ANYONE, request, ANYONE)

    async def events(self, job: protocol.JobInfo) -> AsyncGenerator[protocol.JobEvent, None]:
        """Yield a job's events. Raises `Problem`."""
        chunks = self._core.jobs.get({ANYONE}, job.id).read(0, HEARTBEAT)
        async with contextlib.aclosing(ndjson.lines(chunks, MAX_LINE)) as lines:
            async for line in lines:
                event = event_of(line)
                if isinstance(event, protocol.DoneEvent | protocol.ErrorEvent | protocol.CancelledEvent):
                    # Else a program that is killed next would lose what it has seen.
                    with contextlib.suppress(Problem):
                        await self._core.recorder.settled(ANYONE)
                yield event

    async def cancel(self, job: protocol.JobInfo) -> None:
        """Stop a job. Raises `Problem`."""
        self._core.jobs.cancel(self._core.jobs.get({ANYONE}, job.id))

    async def status(self) -> protocol.Status:
        """Return the state of the service and the history."""
        return await self._core.status()

    async def models(self) -> protocol.ModelsResponse:
        """Return the models. Raises `Problem`."""
        return await self._core.models.all()

    async def runs(self, request: protocol.RunsRequest) -> protocol.RunsResponse:
        """Return runs of the history. Raises `Problem`."""
        return await (await self._core.recorder.settled(ANYONE)).runs(ANYONE, request)

    async def run(self, run_id: str) -> protocol.RunRecord:
        """Return a run of the history. Raises `Problem`."""
        return await (await self._core.recorder.settled(ANYONE, run_id)).run(ANYONE, run_id)

    async def close(self) -> None:
        """Stop all jobs, store their results, and end the service."""
        await self._core.close()


def _application() -> LitLab:
    """Return the extension as a Jupyter server of this user would configure it. Raises `Problem`."""
    from lit_lab.extension import LitLab

    try:
        application: LitLab = LitLab(config=_configuration())
        return application
    except TraitError as error:
        raise Problem(
            500,
            "bad_configuration",
            f"{error}",
            "Correct it in jupyter_server_config.py; `jupyter --paths` lists its folders.",
        ) from None


def _configuration() -> Config:
    """Return what Jupyter's configuration files say of `c.LitLab`."""
    from jupyter_core.application import JupyterApp

    found = Config()
    for name in _FILES:
        reader = JupyterApp(config_file_name=name)
        reader.load_config_file()
        found.merge(Config({"LitLab": reader.config.LitLab}))
    return found
