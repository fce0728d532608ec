"""Models' own chat templates: what they put around prompts, as Jinja itself renders them; and hostile ones, which harm nobody."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_chat import byte_level, ids_of, joined
from test_gguf import file_of, folder_of, loaded

from lit_lab.problem import Problem
from lit_lab.protocol import AnswerEvent, GenerateRequest, PromptEvent, ScoreRequest
from lit_lab.service.cancellation import Cancellation
from lit_lab.service.pieces import SentencePieces
from lit_lab.service.templates import rendering, stored
from lit_lab.service.templates.found import Found, found
from lit_lab.service.templates.known import known
from lit_lab.service.templates.own import OwnTemplate, own
from lit_lab.service.templates.rendering import Rendering, rendered
from lit_lab.service.templates.stored import Template, TemplateError
from lit_lab.service.tokens import SequenceTokenizer

SPECIAL = {"bos_token": "<s>", "eos_token": "</s>"}

GEMMA = (
    "{{ bos_token }}{% if messages[0].role == 'system' %}{{ raise_exception('There is no system role') }}{% endif %}"
    "{% for m in messages %}{% set role = 'model' if m.role == 'assistant' else m.role %}"
    "{{ '<start_of_turn>' + role + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
GEMMA3 = (
    "{{ bos_token }}{% set first = '' %}{% if messages[0].role == 'system' %}{% set first = messages[0].content + '\n\n' %}"
    "{% set messages = messages[1:] %}{% endif %}{% for m in messages %}"
    "{{ '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\n' + (first if loop.first else '') }}"
    "{% if m.content is string %}{{ m.content | trim }}{% endif %}{{ '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
LLAMA3 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") if strftime_now is defined else "1 Jan 2000" %}
{%- endif %}
{%- if messages[0].role == 'system' %}
    {%- set system = messages[0].content | trim %}
    {%- set messages = messages[1:] %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\nToday Date: " + date_string + "\n\n" + (system or "") + "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if tools is not none %}{{ raise_exception('There are no tools') }}{% endif %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
"""
LLAMA2 = (
    "{% if messages[0].role == 'system' %}{% set first = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' %}"
    "{% set messages = messages[1:] %}{% else %}{% set first = '' %}{% endif %}{% for m in messages %}"
    "{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{% if m.role == 'user' %}{{ bos_token + '[INST] ' + (first if loop.first else '') + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content + ' ' + eos_token }}{% endif %}{% endfor %}"
)
MISTRAL = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message, loop_messages = messages[0]["content"], messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set users = loop_messages | selectattr("role", "equalto", "user") | list %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" and message == users[-1] and system_message is defined %}
        {{- "[INST]" + system_message + "\n\n" + message["content"] + "[/INST]" }}
    {%- elif message["role"] == "user" %}
        {{- "[INST]" + message["content"] + "[/INST]" }}
    {%- else %}
        {{- message["content"] + eos_token }}
    {%- endif %}
{%- endfor %}
"""
CHATML = (
    "{% for m in messages %}{% if loop.first and m.role != 'system' %}<|im_start|>system\nBe brief.<|im_end|>\n{% endif %}"
    "{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
QWEN3 = """{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
    {%- set messages = messages[1:] %}
{%- endif %}
{%- set ns = namespace(last=messages|length - 1) %}
{%- for message in messages %}
    {%- if '</think>' in message.content %}{% continue %}{% endif %}
    {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\n\n</think>\n\n' }}{%- endif %}
{%- endif %}
"""
PHI3 = (
    "{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}"
    "{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}"
    "{% else %}{% generation %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endgeneration %}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}"
)

# What is put around a prompt, what it is called, its system turn.
FAMILIES: dict[str, tuple[str, str, str, str, str]] = {
    "Gemma": (GEMMA, "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n", "Gemma", "none"),
    "Gemma 3": (GEMMA3, "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n", "Gemma", "possible"),
    "Llama 2": (LLAMA2, "[INST] ", " [/INST]", "own", "possible"),
    "Llama 3": (
        LLAMA3,
        "<|start_header_id|>system<|end_header_id|>\n\nToday Date: 26 Jul 2024\n\n<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
        "Llama 3",
        "added",
    ),
    "Mistral": (MISTRAL, "[INST]", "[/INST]", "own", "possible"),
    "SmolLM 2": (
        CHATML,
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n",
        "ChatML",
        "added",
    ),
    "Qwen 3": (
        QWEN3,
        "<|im_start|>user\n",
        "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
        "ChatML",
        "possible",
    ),
    "Phi-3": (PHI3, "<|user|>\n", "<|end|>\n<|assistant|>\n", "own", "possible"),
}


def directly(template: str, prompt: str, **given: Any) -> str:
    """Return what Jinja makes of a prompt, without us."""
    from datetime import datetime

    from jinja2.sandbox import ImmutableSandboxedEnvironment

    template = template.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["strftime_now"] = datetime(2024, 7, 26).strftime
    given = {**SPECIAL, "tools": None, "add_generation_prompt": True, "enable_thinking": False} | given
    return environment.from_string(template).render(messages=[{"role": "user", "content": prompt}], **given)


def of(template: str, start: str = "<s>") -> OwnTemplate:
    return own(rendered(Template(template, SPECIAL)), start)


def refused(template: str) -> str:
    with pytest.raises(TemplateError) as failure:
        rendered(Template(template, SPECIAL))
    return str(failure.value)


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
    # What somebody wrote goes on in the same way.
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
    """Return a family's own tokenizer, and ours with a template."""
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
    # The start token is the template's, or the user's; it stands once.
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
    """As SentencePiece would: transformers and Mistral's own tokenizer begin with the turn."""
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
    # Nor is it taken for what ends the model's turn.
    text = (
        "{% for m in messages %}{{ '[INST]' + m.content + '[/INST]' if m.role == 'user' else m.content }}{% endfor %}"
    )
    closing = Found(rendered(Template(text)))
    ends = SequenceTokenizer(SentencePieces(proto.getvalue()), [1], [2], 290, 0, True, closing).stop_ids
    assert ends == {2, tokenizer.tokenize_prompt("onion").tokens[1].id}


# --- What can't be used ---

HOSTILE: dict[str, tuple[str, str]] = {
    "without end": (
        "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}",
        "takes more than 2 seconds",
    ),
    "a large text": ("{{ 'a' * 10 ** 9 }}", "256 MiB"),
    "a text that grows": (
        "{% set ns = namespace(a='aaaaaaaaaaaaaaaa') %}{% for i in range(40) %}{% set ns.a = ns.a ~ ns.a %}{% endfor %}",
        "256 MiB",
    ),
    "a wide number": ("{{ '%1000000000d' % 1 }}", "256 MiB"),
    "a huge range": ("{% for i in range(10 ** 12) %}{% endfor %}", "Range too big"),
    "a long output": ("{% for i in range(2000) %}{{ 'a' * 1000 }}{% endfor %}{{ messages[0].content }}", "1,048,576"),
    "classes": ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "may not use"),
    "globals": ("{{ lipsum.__globals__['os'].popen('id').read() }}", "may not use"),
    "an initializer": ("{{ cycler.__init__.__globals__ }}", "may not use"),
    "a class by a format": ("{{ messages[0].content }}{{ '{0.__class__}'.format(1) }}", ""),
    "a changed list": ("{{ messages.append(1) }}", "may not use"),
    "recursion": ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "endlessly"),
    "depth": ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", ""),
    "no Jinja": ("{% if %}", "isn't valid Jinja"),
    "a file": ("{% include '/etc/passwd' %}", "no loader"),
    "an exception": (
        "{{ raise_exception('Not\x1b[31m for you') }}",
        "refuses a conversation of one turn (Not [31m for you)",
    ),
    "nothing of the prompt": ("Hello", "omits or changes the prompt"),
    "another case": ("{{ messages[0].content | lower }}", "omits or changes the prompt"),
    "the prompt twice": ("{{ messages[0].content * 2 }}", "repeats the prompt"),
    "half a character": ("{{ '\\ud800' }}{{ messages[0].content }}", "half of a character"),
}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound no address space")
@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_template_ends_in_a_reason(case: str) -> None:
    template, reason = HOSTILE[case]
    began = time.monotonic()
    if case == "a class by a format":
        # What the sandbox leaves out of a text is no harm.
        assert "class" not in rendered(Template(template)).plain.behind
        return
    said = refused(template)
    # What takes memory takes time, too: on a busy machine the one may end before the other.
    assert reason in said or (reason == "256 MiB" and "2 seconds" in said)
    assert len(said) < 400
    assert said.isprintable()
    # The process's start isn't the template's.
    assert time.monotonic() - began < rendering.SECONDS + rendering.STARTING


