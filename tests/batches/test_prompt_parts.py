"""The parts of a row's prompt: the same ids in all rows, and places that are those of the prompt."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lit_lab.batches import rows
from lit_lab.batches.plan import Plan
from lit_lab.batches.prompt_parts import PromptPart
from lit_lab.problem import Problem

TEMPLATE = (
    "Answer briefly. Use plain words.\n\nContext: {context}\n\nQuestion: {question}? Think of {question}.\nAnswer:"
)


def read(folder: Path, content: list[dict[str, object]], **plan: str) -> list[rows.BatchRow]:
    path = folder / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, content)), "utf-8")
    return list(rows.read(path, Plan(model="m", **plan)))  # type: ignore[arg-type]


def texts(row: rows.BatchRow) -> list[tuple[str, str]]:
    return [(part.id, part.text) for part in row.parts]


def test_a_templates_sentences_and_values_are_parts(tmp_path: Path) -> None:
    (row,) = read(tmp_path, [{"context": "It rains. Take care.", "question": "Why"}], template=TEMPLATE)
    assert texts(row) == [
        ("text-1", "Answer briefly."),
        ("text-2", "Use plain words."),
        ("text-3", "Context:"),
        ("{context}", "It rains. Take care."),
        ("text-4", "Question:"),
        ("{question}", "Why"),
        ("text-5", "?"),
        ("text-6", "Think of"),
        ("{question}#2", "Why"),
        ("text-7", "."),
        ("text-8", "Answer:"),
    ]
    assert row.prompt is not None
    assert all(row.prompt[part.start : part.end] == part.text for part in row.parts)


def test_a_paragraph_that_is_left_out_doesnt_change_the_ids(tmp_path: Path) -> None:
    first, second = read(
        tmp_path, [{"context": "It rains.", "question": "Why"}, {"context": "", "question": "Why"}], template=TEMPLATE
    )
    assert second.prompt is not None
    assert "Context" not in second.prompt
    assert all(second.prompt[part.start : part.end] == part.text for part in second.parts)
    assert set(texts(first)) - set(texts(second)) == {("text-3", "Context:"), ("{context}", "It rains.")}


def test_a_prompt_column_has_its_own_sentences(tmp_path: Path) -> None:
    (row,) = read(tmp_path, [{"prompt": "  One. Two.\n", "target": "3"}])
    assert row.target == "3"
    assert list(row.parts) == [PromptPart("sentence-1", "One.", 2, 6), PromptPart("sentence-2", "Two.", 7, 11)]


def test_each_turn_of_a_conversation_has_sentences(tmp_path: Path) -> None:
    messages = [
        {"role": "system", "content": "Be kind. Be brief."},
        {"role": "user", "content": "Hello."},
    ]
    (row,) = read(tmp_path, [{"messages": messages}])
    assert row.turns is not None and row.prompt is None
    assert [(part.id, part.turn, part.text) for part in row.parts] == [
        ("sentence-1", 0, "Be kind."),
        ("sentence-2", 0, "Be brief."),
        ("sentence-3", 1, "Hello."),
    ]


def test_rows_that_cant_be_used_say_why(tmp_path: Path) -> None:
    bad, good = read(tmp_path, [{"context": "", "question": ""}, {"context": "a", "question": "b"}], template=TEMPLATE)
    assert "no context or question" in bad.reason
    assert not good.reason


@pytest.mark.parametrize("plan", [{"prompt": "promt"}, {"target": "tarjet"}, {"template": "No column in it."}])
def test_a_column_that_isnt_there(tmp_path: Path, plan: dict[str, str]) -> None:
    with pytest.raises(Problem) as raised:
        read(tmp_path, [{"prompt": "One."}], **plan)
    assert raised.value.status == 422
    assert raised.value.hint
