"""Conversations in files of checks, and how models answer."""

from __future__ import annotations

import json

import pytest

from lit_lab.checks import Settings
from lit_lab.checks.places import Place
from lit_lab.checks.settings import settings_of
from lit_lab.protocol import GenerateRequest
from tests.checks.files import START, refused


def test_a_datasets_own_conversations(written):
    text = START + "- {dataset: rows.jsonl, expect: [equals: target]}"
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    row = {"messages": [*messages, {"role": "assistant", "content": "Hello"}]}
    (case,) = written(text, rows__jsonl=json.dumps(row)).prompts[0].cases
    assert (case.prompt, case.turns, case.target, case.fault) == (
        "",
        (("system", "Be brief."), ("user", "Hi")),
        "Hello",
        "",
    )


def test_a_conversation_of_the_file(written):
    (prompt,) = written(
        START
        + """
- turns:
  - {role: system, text: Answer in JSON.}
  - {role: user, content: Hi}
  - role: assistant
    content: Hello {name}
  - role: Human
    text: "{city}?"
  expect: [{influenced_by: Answer in JSON., at_least: 1}, {influenced_by: Hello, at_most: 1}]
"""
    ).prompts
    (case,) = prompt.cases
    assert (case.prompt, case.row) == ("", 0)
    assert case.turns == (("system", "Answer in JSON."), ("user", "Hi"), ("model", "Hello {name}"), ("user", "{city}?"))


def test_a_conversation_with_a_datasets_values(written):
    made = written(
        START
        + """
- dataset: rows.jsonl
  turns:
  - {role: system, text: Answer in {{language}}.}
  - {role: user, text: "{city}?"}
  expect: [contains: "{city}"]
""".replace("Answer in {{language}}.", "'Answer in {{language}}.'"),
        rows__jsonl='{"language": "JSON", "city": "Rome"}\n{"language": "", "city": "Lima"}\n{"language": "", "city": ""}\n',
    )
    first, second, third = made.prompts[0].cases
    assert first.turns == (("system", "Answer in JSON."), ("user", "Rome?"))
    assert (first.checks[0].name, first.fault) == ("contains Rome", "")
    assert second.fault == "The row has no language."
    assert third.fault == "The row can't be used. It has no language or city."


def test_how_models_answer(written):
    made = written(
        """
model: m
max_new_tokens: 24
temperature: 0.50
stop: ["\\n", 3.10, "\\n"]
prompts:
- {prompt: Hi, expect: [max_length: 1]}
- {prompt: You, max_new_tokens: 5, stop: [], top_k: 3, top_p: 1, seed: 7, repetition_penalty: 1.1, expect: [max_length: 1]}
""",
    )
    first, second = (prompt.settings for prompt in made.prompts)
    assert first == Settings(max_new_tokens=24, temperature=0.5, stop=("\n", "3.10"))
    assert second == Settings(5, 0.5, 3, 1.0, 1.1, 7)


@pytest.mark.parametrize("is_in_prompt", [False, True])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("max_new_tokens: 0", "max_new_tokens: This should be a whole number from 1 to 262,144; it is 0."),
        ("max_new_tokens: 262145", "a whole number from 1 to 262,144; it is 262145."),
        ("max_new_tokens: 1e3", "a whole number from 1 to 262,144; it is 1e3."),
        ("max_new_tokens: '5'", "a whole number from 1 to 262,144; it is “5”."),
        ("max_new_tokens: true", "a whole number from 1 to 262,144; it is true or false."),
        ("max_new_tokens:", "a whole number from 1 to 262,144; it is empty."),
        ("max_new_token: 3", "max_new_token isn't known here. Did you mean max_new_tokens?"),
        ("top_k: 1.5", "top_k: This should be a whole number from 1 to 262,144; it is 1.5."),
        ("seed: -1", "seed: This should be a whole number from 0 to 2,147,483,647; it is -1."),
        ("temperature: 10.1", "temperature: This should be a number from 0 to 10; it is 10.1."),
        ("temperature: 1e999", "a number from 0 to 10; it is 1e999."),
        ("temperature: nan", "a number from 0 to 10; it is “nan”."),
        ("temperature: [1]", "a number from 0 to 10; it is a list."),
        ("top_p: 0", "top_p: This should be a number above 0, up to 1; it is 0."),
        ("repetition_penalty: 0.99", "repetition_penalty: This should be a number from 1 to 2; it is 0.99."),
        ("stop: ''", "stop: The text is empty."),
        ("stop: [a, [b]]", "stop[2]: This should be a text; it is a list."),
        (f"stop: {'a' * 101}", "stop: The text is longer than 100 characters."),
        ("stop: [a, b, c, d, e, f, g, h, i]", "stop: The list has more than 8 texts."),
    ],
)
def test_settings_that_are_none(written, line, expected, is_in_prompt):
    text = START + "- prompt: Hi\n  expect: [max_length: 1]\n"
    said = refused(written, text + f"  {line}\n" if is_in_prompt else f"{line}\n{text}")
    assert said.startswith("checks.yaml, line 5, prompts[1]." if is_in_prompt else "checks.yaml, line 1, ")
    assert expected in said


@pytest.mark.parametrize(
    "settings",
    [
        {"max_new_tokens": 1, "temperature": 0, "top_k": 1, "top_p": 0.001, "repetition_penalty": 1, "seed": 0},
        {
            "max_new_tokens": 262_144,
            "temperature": 10,
            "top_k": 262_144,
            "top_p": 1,
            "repetition_penalty": 2,
            "seed": 2**31 - 1,
            "stop": [f"{index:0100}" for index in range(8)],
        },
    ],
)
def test_the_bounds_are_the_protocols(settings):
    taken = vars(settings_of(settings, Place("checks.yaml"), Settings()))
    outer = {key: taken.pop(key) for key in ("max_new_tokens", "stop")}
    GenerateRequest(model="m", prompt="", sampling=taken, **outer)
