"""Which models are known to be instruction-tuned, by their names, chat templates and folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from lit_lab.service.weights import instruct, paths


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("kaggle://keras/gemma2/keras/gemma2_instruct_2b_en/1", True),
        ("kaggle://keras/gemma2/keras/gemma2_2b_en/1", False),
        ("kaggle://keras/gemma3/keras/gemma3n_e2b_it", True),
        ("kaggle://instruct/chat/keras/gemma2_2b_en", False),
        ("hf://google/gemma-2-2b-it", True),
        ("hf://google/gemma-3-1b-pt", False),
        ("hf://meta-llama/Llama-3.2-1B-Instruct", True),
        ("hf://org/italian-bits", False),
        ("/models/gemma_1.1_instruct_2b_en", True),
        ("/models/gemma2_instruct_2b_en/3", True),
        ("/instruct/gemma2_2b_en.tar.gz", False),
        ("/models/gemma2_instruct_2b_en.tar.gz", True),
        ("embedded", False),
    ],
)
def test_the_published_name_tells(path: str, expected: bool, tmp_path: Path) -> None:
    assert instruct.is_instruct(paths.source(path), tmp_path) is expected


def test_kerass_own_presets_are_distinguished(keras_libraries: None, tmp_path: Path) -> None:
    for name, expected in {"gemma2_instruct_2b_en": True, "gemma2_2b_en": False, "gemma3_instruct_1b": True}.items():
        assert instruct.is_instruct(paths.source(name), tmp_path) is expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, False),
        ({"tokenizer_config.json": {"chat_template": "{{ messages }}"}}, True),
        ({"tokenizer_config.json": {"bos_token": "<bos>"}}, False),
        ({"tokenizer_config.json": []}, False),
        ({"chat_template.jinja": ""}, True),
    ],
)
def test_a_chat_template_tells(files: dict[str, Any], expected: bool, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    assert instruct.is_instruct(paths.source("hf://org/model"), tmp_path) is expected
    # Qwen's base models have a template, too, but their name decides.
    assert instruct.is_instruct(paths.source("hf://org/model-Base"), tmp_path) is False


async def test_a_preset_is_recognized_by_its_folder_not_by_its_name_here(preset: Path, tmp_path: Path) -> None:
    from lit_lab.service.registry import Registry, parse

    shutil.copytree(preset, tmp_path / "tiny_instruct_en")
    entries = parse([f"plain:{tmp_path / 'tiny_instruct_en'}", f"instruct:{preset}"])
    registry = Registry(entries, None, lambda say: None)
    for name in entries:
        async for _ in registry.ready(name):
            pass
    infos = {name: (entry.info().chat, entry.info().instruct) for name, entry in entries.items()}
    assert infos == {"plain": ("Gemma", True), "instruct": ("Gemma", False)}
    assert entries["plain"].model is not None
    assert entries["plain"].model.tokenizer.tokenize_prompt("onion").use == "wrapped"
