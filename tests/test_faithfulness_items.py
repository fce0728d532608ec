"""The prompts of `benchmarks/faithfulness.py` have the documented number, all differ, and are the same each time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COUNT = 40


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    import faithfulness_items

    yield faithfulness_items
    del sys.modules["faithfulness_items"]


def test_there_are_forty_different_prompts_of_each_of_four_kinds(made: Any) -> None:
    assert len(made.KINDS) == 4
    prompts = [item.prompt for kind in made.KINDS for item in made.items(kind, COUNT)]
    assert len(set(prompts)) == 4 * COUNT
    assert all(150 <= len(prompt) <= 800 for prompt in prompts)


def test_fewer_are_the_first_of_more(made: Any) -> None:
    for kind in made.KINDS:
        assert made.items(kind, 3) == made.items(kind, 9)[:3]


def test_a_fact_is_planted_once_at_each_of_five_depths(made: Any) -> None:
    found = made.items("fact", COUNT)
    assert [item.depth for item in found] == list(range(5)) * 8
    for item in found:
        before, behind = item.prompt.split(item.planted)
        assert item.word in item.planted
        assert item.word not in before + behind
        text = before + behind.split("Question:")[0]
        sentences = text.count(".")
        assert before.count(".") == pytest.approx(item.depth * sentences / 4, abs=0.5)


def test_only_facts_are_planted(made: Any) -> None:
    assert not any(item.planted for kind in made.KINDS if kind != "fact" for item in made.items(kind, COUNT))
