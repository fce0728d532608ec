"""Two real models, and reference results for them. `scripts/test_real.sh` puts both into the folder LIT_LAB_REAL."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from reals import Real

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))  # helpers of tests/service

NAMES = ("smollm2", "gemma3")


@pytest.fixture(scope="session", params=NAMES)
def real(request: pytest.FixtureRequest) -> Real:
    """Each of the models."""
    return _real(request.param)


@pytest.fixture(scope="session")
def gemma() -> Real:
    """Gemma 3 270M."""
    return _real("gemma3")


def _real(name: str) -> Real:
    folder = os.environ.get("LIT_LAB_REAL")
    assert folder, "Run these tests by `make test-real`."
    return Real(name, Path(folder) / name)


@pytest.fixture(scope="session", autouse=True)
def libraries() -> Iterator[None]:
    """The libraries as the service imports them."""
    from lit_lab.service import libraries

    libraries.set_environment(2, "tensorflow")
    libraries.import_backend(2, "tensorflow")
    libraries.import_keras()
    yield
