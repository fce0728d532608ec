"""Conversations by models' own chat templates: ids as Jinja renders them, refusals, thinking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from chat_templates import CHATML, GEMMA, GEMMA3, LLAMA2, LLAMA3, MISTRAL, PHI3, QWEN3, SPECIAL
from chats import ids_of
from conversations import TALK, WITH_SYSTEM, check_owned, refusal, turns_of
from test_templates import LLAMA_TOKENS, made_by

from lit_lab.problem import Problem
from lit_lab.service.templates import rendering
from lit_lab.service.templates.own import own
from lit_lab.service.templates.rendering import rendered
from lit_lab.service.templates.stored import Template

CHATML_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
OWN = [
    ("Llama3", LLAMA_TOKENS, LLAMA3, WITH_SYSTEM, "turn"),
    ("Llama3", LLAMA_TOKENS, LLAMA3, TALK, None),
    ("Qwen3", CHATML_TOKENS, QWEN3, WITH_SYSTEM, "turn"),
    ("Qwen3", CHATML_TOKENS, CHATML, WITH_SYSTEM, "turn"),
    ("Qwen3", ["<|endoftext|>", "<|im_end|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"], PHI3, WITH_SYSTEM, "turn"),
    ("Qwen3", ["<|endoftext|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>"], GEMMA3, WITH_SYSTEM, "user"),
    ("Qwen3", ["<|endoftext|>", "<|im_end|>", "[INST]", "[/INST]"], MISTRAL, WITH_SYSTEM, "user"),
    ("Qwen3", ["<|endoftext|>", "<|im_end|>", "[INST]", "[/INST]"], LLAMA2, WITH_SYSTEM, "user"),
]  # fmt: skip


def in_jinja(template: str, said: Sequence[tuple[str, str]], **given: Any) -> str:
    """Render a conversation with Jinja alone, without LIT Lab."""
    from datetime import datetime

    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> None:
        raise ValueError(message)

    template = template.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals |= {"strftime_now": datetime(2024, 7, 26).strftime, "raise_exception": refuse}
    messages = [{"role": "assistant" if role == "model" else role, "content": text} for role, text in said]
    given = {**SPECIAL, "tools": None, "add_generation_prompt": True, "enable_thinking": False} | given
    return environment.from_string(template).render(messages=messages, **given)


@pytest.mark.parametrize(("family", "special", "template", "said", "system"), OWN)
def test_ids_are_those_of_the_conversation_that_the_template_renders(
    keras_libraries: None, family: str, special: list[str], template: str, said: Any, system: str | None
) -> None:
    made, tokenizer = made_by(family, special, template)
    text = in_jinja(template, said, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>")
    prompt = tokenizer.tokenize_turns(turns_of(said))
    assert ids_of(prompt.tokens) == [int(id) for id in made.tokenize(text)]
    assert prompt.system == system
    check_owned(prompt, turns_of(said))


@pytest.mark.parametrize(("family", "special", "template", "said", "system"), OWN)
def test_an_answer_continues_the_models_last_turn(
    keras_libraries: None, family: str, special: list[str], template: str, said: Any, system: str | None
) -> None:
    made, tokenizer = made_by(family, special, template)
    said = [*said[:-1][:3], ("model", "Pear")] if said[-2][0] == "user" else [*said, ("model", "Pear")]
    whole = in_jinja(template, said, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>", add_generation_prompt=False)
    prompt = tokenizer.tokenize_turns(turns_of(said))
    assert ids_of(prompt.tokens) == [int(id) for id in made.tokenize(whole[: whole.rindex("Pear") + 4])]
    assert prompt.tokens[-1].kind == "text"
    check_owned(prompt, turns_of(said))


def test_the_system_turn_may_stand_later_than_it_was_written(keras_libraries: None) -> None:
    _, tokenizer = made_by("Qwen3", ["<|endoftext|>", "<|im_end|>", "[INST]", "[/INST]"], MISTRAL)
    system, first, *_, last = tokenizer.tokenize_turns(turns_of(WITH_SYSTEM)).turn_spans
    assert first.start < system.start < last.start


def test_a_template_without_a_system_turn_says_so_and_what_to_do(keras_libraries: None) -> None:
    _, tokenizer = made_by("Qwen3", ["<|endoftext|>", "<|im_end|>", "<start_of_turn>", "<end_of_turn>"], GEMMA)
    problem = refusal(tokenizer, WITH_SYSTEM)
    assert problem.code == "no_system_turn"
    assert problem.message == "This model's chat format has no system turn."
    assert "first user turn" in problem.hint
    silent = (
        "{% for m in messages if m.role != 'system' %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    )
    _, tokenizer = made_by("Qwen3", CHATML_TOKENS, silent + "<|im_start|>assistant\n")
    assert refusal(tokenizer, WITH_SYSTEM).code == "no_system_turn"


REFUSED = {
    "in its own words": (LLAMA2, [("user", "a"), ("user", "b")], "chat template refuses the conversation: Roles must alternate."),
    "a turn left out": (
        "{{ messages[-1].content }}<|im_end|>\n",
        TALK,
        "it omits turn 1.",
    ),
    "a turn twice": (
        "{% for m in messages %}{{ m.content }}{% if messages|length > 1 %}{{ m.content }}{% endif %}{% endfor %}<|im_end|>",
        TALK,
        "it repeats turn 1.",
    ),
    "a fault": (
        "{{ messages[0].content }}{% if messages|length > 1 %}{{ 1 // 0 }}{% endif %}<|im_end|>",
        TALK,
        "it fails (ZeroDivisionError",
    ),
    "too much": (
        "{% for m in messages %}{{ m.content }}{% endfor %}{% if messages|length > 1 %}{% for i in range(2000) %}"
        "{{ 'a' * 1000 }}{% endfor %}{% endif %}<|im_end|>",
        TALK,
        "1,048,576",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_by_a_template_gives_its_message(keras_libraries: None, case: str) -> None:
    template, said, expected = REFUSED[case]
    _, tokenizer = made_by("Qwen3", CHATML_TOKENS, template)
    problem = refusal(tokenizer, said)
    assert problem.code == "turns_refused"
    assert expected in problem.message
    assert problem.hint


def test_no_text_of_a_turn_is_rendered_and_each_list_of_roles_once(monkeypatch: pytest.MonkeyPatch) -> None:
    orders: list[Any] = []
    run = rendering.run
    chat = own(rendered(Template(CHATML, SPECIAL)), "<s>")

    def counted(template: Template, conversations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        orders.append(conversations)
        return run(template, conversations)

    monkeypatch.setattr(rendering, "run", counted)
    first = chat.written(["user", "model", "user"])
    assert chat.written(["user", "model", "user"]) is first
    assert len(orders) == 1
    assert [message["role"] for message in orders[0][0]["messages"]] == ["user", "assistant", "user"]
    # A template that fails isn't rendered twice either.
    refusing = own(rendered(Template(LLAMA2, SPECIAL)), "<s>")
    orders.clear()
    for _ in range(2):
        with pytest.raises(Problem):
            refusing.written(["user", "user"])
    assert len(orders) == 1
    for count in range(1, 20):
        chat.written(["user"] * count)
    assert len(chat.writer._known) <= 16


def test_thinking_is_requested_as_for_a_prompt(keras_libraries: None) -> None:
    _, tokenizer = made_by("Qwen3", CHATML_TOKENS, QWEN3)
    plain, thinking = (tokenizer.tokenize_turns(turns_of(TALK), "on", thinks) for thinks in (False, True))
    assert (plain.thinks, thinking.thinks) == (False, True)
    assert len(thinking.tokens) < len(plain.tokens)
    _, tokenizer = made_by("Qwen3", CHATML_TOKENS, CHATML)
    assert not tokenizer.tokenize_turns(turns_of(TALK), "on", True).thinks


def test_many_turns_are_kept_apart(keras_libraries: None) -> None:
    _, tokenizer = made_by("Qwen3", CHATML_TOKENS, CHATML)
    turns = turns_of([("model" if index % 2 else "user", f"a{index}") for index in range(999)])
    check_owned(tokenizer.tokenize_turns(turns), turns)
