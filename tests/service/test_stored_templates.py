"""Chat templates in a model's files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chat_templates import PHI3, put

from lit_lab.service.templates import stored
from lit_lab.service.templates.found import found
from lit_lab.service.templates.rendering import rendered
from lit_lab.service.templates.stored import Template


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
    template = found(tmp_path)
    assert template is not None
    assert template.rendering is None
    assert reason in template.info.fault