ESCAPED = """
import importlib.util, json, os, socket

spec = importlib.util.spec_from_file_location("child", {path!r})
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)

def tried(what):
    try:
        what()
    except (OSError, MemoryError) as error:
        return type(error).__name__
    return "done"

def said(environment, order):
    found = {{"variables": sorted(os.environ), "argv": len(os.sys.argv), "modules": "lit_lab" in os.sys.modules}}
    found["file"] = tried(lambda: open(child.__file__))
    found["socket"] = tried(socket.socket)
    found["memory"] = tried(lambda: bytearray(order["memory"]))
    return [{{"text": json.dumps(found)}}]

child._said = said
child.main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound less")
def test_whoever_got_out_of_the_sandbox_would_find_little(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the user's, nothing of this package, no file, no connection and no memory."""
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    script = tmp_path / "escaped.py"
    script.write_text(ESCAPED.format(path=str(Path(rendering.child.__file__))))
    monkeypatch.setattr(rendering.child, "__file__", str(script))
    (said,) = rendering.run(Template(""), [{}])
    seen = json.loads(said["text"])
    assert set(seen.pop("variables")) <= {"LC_CTYPE"}
    assert seen == {"argv": 1, "modules": False, "file": "OSError", "socket": "OSError", "memory": "MemoryError"}


