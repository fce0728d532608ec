"""Ollama's information about a file: the same in the list of its tags and for the loaded file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from gguf_files import FAMILIES, fields_of, values_of, write

from lit_lab.service import presets
from lit_lab.service.scanning.facts import facts
from lit_lab.service.scanning.installed_models import installed_models
from lit_lab.service.templates.found import found
from lit_lab.service.weights import ollama, paths

GEMMA = "<start_of_turn>user\n{{ if .System }}{{ .System }} {{ end }}{{ .Prompt }}<end_of_turn>\n<start_of_turn>model\n"
TURNS = "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
JINJA = "{% for m in messages %}<start_of_turn>user\n{{ m.content }}<end_of_turn>\n<start_of_turn>model\n{% endfor %}"


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ollama's folder, which is empty."""
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "models"


@pytest.fixture
def file(tmp_path: Path, sentencepiece_proto: bytes, keras_libraries: None) -> Path:
    return written(tmp_path, sentencepiece_proto)


def written(folder: Path, proto: bytes, **said: Any) -> Path:
    return write(folder / "gemma.gguf", FAMILIES["Gemma"][0], fields_of("Gemma", proto, []) | said, values_of("Gemma"))


def kept(top: Path, content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    place = top / "blobs" / f"sha256-{digest}"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return f"sha256:{digest}"


def pulled(top: Path, tag: str, file: Path, template: str | None) -> Path:
    """Put a tag into Ollama's folder, and return its model's file."""
    layers = {"model": kept(top, file.read_bytes())}
    if template is not None:
        layers["template"] = kept(top, template.encode())
    manifest = top / "manifests" / "registry.ollama.ai" / "library" / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    listed = [{"mediaType": f"application/vnd.ollama.image.{kind}", "digest": each} for kind, each in layers.items()]
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": listed}))
    return top / "blobs" / layers["model"].replace(":", "-")


def is_instruct_by_tag() -> bool | None:
    (model,) = installed_models("ollama")
    known = facts(model)
    assert known is not None
    return known.is_instruct


def is_instruct_by_file(blob: Path) -> bool | None:
    return presets.about(blob, str(blob), paths.source(str(blob))).is_instruct


@pytest.mark.parametrize(
    ("tag", "template", "expected"),
    [
        ("gemma3/4b", GEMMA, True),
        ("gemma3/latest", TURNS, True),
        ("gemma3/4b", None, False),
        ("gemma3/4b", "{{ .Prompt }}", False),
        ("gemma3/4b", "{{- .System }} {{ .Prompt }}\n", False),
        ("gemma/2b-instruct", None, True),
        ("gemma/2b-text", GEMMA, False),
    ],
)
def test_the_list_and_the_loaded_file_say_the_same(
    top: Path, file: Path, tag: str, template: str | None, expected: bool
) -> None:
    blob = pulled(top, tag, file, template)
    assert is_instruct_by_tag() is expected
    assert is_instruct_by_file(blob) is expected


def test_a_template_of_ollamas_alone_is_named_and_a_known_format_is_taken(top: Path, file: Path) -> None:
    template = found(pulled(top, "gemma3/4b", file, GEMMA))
    assert template is not None
    assert template.rendering is None
    assert "Ollama's template language" in template.fault


def test_a_template_in_the_file_goes_first(top: Path, tmp_path: Path, sentencepiece_proto: bytes) -> None:
    own = written(tmp_path, sentencepiece_proto, **{"tokenizer.chat_template": JINJA})
    template = found(pulled(top, "gemma3/4b", own, GEMMA))
    assert template is not None
    assert template.rendering is not None


def test_a_base_models_is_no_template(top: Path, file: Path) -> None:
    assert found(pulled(top, "gemma/2b-text", file, "{{ .Prompt }}")) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"layers": 3}', b'{"layers": [{"mediaType": 1}]}', b"\xff"])
def test_what_is_no_manifest_says_nothing(top: Path, file: Path, content: bytes) -> None:
    blob = pulled(top, "gemma3/4b", file, GEMMA)
    (top / "manifests" / "registry.ollama.ai" / "library" / "gemma3" / "broken").write_bytes(content)
    assert ollama.tags(blob) == ollama.Tags(("gemma3:4b",), True)
    (top / "manifests" / "registry.ollama.ai" / "library" / "gemma3" / "4b").write_bytes(content)
    assert ollama.tags(blob) is None


def test_a_file_without_a_tag_is_not_one_of_ollama(top: Path, file: Path, tmp_path: Path) -> None:
    assert ollama.tags(file) is None
    blob = pulled(top, "gemma3/4b", file, GEMMA)
    elsewhere = tmp_path / "elsewhere" / blob.name
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(blob.read_bytes())
    assert ollama.tags(elsewhere) is None


def test_a_tag_with_an_adapter_says_nothing_of_the_file(top: Path, file: Path) -> None:
    blob = pulled(top, "mine/instruct", file, GEMMA)
    manifest = top / "manifests" / "registry.ollama.ai" / "library" / "mine" / "instruct"
    about = json.loads(manifest.read_text())
    about["layers"].append({"mediaType": "application/vnd.ollama.image.adapter", "digest": kept(top, b"adapter")})
    manifest.write_text(json.dumps(about))
    assert ollama.tags(blob) is None


def test_a_template_that_is_missing_or_a_pipe_is_none(top: Path, file: Path) -> None:
    import os

    blob = pulled(top, "gemma3/4b", file, GEMMA)
    template = top / "blobs" / f"sha256-{hashlib.sha256(GEMMA.encode()).hexdigest()}"
    template.unlink()
    assert ollama.tags(blob) == ollama.Tags(("gemma3:4b",), False)
    os.mkfifo(template)
    assert ollama.tags(blob) == ollama.Tags(("gemma3:4b",), False)
