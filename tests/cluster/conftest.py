"""Two replicas on this machine, by `lit-lab serve`. `make test-cluster` runs these; they need Ray."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_replicas import Replicas, replicas

sys.path.insert(0, str(Path(__file__).parents[1] / "service"))  # helpers of tests/service


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    """Two replicas with the embedded model."""
    with replicas(tmp_path_factory.mktemp("served"), 2) as running:
        yield running
