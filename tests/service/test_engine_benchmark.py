"""`benchmarks/engine.py` runs on a tiny model, both sides explain the same tokens, and reports the results."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.long, pytest.mark.only_on("tensorflow")]  # which LIT's side runs on

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark_modules(keras_libraries: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The benchmark's modules, with a tiny size added."""
    monkeypatch.syspath_prepend(str(FOLDER))
    before = set(sys.modules)
    import engine_figures
    import engine_models

    tiny = engine_models.Shape(2, 16, 64, 2, 1, 8, vocabulary=400)
    monkeypatch.setitem(engine_models.SHAPES, "tiny", tiny)
    monkeypatch.setitem(engine_figures.GOALS, "tiny", engine_figures.GOALS["embedded"])
    yield
    for name in set(sys.modules) - before:
        if name.startswith("engine_"):
            del sys.modules[name]


def test_both_sides_explain_the_same(benchmark_modules: None) -> None:
    from engine_child import salience
    from engine_figures import FIELDS, METHODS, figures
    from engine_tables import absolutes, figure

    parts: dict[str, Any] = {"salience": salience("tiny", 1) | {"device": "CPU"}}
    found = figures("tiny", parts)
    assert list(found) == ["size", *FIELDS]
    for method in METHODS:
        assert found[f"agreement_{method}"] < 1e-5
    assert found["speedup_one"] > 0
    assert found["memory_ratio"] is None
    lines = dict(absolutes("tiny", parts))
    for method in METHODS:
        ours, lit = (float(error) for error in lines[f"{method} off float64: ours, LIT's"].split(", "))
        assert 0 < ours < 1e-5
        assert 0 < lit < 1e-5
    assert figure("tiny", "speedup_one", 20.0) == "20.0 ≥ 15.0 ✓"
    assert figure("tiny", "speedup_one", 7.5) == "7.50 ≥ 15.0 50% short"


def test_both_sides_answer(benchmark_modules: None) -> None:
    from engine_generation import generation

    found = generation("tiny", 1)
    assert all(value > 0 for value in found.values())
