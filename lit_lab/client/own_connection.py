"""A model service of this process: the server extension's own parts, without a server.

It reads the same configuration as a Jupyter server of this user, so that it has the same models and writes the same history.
The service ends with this process, however that ends: it notices that its standard input is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from traitlets import TraitError
from traitlets.config import Config

from lit_lab.client.in_process import InProcessConnection
from lit_lab.problem import Problem

if TYPE_CHECKING:
    from lit_lab.extension import LitLab

_FILES = ("jupyter_server_config", "jupyter_lab_config")
"""The configuration files that `jupyter lab` reads, beside `jupyter_config`."""


class OwnConnection(InProcessConnection):
    """Jobs of this process, whose service ends with the connection."""

    @classmethod
    def configured(cls) -> OwnConnection:
        """Make one as Jupyter's configuration says. The service starts with the first job. Raises `Problem`."""
        return cls(_application().core)

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
