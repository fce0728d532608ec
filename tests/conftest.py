"""Fixtures for the tests of several folders."""

from __future__ import annotations

import gc
import os

import pytest


@pytest.fixture(scope="session")
def keras_libraries(pytestconfig: pytest.Config) -> None:
    """Import what the service imports, the way it does."""
    from lit_lab.service import libraries

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    backend = pytestconfig.getoption("--backend")
    libraries.set_environment(1, backend)
    libraries.import_backend(1, backend)
    libraries.import_keras()
    # What was imported stays: collecting garbage needn't look through it again and again, which takes most of a second.
    gc.collect()
    gc.freeze()