def test_a_process_that_does_not_begin_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text("raise SystemExit\n")
    monkeypatch.setattr(rendering.child, "__file__", str(tmp_path / "child.py"))
    assert "didn't start" in refused(PHI3)


def test_without_jinja_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering.importlib.util, "find_spec", lambda _: None)
    assert "Jinja2" in refused(PHI3)


# --- Where templates are ---


def put(place: Path, name: str, what: Any) -> None:
    (place / name).write_text(what if isinstance(what, str) else json.dumps(what))


@pytest.mark.parametrize(
    ("files", "text"),
    [
        ({"tokenizer_config.json": {"chat_template": PHI3}}, PHI3),
        ({"tokenizer_config.json": {"chat_template": [{"name": "default", "template": PHI3}]}}, PHI3),
        (
            {
                "tokenizer_config.json": {
                    "chat_template": [{"name": "tool_use", "template": "x"}, {"name": "default", "template": PHI3}]
                }
            },
            PHI3,
        ),
        ({"tokenizer_config.json": {"chat_template": [{"name": "rag", "template": PHI3}]}}, PHI3),
        ({"chat_template.json": {"chat_template": PHI3}, "tokenizer_config.json": {"chat_template": "x"}}, PHI3),
        (
            {
                "chat_template.jinja": PHI3,
                "chat_template.json": {"chat_template": "x"},
                "tokenizer_config.json": {"chat_template": "x"},
            },
            PHI3,
        ),
        ({"tokenizer_config.json": {"model_max_length": 1}}, None),
        ({}, None),
    ],
)
def test_a_template_of_a_folder(tmp_path: Path, files: dict[str, Any], text: str | None) -> None:
    for name, what in files.items():
        put(tmp_path, name, what)
    read = stored.in_folder(tmp_path)
    assert (read and read.text) == text


def test_special_tokens_are_spelled_as_the_files_say(tmp_path: Path) -> None:
    put(tmp_path, "special_tokens_map.json", {"bos_token": "<x>", "eos_token": {"content": "<y>"}, "pad_token": "<p>"})
    put(tmp_path, "tokenizer_config.json", {"chat_template": "x", "bos_token": {"content": "<s>"}, "unk_token": None})
    read = stored.in_folder(tmp_path)
    assert read is not None
    assert read.special == {"bos_token": "<s>", "eos_token": "<y>", "pad_token": "<p>"}


def test_a_template_whose_name_is_no_text_is_one_all_the_same(tmp_path: Path) -> None:
    put(tmp_path, "tokenizer_config.json", {"chat_template": [{"name": ["default"], "template": "x"}]})
    read = stored.in_folder(tmp_path)
    assert read is not None
    assert read.text == "x"


