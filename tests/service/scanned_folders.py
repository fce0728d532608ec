"""A home folder with the models of other programs."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from gguf_files import fields_of, values_of, write

from lit_lab.models import programs
from lit_lab.service.scanning.scanner import Found, Scanner

MODEL = "application/vnd.ollama.image.model"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder in which no program has stored anything yet."""
    for name in list(os.environ):
        if name.startswith(("OLLAMA_", "LLAMA_", "HF_", "HUGGINGFACE_", "KAGGLE", "XDG_")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture
def file(tmp_path: Path, sentencepiece_proto: bytes, keras_libraries: None) -> Path:
    """A small Gemma as a GGUF file."""
    return write(tmp_path / "gemma.gguf", "gemma", fields_of("Gemma", sentencepiece_proto, []), values_of("Gemma"))


def put(file: Path, place: Path) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(file, place))


def pulled(top: Path, file: Path, tag: str, *layers: dict[str, str], media: str = MODEL) -> Path:
    """Put a model into Ollama's folder, as `ollama pull` does."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    blob = put(file, top / "blobs" / f"sha256-{digest}")
    manifest = top / "manifests" / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(
        json.dumps({"schemaVersion": 2, "layers": [{"mediaType": media, "digest": f"sha256:{digest}"}, *layers]})
    )
    return blob


def found(*scanners: str, own: tuple[str, ...] = ()) -> dict[str, Found]:
    return {each.model.name: each for each in Scanner(scanners or tuple(programs.TITLES), own).look()}
