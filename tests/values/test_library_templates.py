"""Templates of libraries, filled in by the evaluator and by the libraries."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.values.templates import KINDS, Case

Read = Callable[[list[str]], dict[str, Any]]


@pytest.fixture
def read(evaluator: Callable[[dict[str, Any]], dict[str, Any]]) -> Read:
    """Return the evaluator's results for a notebook."""
    return lambda cells: evaluator({"cells": cells, "strings": True})


def check(kind: str, seed: int, read: Read) -> tuple[int, int]:
    """Return how many results are known, and how many templates are filled in."""
    case = Case(random.Random(seed), kind)
    expected = case.expected()
    if expected is None:
        return 0, 0
    said = read([case.code, 'see = f"{text}"'])
    field = said["seen"]["1:8"]
    is_known = field["why"] is None
    if is_known:
        assert field["values"] == [expected], case.code
    templates = [text for text in said["texts"][0] if text["value"] and text["kind"] == "template"]
    filled = 0
    for text in templates:
        keys = {key for _, key in text["fields"]}
        if all(said["seen"][key]["why"] is None for key in keys):
            assert text["filled"] == expected, case.code
            filled = 1
    return int(is_known), filled


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_is_filled_in_as_its_library_does(kind: str, read: Read) -> None:
    known, filled = (sum(counts) for counts in zip(*(check(kind, seed, read) for seed in range(300)), strict=True))
    assert known > 40
    assert filled > 40
