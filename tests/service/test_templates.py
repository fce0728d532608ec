"""Models' own chat templates: the text and the tokens that they add to prompts, as Jinja renders them."""

from __future__ import annotations

from typing import Any

import pytest
from chat_templates import CHATML, FAMILIES, LLAMA2, LLAMA3, MISTRAL, PHI3, QWEN3, SPECIAL, directly
from chats import byte_level, ids_of, joined

from lit_lab.service.pieces import SentencePieces
from lit_lab.service.templates import rendering
from lit_lab.service.templates.found import Found
from lit_lab.service.templates.own import OwnTemplate, own
from lit_lab.service.templates.rendering import rendered
from lit_lab.service.templates.stored import Template
from lit_lab.service.tokens import SequenceTokenizer


def of(template: str, start: str = "<s>") -> OwnTemplate:
    return own(rendered(Template(template, SPECIAL)), start)


# --- What templates put around prompts ---


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_familys_template_puts_around_a_prompt(family: str) -> None:
    text, before, behind, name, system = FAMILIES[family]
    made = rendered(Template(text, SPECIAL))
    chat = own(made, "<s>")
    assert chat.around("Onion soup") == ("wrapped", before, behind)
    assert (chat.name, made.system) == (name, system)
    start = "<s>" if "bos_token" in text else ""
    assert start + before + "Onion soup" + behind == directly(text, "Onion soup")
    assert made.date == (rendering.DATE if family == "Llama 3" else "")
    assert (made.thinking is not None) == (family == "Qwen 3")


def test_a_prompt_is_never_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    chat = of(PHI3)
    monkeypatch.setattr(rendering, "run", lambda *_: pytest.fail("a template was run"))
    prompt = "{{ messages }}{% for x in y %}"
    assert chat.around(prompt) == ("wrapped", "<|user|>\n", "<|end|>\n<|assistant|>\n")


def test_thinking_is_off_unless_it_is_asked_for() -> None:
    chat = of(QWEN3)
    plain = "<|im_end|>\n<|im_start|>assistant\n"
    assert chat.around("Why?")[2] == f"{plain}<think>\n\n</think>\n\n"
    assert chat.around("Why?", thinks=True)[2] == plain
    assert directly(QWEN3, "Why?", enable_thinking=True).endswith(plain)
    # Text with written turns continues in the same way.
    assert chat.around("<|im_start|>user\nWhy?")[2] == f"{plain}<think>\n\n</think>\n\n"
    assert chat.around("<|im_start|>user\nWhy?<|im_end|>", thinks=True)[2] == "\n<|im_start|>assistant\n"
    assert chat.around("<|im_start|>assistant\nIt") == ("written", "", "")


WRITTEN: list[tuple[str, str, tuple[str, str, str]]] = [
    (PHI3, "<|user|>\nOnion", ("written", "", "<|end|>\n<|assistant|>\n")),
    (PHI3, "<|user|>\nOnion<|end|>", ("written", "", "\n<|assistant|>\n")),
    (PHI3, "<|user|>\nOnion<|end|>\n", ("written", "", "<|assistant|>\n")),
    (PHI3, "<|user|>\nOnion<|end|>\n<|assistant|>\n", ("written", "", "")),
    (PHI3, "<|user|>\nOnion<|end|>\n<|assistant|>", ("written", "", "\n")),
    (PHI3, "<|user|>\nOnion<|end|>\n<|assistant|>\nIt has", ("written", "", "")),
    (PHI3, "<|user|>\nOnion<|end|>\nAnalysis:", ("written", "", "")),
    (PHI3, "<|system|>\nBe brief.<|end|>\n<|user|>\nOnion", ("written", "", "<|end|>\n<|assistant|>\n")),
    (PHI3, "Onion<|end|>", ("wrapped", "<|user|>\n", "\n<|assistant|>\n")),
    (PHI3, "an <|end|> in it", ("wrapped", "<|user|>\n", "<|end|>\n<|assistant|>\n")),
    (PHI3, "an <|image|> in it", ("wrapped", "<|user|>\n", "<|end|>\n<|assistant|>\n")),
    (MISTRAL, "[INST]Onion", ("written", "", "[/INST]")),
    (MISTRAL, "[INST]Onion[/INST]", ("written", "", "")),
    (MISTRAL, "[INST]Onion[/INST]No.</s>[INST]Why?", ("written", "", "[/INST]")),
    (LLAMA2, "[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nOnion [/INST] It has", ("written", "", "")),
    (CHATML, "<|im_start|>user\nOnion", ("written", "", "<|im_end|>\n<|im_start|>assistant\n")),
    ("USER: {{ messages[-1].content }} ASSISTANT:", "USER: Hi", ("wrapped", "USER: ", " ASSISTANT:")),
]