def test_tokens_that_swallow_blanks_cost_no_more_than_the_text(tmp_path: Path) -> None:
    long = "a" * 20_000
    spelled = ["<|end|>", "", long + "b", long + "c", "a" * stored.MAX_TOKEN]
    decoder = {str(id): {"content": each, "rstrip": True} for id, each in enumerate(spelled)}
    put(tmp_path, "tokenizer_config.json", {"chat_template": "x", "added_tokens_decoder": decoder})
    read = stored.in_folder(tmp_path)
    assert read is not None
    assert read.swallowing == {"<|end|>", "a" * stored.MAX_TOKEN}
    end = "{{ '<|end|> \\n' * 2 + ' a' * 400000 }}"
    assert rendered(Template("{{ messages[0].content }}" + end, {}, read.swallowing)).plain.behind == (
        "<|end|><|end|>" + "a" + " a" * 399_999
    )


def too_long(place: Path) -> None:
    put(place, "chat_template.jinja", "a" * (stored.MAX_TEMPLATE + 1))


def too_long_in_json(place: Path) -> None:
    put(place, "tokenizer_config.json", {"chat_template": "a" * (stored.MAX_TEMPLATE + 1)})


def several(place: Path) -> None:
    put(
        place,
        "tokenizer_config.json",
        {"chat_template": [{"name": "a", "template": "x"}, {"name": "b", "template": "y"}]},
    )


def in_channels(place: Path) -> None:
    put(place, "chat_template.jinja", "<|start|>assistant<|channel|>final<|message|>{{ messages[0].content }}<|end|>")


def no_json(place: Path) -> None:
    put(place, "chat_template.json", "{")


def no_text(place: Path) -> None:
    (place / "chat_template.jinja").write_bytes(b"\xff\xfe")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (too_long, "longer than 256 KiB"),
        (too_long_in_json, "longer than 256 KiB"),
        (several, "one of several"),
        (in_channels, "has channels"),
        (no_json, "chat_template.json"),
        (no_text, "can't be read"),
    ],
)
def test_a_folders_template_that_cannot_be_used_says_why(
    tmp_path: Path, fault: Callable[[Path], None], reason: str
) -> None:
    fault(tmp_path)
    told = found(tmp_path)
    assert told is not None
    assert told.rendering is None
    assert reason in told.info.fault


# --- Models ---

TEMPLATE = "tokenizer.chat_template"


