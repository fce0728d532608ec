"""Chat templates of model families."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lit_lab.service.templates.rendering import rendered
from lit_lab.service.templates.stored import Template, TemplateError

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


# The template, the text before and after a prompt, the format's name, and whether it has a system turn.
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
    """Render a prompt with Jinja alone, without LIT Lab."""
    from datetime import datetime

    from jinja2.sandbox import ImmutableSandboxedEnvironment

    template = template.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["strftime_now"] = datetime(2024, 7, 26).strftime
    given = {**SPECIAL, "tools": None, "add_generation_prompt": True, "enable_thinking": False} | given
    return environment.from_string(template).render(messages=[{"role": "user", "content": prompt}], **given)


def refused(template: str) -> str:
    with pytest.raises(TemplateError) as failure:
        rendered(Template(template, SPECIAL))
    return str(failure.value)


def put(place: Path, name: str, what: Any) -> None:
    (place / name).write_text(what if isinstance(what, str) else json.dumps(what))
