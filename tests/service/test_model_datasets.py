"""Datasets of prompts from LIT's classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from lit_lab.problem import Problem
from lit_lab.service.datasets import prompt_examples, sample_prompts


def test_the_sample_prompts_are_lits() -> None:
    from lit_nlp.examples.prompt_debugging import datasets

    lits = datasets.get_datasets(["sample_prompts"])["sample_prompts"]
    ours = sample_prompts()
    assert list(ours.examples) == list(lits.examples)
    assert ours.spec() == lits.spec()


def test_missing_fields_are_empty_and_blank_lines_pass(tmp_path: Path) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"prompt": "a\\u2028b"}\n\n{"prompt": "c", "target": "d", "other": 1}\n', "utf-8")
    assert list(prompt_examples(file).examples) == [
        {"source": "", "prompt": "a\u2028b", "target": ""},
        {"source": "", "prompt": "c", "target": "d"},
    ]


@pytest.mark.parametrize("line", ["{", "[1]", "null"])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"prompt": "a"}\n' + line + "\n", "utf-8")
    with pytest.raises(Problem, match=r"Line 2 of own\.jsonl"):
        prompt_examples(file)