@pytest.mark.parametrize("family", ["Mistral", "Phi-3", "Qwen 3", "Llama 3", "SmolLM, SmolLM 2"])
async def test_a_files_own_template(
    keras_libraries: None, family: str, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    text, _, _, name, system = FAMILIES[family.partition(",")[0].replace("SmolLM", "SmolLM 2")]
    entry = await loaded(file_of(family, tmp_path, sentencepiece_proto, **{TEMPLATE: text}))
    info = entry.info()
    assert (info.chat, info.instruct) == (name, True)
    assert info.template.model_dump() == {
        "fault": "",
        "date": "2024-07-26" if family == "Llama 3" else "",
        "system": system,
        "thinking": family == "Qwen 3",
    }
    prompt = "on\nsoup"
    events = list(entry.model.generate(GenerateRequest(model="tiny", prompt=prompt, max_new_tokens=1), Cancellation()))
    asked = next(event for event in events if isinstance(event, PromptEvent))
    assert isinstance(events[-1], AnswerEvent)
    assert (asked.chat, asked.thinking, joined(asked.tokens)) == ("wrapped", False, prompt)
    tokenizer = entry.model.causal_lm.preprocessor.tokenizer
    words = tokenizer.get_vocabulary()
    start = [] if tokenizer.start_token_id is None else [tokenizer.start_token_id]
    bos = "" if not start else words[start[0]] if isinstance(words, list) else tokenizer.id_to_token(start[0])
    whole = directly(text, prompt, bos_token=bos, eos_token="</s>").removeprefix(bos)
    expected = [int(id) for id in tokenizer.tokenize(whole)]
    assert ids_of(asked.tokens) == start + expected


def put_sentence_piece(place: Path, proto: bytes, words: tuple[str, ...], has_blank: bool) -> dict[str, Any]:
    """Put a `tokenizer.json` of a SentencePiece vocabulary into a folder, with words that begin and end turns."""
    from hugging_face import sentence_piece

    about = sentence_piece(proto, has_blank)
    about["added_tokens"] = [each for each in about["added_tokens"] if each["content"].strip()]
    about["added_tokens"] += [
        {"id": 390 + n, "content": word, "special": True, "rstrip": True} for n, word in enumerate(words)
    ]
    for each in about["added_tokens"]:
        each |= {"single_word": False, "lstrip": False, "rstrip": each.get("rstrip", False), "normalized": False}
    taken = {each["id"]: each["content"] for each in about["added_tokens"]}
    gone = [word for word, id in about["model"]["vocab"].items() if taken.get(id, word) != word]
    about["model"]["vocab"] = {taken.get(id, word): id for word, id in about["model"]["vocab"].items()}
    about["model"]["merges"] = [
        two for two in about["model"]["merges"] if not any(word in "".join(two) for word in gone)
    ]
    put(place, "tokenizer.json", about)
    return {
        "added_tokens_decoder": {str(each["id"]): each for each in about["added_tokens"]},
        "bos_token": "<s>",
        "eos_token": "<|endoftext|>",
    }


@pytest.mark.parametrize("has_blank", [True, False])
async def test_phi3s_tokens_swallow_blanks_behind_them(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes, has_blank: bool
) -> None:
    """Against the library that transformers has its tokens from; its tokenizer.model knows no turns."""
    import tokenizers

    place = folder_of("Phi-3", tmp_path / "chat", sentencepiece_proto)
    words = ("<|user|>", "<|assistant|>", "<|end|>")
    proto = (place / "tokenizer.model").read_bytes()
    said = put_sentence_piece(place, proto, words, has_blank)
    put(place, "tokenizer_config.json", said | {"chat_template": "{{ bos_token }}" + PHI3})
    entry = await loaded(place)
    reference = tokenizers.Tokenizer.from_file(str(place / "tokenizer.json"))
    for prompt in ("onion soup", "on\n\nsoup"):
        tokens = entry.model.tokenizer.tokenize_prompt(prompt).tokens
        text = directly(PHI3, prompt)
        assert [token.piece for token in tokens[:2]] == ["<s>", "<|user|>"]
        assert [token.piece for token in tokens[-2:]] == ["<|end|>", "<|assistant|>"]
        assert ids_of(tokens)[1:] == reference.encode(text, add_special_tokens=False).ids
        assert joined(tokens) == prompt
        assert entry.model.tokenizer.count(prompt)[0] == len(tokens)


async def test_mistrals_turns_are_tokens_though_its_vocabulary_has_them_as_control_pieces(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    from sentencepiece import sentencepiece_model_pb2

    place = folder_of("Mistral", tmp_path / "chat", sentencepiece_proto)
    model = sentencepiece_model_pb2.ModelProto()
    model.ParseFromString((place / "tokenizer.model").read_bytes())
    for piece, word in zip(model.pieces[-2:], ("[INST]", "[/INST]"), strict=True):
        piece.piece, piece.type = word, model.SentencePiece.CONTROL
    (place / "tokenizer.model").write_bytes(model.SerializeToString())
    put(place, "tokenizer_config.json", SPECIAL | {"chat_template": MISTRAL})
    entry = await loaded(place)
    tokens = entry.model.tokenizer.tokenize_prompt("onion").tokens
    assert [tokens[0].piece, tokens[1].piece, tokens[-1].piece] == ["<s>", "[INST]", "[/INST]"]
    assert entry.model.tokenizer.count("onion")[0] == len(tokens)
    assert {token.kind for token in (tokens[0], tokens[1], tokens[-1])} == {"template"}


async def test_thinking_is_asked_for_by_request(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    entry = await loaded(file_of("Qwen 3", tmp_path, sentencepiece_proto, **{TEMPLATE: QWEN3}))
    lengths = set()
    for chat, thinking, told in [("auto", False, False), ("auto", True, True), ("off", True, False)]:
        generating = GenerateRequest(model="tiny", prompt="on", max_new_tokens=1, chat=chat, thinking=thinking)
        scoring = ScoreRequest(model="tiny", prompt="on", target=" soup", chat=chat, thinking=thinking)
        for events in (
            entry.model.generate(generating, Cancellation()),
            entry.model.score(scoring, Cancellation()),
        ):
            prompt = next(event for event in events if isinstance(event, PromptEvent))
            assert prompt.thinking is told
            lengths.add((thinking, chat, len(prompt.tokens)))
    assert len(lengths) == 3


async def test_a_folders_own_template(keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes) -> None:
    place = folder_of("Llama 3", tmp_path / "chat", sentencepiece_proto)
    put(place, "chat_template.jinja", LLAMA3)
    entry = await loaded(place)
    assert entry.template.date == "2024-07-26"
    ids = ids_of(entry.model.tokenizer.tokenize_prompt("onion").tokens)
    tokenizer = entry.model.causal_lm.preprocessor.tokenizer
    whole = directly(LLAMA3, "onion", bos_token="<|begin_of_text|>")
    assert ids == [int(id) for id in tokenizer.tokenize(whole)]


async def test_a_template_that_cannot_be_used_says_so_and_a_known_format_is_taken(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    hostile = "{{ ''.__class__.__mro__ }}{{ messages[0].content }}"
    entry = await loaded(file_of("Gemma", tmp_path, sentencepiece_proto, **{TEMPLATE: hostile}))
    info = entry.info()
    assert (info.state, info.chat) == ("ready", "Gemma")
    assert "may not use" in info.template.fault
    assert entry.model.tokenizer.tokenize_prompt("on").use == "wrapped"


def test_a_template_that_cannot_be_used_says_so_where_no_format_is_known(narrow_proto: bytes) -> None:
    fault = refused("{{ ''.__class__.__mro__ }}{{ messages[0].content }}")
    tokenizer = SequenceTokenizer(SentencePieces(narrow_proto), [], [], 60, 0, True, Found(None, fault))
    assert tokenizer.tokenize_prompt("onion").use == "plain"
    with pytest.raises(Problem, match="can't be used: it uses operations") as failure:
        tokenizer.tokenize_prompt("onion", "on")
    assert failure.value.code == "no_chat_format"


async def test_a_model_without_a_template_is_as_it_was(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    entry = await loaded(file_of("Gemma", tmp_path, sentencepiece_proto))
    assert (entry.chat, entry.info().template) == ("Gemma", None)


@pytest.mark.parametrize(
    ("family", "words", "expected"),
    [
        ("Phi3Tokenizer", {"<|user|>", "<|assistant|>", "<|end|>"}, ("Phi-3", "<|user|> ", "<|end|><|assistant|>")),
        ("Phi3Tokenizer", set(), None),
        ("MistralTokenizer", set(), ("Mistral", "[INST] ", " [/INST]")),
        ("MistralTokenizer", {"[INST]"}, ("Mistral", "[INST] ", "[/INST]")),
        ("MixtralTokenizer", set(), ("Mistral", "[INST] ", " [/INST]")),
        ("MistralTekkenTokenizer", {"[INST]"}, ("Mistral", "[INST]", "[/INST]")),
        ("GPT2Tokenizer", {"[INST]"}, None),
    ],
)
def test_families_without_a_template(family: str, words: set[str], expected: tuple[str, str, str] | None) -> None:
    made = known(family, words.__contains__, "<s>", True)
    assert (made and (made.name, made.plain.before, made.plain.behind)) == expected


async def test_phi3_without_a_template_is_asked_as_with_one(
    keras_libraries: None, tmp_path: Path, sentencepiece_proto: bytes
) -> None:
    asked = []
    for number, template in enumerate(({}, {"chat_template": "{{ bos_token }}" + PHI3})):
        place = folder_of("Phi-3", tmp_path / f"chat-{number}", sentencepiece_proto)
        words = ("<|user|>", "<|assistant|>", "<|end|>")
        said = put_sentence_piece(place, (place / "tokenizer.model").read_bytes(), words, True)
        about = json.loads((place / "tokenizer.json").read_text())
        spelled = {"<start_of_turn>": "<|system|>", "<end_of_turn>": "<|x|>"}  # it isn't to be taken for Gemma's
        for each in about["added_tokens"]:
            each["content"] = spelled.get(each["content"], each["content"])
        about["model"]["vocab"] = {spelled.get(word, word): id for word, id in about["model"]["vocab"].items()}
        put(place, "tokenizer.json", about)
        put(place, "tokenizer_config.json", said | template)
        entry = await loaded(place)
        asked.append((entry.chat, ids_of(entry.model.tokenizer.tokenize_prompt("onion soup", "on").tokens)))
    assert [name for name, _ in asked] == ["Phi-3", "own"]
    assert asked[0][1] == asked[1][1]


def test_a_template_of_a_known_form_takes_its_rules_of_written_turns() -> None:
    made: Rendering = rendered(Template(CHATML))
    assert (
        own(made, "<|im_start|>").around("Hi")[1].startswith("<|im_start|>system")
    )  # the tokenizer's start begins a turn
    assert own(made, "").form is not None