@pytest.mark.parametrize(("template", "prompt", "expected"), WRITTEN)
def test_turns_that_somebody_wrote(template: str, prompt: str, expected: tuple[str, str, str]) -> None:
    assert of(template).around(prompt) == expected


# --- Tokens ---


def made_by(family: str, special: list[str], template: str, *ends: str) -> tuple[Any, SequenceTokenizer]:
    """Return a family's own tokenizer, and LIT Lab's with a template."""
    from types import SimpleNamespace

    from lit_lab.service.tokens import sequence_tokenizer

    made, _ = byte_level(family, special, *ends)
    causal_lm = SimpleNamespace(preprocessor=SimpleNamespace(tokenizer=made))
    names = {"bos_token": ends[0] if ends else "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
    return made, sequence_tokenizer(causal_lm, True, Found(rendered(Template(template, names))))


LLAMA_TOKENS = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]


@pytest.mark.parametrize(
    ("family", "special", "template"),
    [
        ("Llama3", LLAMA_TOKENS, LLAMA3),
        ("Qwen3", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], QWEN3),
        ("Qwen3", ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], CHATML),
        ("Qwen3", ["<|endoftext|>", "<|im_end|>", "<|user|>", "<|assistant|>", "<|end|>"], PHI3),
    ],
)
@pytest.mark.parametrize("prompt", ["Onion soup", "\u00e9\n<|x|> {{ 1 }} \U0001f600", "a\n\nb"])
def test_ids_are_those_of_the_rendered_text(
    keras_libraries: None, family: str, special: list[str], template: str, prompt: str
) -> None:
    made, tokenizer = made_by(family, special, template)
    rendered_text = directly(template, prompt, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>")
    asked = tokenizer.tokenize_prompt(prompt)
    assert ids_of(asked.tokens) == [int(id) for id in made.tokenize(rendered_text)]
    assert (asked.use, joined(asked.tokens)) == ("wrapped", prompt)
    # The start token comes from the template or the user, and occurs once.
    if family == "Llama3":
        own_start = tokenizer.tokenize_prompt(f"<|begin_of_text|>{prompt}").tokens
        assert ids_of(own_start) == ids_of(asked.tokens)
        assert own_start[0].kind == "control"


def test_what_ends_the_models_turn_ends_an_answer(keras_libraries: None) -> None:
    template = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|over|>{% endfor %}<|assistant|>"
    made, tokenizer = made_by(
        "Qwen3", ["<|endoftext|>", "<|im_end|>", "<|user|>", "<|assistant|>", "<|over|>"], template
    )
    assert made.token_to_id("<|over|>") in tokenizer.stop_ids


def test_no_blank_is_put_before_the_first_turn() -> None:
    """SentencePiece would add one, but transformers and Mistral's own tokenizer begin with the turn."""
    import io

    import sentencepiece

    proto = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["onion soup with onions"] * 50),
        model_writer=proto,
        model_type="bpe",
        vocab_size=290,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        user_defined_symbols=["[INST]", "[/INST]"],
        minloglevel=2,
    )
    tokenizer = SequenceTokenizer(
        SentencePieces(proto.getvalue()), [1], [2], 290, 0, True, Found(rendered(Template(MISTRAL, SPECIAL)))
    )
    pieces = [token.piece for token in tokenizer.tokenize_prompt("onion").tokens]
    assert (pieces[:2], pieces[-1]) == (["<s>", "[INST]"], "[/INST]")
    assert joined(tokenizer.tokenize_prompt("onion").tokens) == "onion"
    assert [token.piece for token in tokenizer.prompt("onion")][1].startswith("▁")
    # Nor does it count as the end of the model's turn.
    text = (
        "{% for m in messages %}{{ '[INST]' + m.content + '[/INST]' if m.role == 'user' else m.content }}{% endfor %}"
    )
    closing = Found(rendered(Template(text)))
    ends = SequenceTokenizer(SentencePieces(proto.getvalue()), [1], [2], 290, 0, True, closing).stop_ids
    assert ends == {2, tokenizer.tokenize_prompt("onion").tokens[1].id}
