"""Scanning Ollama's models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import scanned_folders
from gguf_files import fields_of, values_of, write
from scanned_folders import MODEL, found, pulled, put

from lit_lab.service.gguf import header
from lit_lab.service.gguf import model as gguf_model
from lit_lab.service.scanning.scanner import Scanner
from lit_lab.service.weights.reading import Reading

home = scanned_folders.home
file = scanned_folders.file


def test_ollamas_models_are_called_as_ollama_calls_them(home: Path, file: Path) -> None:
    top = home / ".ollama" / "models"
    blob = pulled(top, file, "registry.ollama.ai/library/llama3.2/1b")
    other = file.with_name("other.gguf")
    other.write_bytes(file.read_bytes() + b"\0")
    pulled(top, other, "registry.ollama.ai/ada/mine/latest")
    third = file.with_name("third.gguf")
    third.write_bytes(file.read_bytes() + b"\0\0")
    pulled(top, third, "hf.co/owner/repo/Q4_K_M")
    (top / "manifests" / "registry.ollama.ai" / "library" / "llama3.2" / "broken").write_text("{")
    pulled(top, file, "registry.ollama.ai/library/elsewhere/cloud", media="application/vnd.ollama.image.params")
    models = found("ollama")
    assert set(models) == {"llama3.2:1b", "ada/mine:latest", "hf.co/owner/repo:Q4_K_M"}
    one = models["llama3.2:1b"]
    assert (one.model.path, one.size, one.facts.family) == (str(blob), file.stat().st_size, "Gemma")
    assert (one.facts.stored, one.facts.fault, one.facts.is_instruct) == ("F32", "", False)
    assert one.facts.shape is not None
    assert one.facts.shape.parameters == header.read(file).numbers


def test_ollamas_folder_may_be_another(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_MODELS", str(home / "disk"))
    pulled(home / "disk", file, "registry.ollama.ai/library/gemma/2b")
    assert set(found("ollama")) == {"gemma:2b"}


def test_an_adapter_of_ollamas_is_reported_as_such(home: Path, file: Path) -> None:
    layer = {"mediaType": "application/vnd.ollama.image.adapter", "digest": "sha256:" + "0" * 64}
    pulled(home / ".ollama" / "models", file, "registry.ollama.ai/library/mine/latest", layer)
    assert "adapter" in found("ollama")["mine:latest"].facts.fault


@pytest.mark.parametrize("digest", ["sha256:../../../etc/passwd", "sha256:" + "0" * 63, "md5:0", ""])
def test_a_manifest_names_no_file_elsewhere(home: Path, digest: str) -> None:
    manifest = home / ".ollama" / "models" / "manifests" / "registry.ollama.ai" / "library" / "x" / "y"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"layers": [{"mediaType": MODEL, "digest": digest}]}))
    assert found("ollama") == {}


def test_what_is_missing_or_no_model_says_so(home: Path, file: Path) -> None:
    top = home / ".ollama" / "models"
    pulled(top, file, "registry.ollama.ai/library/gone/1b").unlink()
    assert found("ollama")["gone:1b"].facts.fault
    place = put(file, home / ".lmstudio" / "models" / "lab" / "repo" / "cut.gguf")
    place.write_bytes(place.read_bytes()[:3000])
    assert "cut short" in found("lm_studio")["cut"].facts.fault


def test_two_tags_of_one_file(home: Path, file: Path) -> None:
    top = home / ".ollama" / "models"
    adapter = {"mediaType": "application/vnd.ollama.image.adapter", "digest": "sha256:" + "0" * 64}
    pulled(top, file, "registry.ollama.ai/library/a-mine/latest", adapter)
    pulled(top, file, "registry.ollama.ai/library/gemma/2b-instruct")
    pulled(top, file, "registry.ollama.ai/library/gemma/latest")
    scanner = Scanner(["ollama"])
    models = {each.model.name: each.facts for each in scanner.look()}
    assert set(models) == {"a-mine:latest", "gemma:2b-instruct", "gemma:latest"}
    # A file is one model, and any of its tags may say that it is instruction-tuned.
    assert (models["gemma:2b-instruct"].is_instruct, models["gemma:latest"].is_instruct) == (True, True)
    (top / "manifests" / "registry.ollama.ai" / "library" / "a-mine" / "latest").unlink()
    assert not any(each.facts.fault for each in scanner.look())


def test_ollamas_gemma_3_with_what_sees(home: Path, sentencepiece_proto: bytes, keras_libraries: None) -> None:
    """Ollama uses its own names for RoPE's wavelengths, and stores the vision tower in the same file."""
    fields = fields_of("Gemma 3, text", sentencepiece_proto, [])
    del fields["gemma3.rope.freq_base"]
    fields |= {
        "gemma3.rope.global.freq_base": 1e6,
        "gemma3.rope.local.freq_base": 1e4,
        "gemma3.mm.tokens_per_image": 256,
    }
    values = values_of("Gemma 3, text")
    seen = {
        "v.patch_embedding.weight": values["token_embd.weight"],
        "mm.input_projection.weight": values["output_norm.weight"],
    }
    place = write(home / "one.gguf", "gemma3", fields, values | seen)
    top = home / ".ollama" / "models"
    blob = pulled(top, place, "registry.ollama.ai/library/gemma3/4b")
    facts = found("ollama")["gemma3:4b"].facts
    assert (facts.family, facts.fault) == ("Gemma 3", "")
    assert facts.shape is not None
    assert facts.shape.parameters == sum(value.size for value in values.values())
    assert gguf_model.causal_lm(blob, "x", "float32", Reading()).backbone.count_params() > 0
    wrong = write(home / "two.gguf", "gemma3", fields | {"gemma3.rope.global.freq_base": 1e4}, values)
    pulled(top, wrong, "registry.ollama.ai/library/gemma3/odd")
    assert "rope.global.freq_base" in found("ollama")["gemma3:odd"].facts.fault
