"""Fixtures for the tests of several folders."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from live import LiveServer, live_server


@pytest.fixture(scope="session")
def keras_libraries(pytestconfig: pytest.Config) -> None:
    """Import the service's libraries, as the service does."""
    from lit_lab.service import libraries

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    backend = pytestconfig.getoption("--backend")
    libraries.set_environment(1, backend)
    libraries.import_backend(1, backend)
    libraries.import_keras()
    # Imported modules stay, so garbage collections needn't look through them each time, which takes most of a second.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def embedded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A real server with the embedded model, for all tests that only use one. Its history has the runs of other tests."""
    with live_server(tmp_path_factory.mktemp("server")) as live:
        live.ready()
        yield live
