"""REST of the model service: status, start, environment and log."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from jupyter_server.utils import ensure_async

from lit_lab import routes
from lit_lab.handlers.base import Handler, endpoint
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.protocol import Message
    from lit_lab.setup.job import Setup


class StatusHandler(Handler):
    """`status`."""

    _track_activity = False  # the panel polls; that must not keep an abandoned server alive

    @endpoint("status")
    async def get(self) -> Message:
        """Return the state of all parts, and what the caller may do."""
        from lit_lab.protocol import Action

        status = await self.core.status()
        for action in get_args(Action):
            if await ensure_async(self.authorizer.is_authorized(self, self.current_user, action, routes.RESOURCE)):
                status.allowed.append(action)
        return status


class ServiceStartHandler(Handler):
    """`service/start`."""

    @endpoint("startService")
    async def post(self) -> Message:
        """Start the model service."""
        self.core.service.start()
        return await self.core.service.status()


class ServiceRestartHandler(Handler):
    """`service/restart`."""

    @endpoint("restartService")
    async def post(self) -> Message:
        """Restart the model service."""
        self.core.service.restart()
        return await self.core.service.status()


class ServiceSetupHandler(Handler):
    """`service/setup`."""

    @endpoint("setUpService")
    async def post(self) -> Message:
        """Set the service's environment up."""
        setup = self._setup()
        setup.start()
        return setup.status((await self.core.service.status()).error)

    @endpoint("stopSetup")
    async def delete(self) -> Message:
        """Stop the setup."""
        setup = self._setup()
        setup.stop()
        return setup.status((await self.core.service.status()).error)

    def _setup(self) -> Setup:
        """Return the setup, where the panel may use it. Raises `Problem`."""
        if self.core.setup is None:
            raise Problem(
                409,
                "setup_not_ours",
                "The model service's Python is named in c.LitLab.service_python, or it runs elsewhere.",
                "Take that out of jupyter_server_config.py and restart the Jupyter server; then it can be set up here.",
            )
        return self.core.setup


class ServiceLogHandler(Handler):
    """`service/log`."""

    @endpoint("log")
    async def get(self) -> Message:
        """Return the model service's last lines."""
        from lit_lab.protocol import LogResponse

        setup = self.core.setup
        return LogResponse(lines=[*self.core.service.log_lines(), *(setup.lines if setup else ())])


HANDLERS: dict[str, type[Handler]] = {
    "status": StatusHandler,
    "service/start": ServiceStartHandler,
    "service/restart": ServiceRestartHandler,
    "service/setup": ServiceSetupHandler,
    "service/log": ServiceLogHandler,
}
