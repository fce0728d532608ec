"""Models as GGUF files, and as folders of Hugging Face."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import gguf_files
import pytest
from gguf_files import FAMILIES, PRE, fields_of, values_of, write
from hugging_face import byte_level, tensors
from hugging_face import write as write_folder

from lit_lab.problem import Problem
from lit_lab.service import presets
from lit_lab.service.registry import Registry, parse

MERGES = ["o n", "i on", "Ċ Ċ", "Ġ on", "1 2", "12 ,", "Ġ (", "( t", "! Ċ", "' s", "Ġ Ġ"]


def proto_of(family: str, proto: bytes) -> bytes:
    from test_hugging_face_folders import of_family

    return of_family(proto, family)


def file_of(family: str, folder: Path, proto: bytes, **said: Any) -> Path:
    fields = fields_of(family, proto_of(family, proto), MERGES) | said
    return write(folder / "tiny.gguf", FAMILIES[family][0], fields, values_of(family))


def folder_of(family: str, into: Path, proto: bytes) -> Path:
    place = write_folder(into, gguf_files.config_of(family), tensors(family))
    if family in PRE:
        begins = "<|begin_of_text|>" if PRE[family] == "llama-bpe" else ""
        pattern = {"smollm": "", "qwen2": QWEN}.get(PRE[family], LLAMA3)
        about = byte_level(MERGES, pattern, begins, digits=PRE[family] == "smollm")
        about["model"]["ignore_merges"] = PRE[family] == "llama-bpe"
        (place / "tokenizer.json").write_text(json.dumps(about))
        said = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
        (place / "tokenizer_config.json").write_text(json.dumps(said))
    else:
        (place / "tokenizer.model").write_bytes(proto_of(family, proto))
    return place


LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


QWEN = LLAMA3.replace("{1,3}", "")


async def loaded(place: Path) -> Any:
    """Return an entry, loaded by the registry like the panel's models."""
    registry = Registry(parse([f"tiny:{place}"]), None, lambda _: None)
    async for _ in registry.ready("tiny"):
        pass
    return registry.get("tiny")


def refused(place: Path, code: str) -> str:
    with pytest.raises(Problem) as failure:
        presets.load(str(place))
    assert (failure.value.code, bool(failure.value.hint)) == (code, True), failure.value.message
    return failure.value.message


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value
