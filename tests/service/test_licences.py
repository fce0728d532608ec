"""Models' licences: the family decides, whatever the source of the model."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import hugging_face
import pytest
from gguf_files import FAMILIES, fields_of, values_of, write

from lit_lab import demo
from lit_lab.models import known
from lit_lab.protocol import ModelTerms
from lit_lab.service import presets
from lit_lab.service.gguf.contents import Header, Tensor
from lit_lab.service.weights import licences, paths
from lit_lab.service.weights.paths import Source

GEMMA, LLAMA = licences.GEMMA, licences.LLAMA


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("keras/gemma2/keras/gemma2_instruct_2b_en", GEMMA),
        ("google/gemma-3-4b-it", GEMMA),
        ("google/gemma-4-E2B-it", None),
        ("keras/gemma4/keras/gemma4_instruct_2b", None),
        ("keras/llama3/keras/llama3.2_instruct_1b", LLAMA["3.2"]),
        ("keras/llama3/keras/llama3_8b_en", LLAMA["3"]),
        ("keras/llama2/keras/llama2_7b_en", LLAMA["2"]),
        ("keras/vicuna/keras/vicuna_1.5_7b_en", LLAMA["2"]),
        ("meta-llama/Llama-3.2-1B-Instruct", LLAMA["3.2"]),
        ("meta-llama/Meta-Llama-3-8B", LLAMA["3"]),
        ("meta-llama/Llama-3.3-70B-Instruct", LLAMA["3.3"]),
        ("lab/Hermes-3-Llama-3.1-8B-GGUF/hermes.gguf", LLAMA["3.1"]),
        ("llama-3_1b", LLAMA["3"]),
        ("TinyLlama/TinyLlama-1.1B", None),
        ("openlm-research/open_llama_3b_v2", None),
        ("huggyllama/llama-30b", None),
        ("ollama/qwen2", None),
        ("HuggingFaceTB/SmolLM2-135M", None),
    ],
)
def test_a_name_tells_the_family(name: str, terms: ModelTerms | None) -> None:
    assert licences.named(name) == terms


@pytest.mark.parametrize(
    ("config", "terms"),
    [
        ({"model_type": "gemma3_text"}, GEMMA),
        ({"class_name": "Gemma3Backbone", "config": {}}, GEMMA),
        ({"model_type": "gemma4_text"}, None),
        ({"model_type": "llama", "vocab_size": 128256}, LLAMA["3"]),
        ({"model_type": "llama", "vocab_size": 128256, "rope_scaling": {"rope_type": "llama3"}}, LLAMA["3.1"]),
        ({"model_type": "llama", "vocab_size": 128257, "tie_word_embeddings": True}, LLAMA["3.2"]),
        ({"class_name": "Llama3Backbone", "config": {"vocabulary_size": 128256}}, LLAMA["3"]),
        ({"class_name": "Llama3Backbone", "config": {"vocabulary_size": 49152}}, None),
        ({"model_type": "llama", "vocab_size": 32000}, None),
        ({"model_type": "qwen2", "vocab_size": 128256}, None),
        ({"model_type": ["llama"], "vocab_size": "128256"}, None),
        ({}, None),
    ],
)
def test_a_configuration_tells_the_family(config: dict[str, Any], terms: ModelTerms | None) -> None:
    assert licences.of_config(config) == terms


@pytest.mark.parametrize(
    ("family", "extra", "terms"),
    [
        ("Gemma", {}, GEMMA),
        ("Llama 3", {"general.license": "llama3.2"}, LLAMA["3.2"]),
        ("Llama 3", {"general.name": "Meta Llama 3.1 8B Instruct"}, LLAMA["3.1"]),
        ("Llama 3", {"general.base_model.0.name": "Llama 3.2 1B"}, LLAMA["3.2"]),
        ("Llama 3", {"general.name": "SmolLM2 135M", "general.license": "apache-2.0"}, None),
    ],
)
def test_a_local_file_tells_the_family(
    tmp_path: Path, sentencepiece_proto: bytes, family: str, extra: dict[str, str], terms: ModelTerms | None
) -> None:
    fields = fields_of(family, sentencepiece_proto, ["a b"]) | extra
    file = write(tmp_path / "mine.gguf", FAMILIES[family][0], fields, values_of(family))
    assert presets.about(file, str(file), Source("gguf", str(file))).terms == terms


def test_a_local_files_vocabulary_tells_llama() -> None:
    embedding = Tensor("token_embd.weight", (128256, 8), 0, Path(), 0)
    about = Header([], {"general.architecture": "llama"}, {"token_embd.weight": embedding})
    assert licences.of_header(about) == LLAMA["3.2"]
    about.tensors["output.weight"] = embedding
    assert licences.of_header(about) == LLAMA["3"]


def test_a_local_folder_shows_the_family_and_the_embedded_model_has_no_licence(tmp_path: Path) -> None:
    place = hugging_face.write(tmp_path / "mine", hugging_face.MODELS["Gemma"]["config"], hugging_face.tensors("Gemma"))
    assert presets.about(place, str(place), Source("folder", str(place))).terms == GEMMA
    own = demo.preset_path()
    assert presets.about(own, demo.EMBEDDED, Source("folder", str(own))).terms is None
    copied = shutil.copytree(place, tmp_path / "meta-llama-3.2-1b")
    assert presets.about(copied, str(copied), Source("folder", str(copied))).terms == LLAMA["3.2"]


def test_what_the_list_says_is_what_its_rows_and_their_runs_say(keras_libraries: None) -> None:
    for each in known.known():
        if "Gemma" not in each.title and "Llama" not in each.title:
            continue
        for path in each.paths:
            source = paths.source(path)
            assert source.terms == source.provided_under() == ModelTerms(**each.terms)


def test_what_files_tell_is_more_than_a_page() -> None:
    other = Source("hf", "lab/fine-tuned")
    assert other.provided_under(GEMMA) == GEMMA
    page = other.provided_under()
    assert page is not None
    assert page.url == other.page
