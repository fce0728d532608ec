"""Fixtures that start a Jupyter server; pytest takes plugins here only, at the top."""

import pytest

pytest_plugins = ["pytest_jupyter.jupyter_server"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--backend", default="tensorflow", choices=["tensorflow", "jax", "torch"], help="what Keras runs on"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only_on(backend): what is tested is that backend's own")


def pytest_runtest_setup(item: pytest.Item) -> None:
    backend = item.config.getoption("--backend")
    for marker in item.iter_markers("only_on"):
        if backend not in marker.args:
            pytest.skip(f"not for {backend}")
