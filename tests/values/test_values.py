"""The evaluator of notebooks' values never contradicts CPython."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.values.observing import observe, places, recording
from tests.values.programs import Writer

# Programs create coroutines that nothing runs.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine")

Evaluate = Callable[[list[str]], dict[str, Any]]
"""What is said of a notebook's fields, `seen`, and of the texts that its code makes, `made`."""


@pytest.fixture
def evaluate(evaluator: Callable[[dict[str, Any]], dict[str, Any]]) -> Evaluate:
    """Return the evaluator's results for a notebook."""
    return lambda cells: evaluator({"cells": cells})


def contradictions(cells: list[str], evaluate: Evaluate, seed: int) -> tuple[list[str], int]:
    """Return the fields and texts where CPython contradicts the evaluator, and how many the evaluator knows."""
    said = evaluate(cells)
    seen, made = said["seen"], said["made"]
    recorded = recording(cells, made)
    wrong: list[str] = []
    known = 0
    fields = places(cells)
    for run in range(2):
        texts: dict[int, set[Any]] = {}
        observed = observe(recorded, seed + run, texts)
        for key, number in fields.items():
            field = seen.get(key)
            if number not in observed or field is None or field["why"] is not None:
                continue
            known += 1
            if not observed[number] <= set(field["values"]):
                wrong.append(f"SEE({number}): {observed[number]} is none of {field['values']}")
        for index, item in enumerate(made):
            if index not in texts or item["values"] is None:
                continue
            known += 1
            if not texts[index] <= set(item["values"]):
                wrong.append(f"cell {item['cell']}, {item['span']}: {texts[index]} is none of {item['values']}")
    return wrong, known


def check(seed: int, evaluate: Evaluate) -> int:
    cells = Writer(random.Random(seed)).notebook()
    try:
        for cell in cells:
            compile(cell, "cell", "exec")
    except SyntaxError:
        return 0
    wrong, known = contradictions(cells, evaluate, seed)
    assert not wrong, "\n".join([*wrong, "", "\n# ---\n".join(cells)])
    return known


def test_no_run_contradicts_what_is_known(evaluate: Evaluate) -> None:
    assert sum(check(seed, evaluate) for seed in range(150)) > 500


@pytest.mark.long
@pytest.mark.parametrize("first", range(150, 4_150, 200))
def test_no_run_contradicts_what_is_known_of_thousands(evaluate: Evaluate, first: int) -> None:
    assert sum(check(seed, evaluate) for seed in range(first, first + 200)) > 500


def check_left(seed: int, evaluator: Callable[[dict[str, Any]], dict[str, Any]]) -> int:
    """The same if some cells are left, as if they took too long."""
    return check(seed, lambda cells: evaluator({"cells": cells, "leaves": seed}))


def test_nor_where_cells_are_left(evaluator: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    known = sum(check_left(seed, evaluator) for seed in range(150))
    assert 100 < known < sum(check(seed, lambda cells: evaluator({"cells": cells})) for seed in range(150))


@pytest.mark.long
@pytest.mark.parametrize("first", range(150, 4_150, 200))
def test_nor_where_cells_of_thousands_are_left(
    evaluator: Callable[[dict[str, Any]], dict[str, Any]], first: int
) -> None:
    assert sum(check_left(seed, evaluator) for seed in range(first, first + 200)) > 100


def test_a_wrong_value_would_be_found() -> None:
    cells = ['x = "a"\nSEE(1, f"{x}")']
    lies: Evaluate = lambda _: {"seen": {"0:17": {"values": ["b"], "why": None}}, "made": []}  # noqa: E731
    assert places(cells) == {"0:17": 1}
    wrong, known = contradictions(cells, lies, 0)
    assert known == 2
    assert wrong


def test_a_wrong_text_would_be_found() -> None:
    cells = ['x = "a"\ny = x + "b"; y += "c"']
    spans = [[12, 19], [21, 29]]
    made = [{"cell": 0, "span": span, "values": [value]} for span, value in zip(spans, ["ab", "abd"], strict=True)]
    assert recording(cells, made) == ['x = "a"\ny = MAKE(0, (x + "b")); y += "c"; MAKE(1, y)']
    wrong, known = contradictions(cells, lambda _: {"seen": {}, "made": made}, 0)
    assert known == 4
    assert [line.split(":")[0] for line in wrong] == ["cell 0, [21, 29]"] * 2
