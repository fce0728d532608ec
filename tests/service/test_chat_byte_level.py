"""Chat formats of byte-level vocabularies: the same ids as from a family's own tokenizer and template."""

from __future__ import annotations

from typing import Any

import pytest
from chats import BYTE_LEVEL, byte_level, ids_of, joined


@pytest.mark.parametrize("family", BYTE_LEVEL)
def test_other_families_formats(keras_libraries: None, family: str) -> None:
    name, special, before, behind = BYTE_LEVEL[family]
    made, tokenizer = byte_level(family, special)
    assert tokenizer.chat is not None
    assert tokenizer.chat.name == name
    for prompt in ("onion", "\nonion 😀"):
        asked = tokenizer.tokenize_prompt(prompt)
        start = [made.start_token_id] if family == "Llama3" else []
        assert ids_of(asked.tokens) == [*start, *(int(id) for id in made.tokenize(before + prompt + behind))]
        assert joined(asked.tokens) == prompt
    own = before + "onion" + behind.partition("\n")[0]
    assert tokenizer.tokenize_prompt(own).use == "written"


SMOLLM2 = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a "
    "helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + "
    "message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ "
    "'<|im_start|>assistant\n' }}{% endif %}"
)
"""The chat template of SmolLM2 135M Instruct, from the model's file (Hugging Face, Apache-2.0)."""


def by_template(*said: str) -> str:
    """Return turns (`role: text`) as SmolLM2's template renders them, with the beginning of the answer's turn."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    messages = [dict(zip(("role", "content"), turn.split(": ", 1), strict=True)) for turn in said]
    template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(SMOLLM2)
    return template.render(messages=messages, add_generation_prompt=True)


@pytest.fixture(scope="module")
def smollm2(keras_libraries: None) -> Any:
    """SmolLM2's vocabulary as keras-hub converts it: the start token begins a turn, and the end token ends one."""
    return byte_level("Llama3", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], "<|im_start|>", "<|im_end|>")


SYSTEM = by_template("user: ").partition("<|im_start|>user")[0]


@pytest.mark.parametrize("prompt", ["Onion soup", "\nOnion\n", " ", "an <|im_end|> in it", "😀 漢"])
def test_a_prompt_is_what_smollm2s_own_template_makes_of_it(smollm2: Any, prompt: str) -> None:
    made, tokenizer = smollm2
    asked = tokenizer.tokenize_prompt(prompt)
    rendered = by_template(f"user: {prompt}")
    # Except for the system text, which is the model's own and not part of ChatML.
    assert rendered.startswith(SYSTEM + "<|im_start|>user")
    assert ids_of(asked.tokens) == [int(id) for id in made.tokenize(rendered.removeprefix(SYSTEM))]
    assert (asked.use, joined(asked.tokens)) == ("wrapped", prompt)


@pytest.mark.parametrize(
    "said",
    [
        ["user: Onion soup"],
        ["system: Be brief.", "user: Onion soup"],
        ["user: Onion soup", "assistant: Avoid.", "user: Why?"],
    ],
)
@pytest.mark.parametrize("mode", ["auto", "off"])
@pytest.mark.parametrize("blanks", ["", "\n"])
def test_a_conversation_as_smollm2s_own_template_renders_it_stays_as_it_is(
    smollm2: Any, said: list[str], mode: Any, blanks: str
) -> None:
    made, tokenizer = smollm2
    prompt = blanks + by_template(*said)
    asked = tokenizer.tokenize_prompt(prompt, mode)
    assert ids_of(asked.tokens) == [int(id) for id in made.tokenize(prompt)]
    assert joined(asked.tokens) == prompt
    assert "template" not in {token.kind for token in asked.tokens}


def test_text_without_turns_begins_as_keras_has_any_begin(smollm2: Any) -> None:
    made, tokenizer = smollm2
    plain = tokenizer.tokenize_prompt("onion", "off").tokens
    assert ids_of(plain) == [made.start_token_id, *(int(id) for id in made.tokenize("onion"))]


@pytest.mark.parametrize(
    ("family", "special", "start", "end"),
    [
        ("Llama3", [*BYTE_LEVEL["Llama3"][1]], "<|begin_of_text|>", "<|end_of_text|>"),
        ("GPT2", ["<|endoftext|>"], "<|endoftext|>", "<|endoftext|>"),
    ],
)
def test_a_start_token_that_was_typed_stands_once_in_byte_level_vocabularies(
    keras_libraries: None, family: str, special: list[str], start: str, end: str
) -> None:
    made, tokenizer = byte_level(family, special, start, end)
    for mode in ("off", "auto"):
        without = tokenizer.tokenize_prompt("onion", mode).tokens
        asked = tokenizer.tokenize_prompt(f"{start}onion", mode).tokens
        assert ids_of(asked) == ids_of(without)
        assert ids_of(asked).count(made.start_token_id) == 1
        assert (asked[0].kind, asked[0].text) == ("control", start)
        assert joined(asked) == f"{start}onion"
