"""Fixtures for the tests of several folders."""

from __future__ import annotations

import gc
import os

import pytest


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
