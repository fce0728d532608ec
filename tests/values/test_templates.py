"""Templates of libraries, filled in by the evaluator and by the libraries themselves."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.values.templates import KINDS, Case

ROOT = Path(__file__).parents[2]

Read = Callable[[list[str]], dict[str, Any]]


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Read]:
    """What the evaluator says of a notebook."""
    folder = tmp_path_factory.mktemp("evaluator")
    subprocess.run(["node", "tests/values/bundle.mjs", folder], cwd=ROOT, check=True)
    with subprocess.Popen(
        ["node", folder / "evaluator.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask(cells: list[str]) -> dict[str, Any]:
            stdin.write(json.dumps({"cells": cells, "strings": True}) + "\n")
            stdin.flush()
            said: dict[str, Any] = json.loads(stdout.readline())
            return said

        yield ask
        stdin.close()


def check(kind: str, seed: int, read: Read) -> tuple[int, int]:
    """How many results are known, and how many templates are filled in."""
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
