"""Presets to damage, and checks that they are refused."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lit_lab.problem import Problem

MEBI = 2**20


def refused(work: Callable[[], Any], code: str) -> Problem:
    with pytest.raises(Problem) as failure:
        work()
    assert (failure.value.code, bool(failure.value.hint)) == (code, True), failure.value.message
    return failure.value


@pytest.fixture
def copy(preset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(preset, tmp_path / "copy"))
