"""Fixtures that start a Jupyter server; pytest takes plugins here only, at the top."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Examples are the same each time, and none is too slow: neither says anything of what is tested. `explore` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", settings.get_profile("same"), derandomize=False)
settings.load_profile("same")

pytest_plugins = ["pytest_jupyter.jupyter_server"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--backend`, which `make test-backends` uses."""
    parser.addoption(
        "--backend", default="tensorflow", choices=["tensorflow", "jax", "torch"], help="what Keras runs on"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker for tests that aren't of every backend."""
    # For the services that tests start.
    os.environ["LIT_LAB_TEST_BACKEND"] = config.getoption("--backend")
    config.addinivalue_line("markers", "only_on(backend): what is tested is that backend's own")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests of another backend."""
    backend = item.config.getoption("--backend")
    for marker in item.iter_markers("only_on"):
        if backend not in marker.args:
            pytest.skip(f"not for {backend}")
