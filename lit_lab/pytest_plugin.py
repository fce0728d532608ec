"""A pytest fixture for tests of prompts: `lit_lab_model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from lit_lab.client.run import Run


class Model:
    """A model for tests.

    Args:
        name: Its name. None: the one that the panel chooses first.
        server: The Jupyter server to use; `own`: a model service that ends with the tests. None: as `lit_lab.explain` chooses.
    """

    def __init__(self, name: str | None, server: str | None) -> None:
        self.name = name
        self._server = server

    def __repr__(self) -> str:
        return f"<Model {self.name or 'default'}>"

    def explain(self, prompt: str | None = None, **options: Any) -> Run:
        """Run a prompt, as `lit_lab.explain`, whose other arguments it takes. Raises `lit_lab.Problem`."""
        import lit_lab

        return lit_lab.explain(prompt, **{"model": self.name, "server": self._server, **options})


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("lit-lab", "LIT Lab")
    group.addoption("--lit-lab-model", metavar="NAME", help="the model of the fixture lit_lab_model")
    group.addoption("--lit-lab-server", metavar="URL", help="the Jupyter server that it runs on; own: none")
    parser.addini("lit_lab_model", "the model of the fixture lit_lab_model")


@pytest.fixture(scope="session")
def lit_lab_model(request: pytest.FixtureRequest) -> Model:
    """A model: `lit_lab_model.explain(prompt)` returns a `lit_lab.Run`. Its service is started once for all tests."""
    option, config = request.config.getoption, request.config
    return Model(option("--lit-lab-model") or str(config.getini("lit_lab_model")) or None, option("--lit-lab-server"))
