"""Scanning for the models of other programs on this machine, in these programs' folders."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import hugging_face
import pytest
import scanned_folders
from gguf_files import FAMILIES, fields_of, values_of, write
from scanned_folders import found, pulled, put
from waiting import PATIENCE

from lit_lab.models import programs
from lit_lab.protocol import AddModel, FoundModel, ModelChanging
from lit_lab.service.gguf import header
from lit_lab.service.gguf.contents import Items
from lit_lab.service.loading import Loading
from lit_lab.service.model_manager import ModelManager
from lit_lab.service.registry import Registry, parse
from lit_lab.service.scanning import facts as telling
from lit_lab.service.scanning import installed_models as lists
from lit_lab.service.scanning.scanner import Scanner
from lit_lab.service.weights import regular

home = scanned_folders.home
file = scanned_folders.file


def test_lm_studio_and_llama_cpp(home: Path, file: Path, sentencepiece_proto: bytes) -> None:
    top = home / ".lmstudio" / "models"
    put(file, top / "lab" / "tiny-it-GGUF" / "tiny-it-Q4_0.gguf")
    put(file, top / "lab" / "tiny-it-GGUF" / "mmproj-tiny.gguf")
    put(file, home / ".cache" / "lm-studio" / "models" / "lab" / "old" / "old.gguf")
    put(file, home / ".cache" / "llama.cpp" / "lab_tiny.gguf")
    fields = fields_of("Gemma", sentencepiece_proto, []) | {"tokenizer.chat_template": "{{ messages }}"}
    write(home / ".cache" / "llama.cpp" / "chat.gguf", "gemma", fields, values_of("Gemma"))
    write(home / ".cache" / "llama.cpp" / "bert.gguf", "bert", {}, values_of("Gemma"))
    models = found("lm_studio", "llama_cpp")
    assert set(models) == {"tiny-it-Q4_0", "old", "lab_tiny", "chat", "bert"}
    assert [models[name].facts.is_instruct for name in ("tiny-it-Q4_0", "chat", "old")] == [True, True, False]
    assert (models["bert"].facts.family, models["bert"].facts.fault) == ("bert", "is a bert model")


def test_lm_studio_may_have_moved(home: Path, file: Path) -> None:
    (home / ".lmstudio-home-pointer").write_text(f"{home / 'moved'}\n")
    put(file, home / "moved" / "models" / "lab" / "repo" / "one.gguf")
    assert set(found("lm_studio")) == {"one"}


def test_several_parts_are_one(home: Path, file: Path) -> None:
    folder = home / "mine" / "big"
    for number in (1, 2, 3):
        put(file, folder / f"big-0000{number}-of-00003.gguf")
    (model,) = found("folders", own=(str(home / "mine"),)).values()
    assert (model.model.name, model.size) == ("big", 3 * file.stat().st_size)


def test_a_link_out_of_a_folder_is_not_followed(home: Path, file: Path) -> None:
    folder = home / "mine"
    folder.mkdir()
    (folder / "link.gguf").symlink_to(file)
    (folder / "deep").symlink_to(file.parent)
    (folder / "round").symlink_to(folder)
    models = found("folders", own=(str(folder),))
    assert set(models) == {"link"}
    assert "leads out of its folder" in models["link"].facts.fault


def test_a_folder_of_presets(home: Path, preset: Path) -> None:
    shutil.copytree(preset, home / "mine" / "a preset")
    quantized = home / "mine" / "gptq"
    config = hugging_face.MODELS["Gemma"]["config"] | {"quantization_config": {"quant_method": "gptq"}}
    hugging_face.write(quantized, config, hugging_face.tensors("Gemma"))
    (home / "mine" / "vision").mkdir()
    (home / "mine" / "vision" / "config.json").write_text('{"model_type": "clip", "architectures": ["CLIPModel"]}')
    (home / "mine" / "vision" / "model.safetensors").write_bytes(b"x")
    (home / "mine" / "odd").mkdir()
    (home / "mine" / "odd" / "config.json").write_text("[1]")
    (home / "mine" / "odd" / "model.safetensors").write_bytes(b"x")
    models = found("folders", own=("~/mine",))
    assert set(models) == {"a preset", "gptq", "odd"}
    assert models["a preset"].facts.fault == ""
    assert "gptq" in models["gptq"].facts.fault
    assert models["odd"].facts.fault


def test_what_is_known_is_not_read_again(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = put(file, home / ".cache" / "llama.cpp" / "one.gguf")
    read: list[Any] = []
    facts = telling.facts
    monkeypatch.setattr(telling, "facts", lambda model: read.append(model) or facts(model))
    scanner = Scanner(["llama_cpp"])
    assert len(scanner.look()) == len(scanner.look()) == len(read) == 1
    place.write_bytes(place.read_bytes() + b"\0")
    scanner.look()
    assert len(read) == 2
    place.unlink()
    assert scanner.look() == []


async def test_it_is_looked_once_a_minute_and_never_where_nothing_is_to_be_looked_through(
    home: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[Any] = []

    def nothing(*arguments: Any) -> Iterator[Any]:
        looked.append(arguments)
        return iter(())

    monkeypatch.setattr("lit_lab.service.scanning.scanner.installed_models", nothing)
    clock = iter((0.0, 30.0, 59.0, 61.0, 61.0))  # the first search doesn't read the clock
    scanner = Scanner(["ollama"], clock=lambda: next(clock))
    for _ in range(4):
        await scanner.found([], patience=PATIENCE)
    assert len(looked) == 2
    clock = iter((61.0, 61.0, 61.0))
    await scanner.found(["taken from the list"], patience=PATIENCE)
    assert len(looked) == 3
    await Scanner([]).found([])
    assert len(looked) == 3


def test_a_folder_that_holds_too_much_is_reported_and_hides_no_other(
    home: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MAX_ENTRIES", 50)
    for number in range(60):
        put(file, home / "mine" / "many" / f"{number:03}.gguf")
    put(file, home / "mine" / "a.gguf")
    put(file, home / "mine" / "other" / "deep" / "b.gguf")
    models = found("folders", own=(str(home / "mine"),))
    assert set(models) == {"a", "b", "many"}
    assert "too many files" in models["many"].facts.fault


@pytest.mark.parametrize(
    "name", ["x-00002-of-00001.gguf", "x-00001-of-09999.gguf", "-00001-of-00001.gguf", "a\udcff.gguf"]
)
async def test_an_odd_name_hides_no_other_model(home: Path, file: Path, name: str) -> None:
    folder = home / "mine"
    put(file, folder / name)
    put(file, folder / "good.gguf")
    registry = Registry(
        parse(["demo:embedded"]), None, lambda _: None, Loading(scanners=("folders",), folders=(str(folder),))
    )
    await registry.start(lambda _: None)
    response = await ModelManager(registry).models()
    assert "good" in [each.title for each in response.found]
    json.loads(response.model_dump_json())


def test_what_a_program_says_may_be_anything(home: Path, file: Path) -> None:
    folder = home / "mine"
    for number, config in enumerate(
        [
            {"model_type": "\ud800"},
            {"model_type": []},
            {"class_name": "X" * 1_000_000 + "Backbone", "registered_name": "x"},
            {"model_type": "gemma", "architectures": 7},
            {"model_type": "gemma", "torch_dtype": {"a": 1}},
        ]
    ):
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "config.json").write_text(json.dumps(config))
        (folder / str(number) / "model.safetensors").write_bytes(b"x")
    put(file, folder / "good.gguf")
    models = found("folders", own=(str(folder),))
    assert models["good"].facts.fault == ""
    assert all(len(each.facts.family) <= 40 for each in models.values())


def test_a_pipe_and_what_is_behind_links_is_not_waited_for_or_read(home: Path, tmp_path: Path, file: Path) -> None:
    folder = home / "mine"
    for name in ("pipe", "linked"):
        hugging_face.write(folder / name, hugging_face.MODELS["Gemma"]["config"], hugging_face.tensors("Gemma"))
        (folder / name / "config.json").rename(tmp_path / f"{name}.json")
    os.mkfifo(folder / "pipe" / "config.json")
    (folder / "linked" / "config.json").symlink_to(tmp_path / "linked.json")
    os.mkfifo(folder / "odd.gguf")
    os.mkfifo(home / ".lmstudio-home-pointer")
    models = found("folders", "lm_studio", own=(str(folder),))
    assert set(models) == {"pipe", "linked", "odd"}
    assert all(each.facts.fault for each in models.values())
    assert "leads out of its folder" in models["linked"].facts.fault


def test_files_that_lie_beside_a_configuration_are_models_too(home: Path, file: Path, preset: Path) -> None:
    folder = home / "mine"
    put(file, folder / "repo" / "one.gguf")
    (folder / "repo" / "config.json").write_text('{"model_type": "llama"}')
    (folder / "config.json").write_text("{}")
    assert set(found("folders", own=(str(folder),))) == {"one"}
    # A configured folder may itself be a model.
    shutil.copytree(preset, home / "itself")
    assert set(found("folders", own=(str(home / "itself"),))) == {"itself"}


def test_models_of_the_same_name_get_different_names(home: Path, file: Path) -> None:
    for name in ("one", "two"):
        put(file, home / "mine" / name / "model.gguf")
    assert set(found("folders", own=(str(home / "mine"),))) == {"one/model", "two/model"}


def test_what_passes_is_not_remembered(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(file, home / ".cache" / "llama.cpp" / "one.gguf")
    scanner = Scanner(["llama_cpp"])
    with monkeypatch.context() as patch:
        patch.setattr(regular, "opened", lambda _: os.open(home / "nothing", os.O_RDONLY))
        assert scanner.look()[0].facts.fault
    assert not scanner.look()[0].facts.fault


def test_a_failing_program_hides_no_others(home: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(file, home / ".cache" / "llama.cpp" / "one.gguf")
    original = lists.installed_models

    def failing(scanner: str, own: Any = ()) -> Iterator[Any]:
        if scanner == "ollama":
            raise PermissionError
        return original(scanner, own)

    monkeypatch.setattr("lit_lab.service.scanning.scanner.installed_models", failing)
    assert set(found("ollama", "llama_cpp")) == {"one"}


def test_what_loading_would_refuse_is_reported(home: Path, file: Path, sentencepiece_proto: bytes) -> None:
    folder = home / ".cache" / "llama.cpp"
    folder.mkdir(parents=True)
    values = values_of("Gemma")
    write(
        folder / "biased.gguf",
        "gemma",
        fields_of("Gemma", sentencepiece_proto, []),
        values | {"blk.0.odd.weight": values["output_norm.weight"]},
    )
    fields = fields_of("Qwen 3", sentencepiece_proto, ["a b"])
    fields |= {
        name: value for name, value in fields_of("Gemma", sentencepiece_proto, []).items() if "tokenizer" in name
    }
    write(folder / "mixed.gguf", "qwen3", fields, values_of("Qwen 3"))
    models = found("llama_cpp")
    assert "blk.0.odd.weight" in models["biased"].facts.fault
    assert "tokenizer" in models["mixed"].facts.fault
    mlx = home / ".lmstudio" / "models" / "mlx-community" / "tiny-4bit"
    config = hugging_face.MODELS["Gemma"]["config"] | {"quantization": {"bits": 4}}
    hugging_face.write(mlx, config, hugging_face.tensors("Gemma"))
    assert "MLX" in found("lm_studio")["tiny-4bit"].facts.fault


def test_lm_studios_folder_of_downloads(home: Path, file: Path) -> None:
    (home / ".lmstudio").mkdir()
    (home / ".lmstudio" / "settings.json").write_text(json.dumps({"downloadsFolder": str(home / "disk")}))
    put(file, home / "disk" / "lab" / "repo" / "one.gguf")
    assert set(found("lm_studio")) == {"one"}
    (home / ".lmstudio" / "settings.json").write_text("[")
    assert found("lm_studio") == {}


@pytest.mark.parametrize("family", ["Gemma", "Llama 3", "Qwen 3"])
def test_a_skimmed_header_says_the_same_without_its_lists(
    tmp_path: Path, sentencepiece_proto: bytes, keras_libraries: None, family: str
) -> None:
    place = write(
        tmp_path / "one.gguf", FAMILIES[family][0], fields_of(family, sentencepiece_proto, ["a b"]), values_of(family)
    )
    whole, skimmed = header.read(place), header.skim(place)
    assert skimmed.tensors == whole.tensors
    for name, value in whole.fields.items():
        other = skimmed.fields[name]
        if isinstance(value, Items):
            assert isinstance(other, Items)
            assert (other.kind, other.count) == (value.kind, value.count)
        else:
            assert other == value
    assert not skimmed.fields["tokenizer.ggml.tokens"].content


async def test_one_click_adds_and_loads_it_where_it_lies(home: Path, file: Path) -> None:
    blob = pulled(home / ".ollama" / "models", file, "registry.ollama.ai/library/gemma/2b")
    before = {each: each.stat().st_mtime_ns for each in (home / ".ollama").rglob("*")}
    registry = Registry(parse(["demo:embedded"]), None, lambda _: None, Loading(scanners=("ollama",)))
    manager = ModelManager(registry)
    await registry.start(lambda _: None)
    response = await manager.models()
    offered: FoundModel = response.found[0]
    assert (offered.name, offered.title, offered.program) == ("gemma-2b", "gemma:2b", "Ollama")
    assert (offered.path, offered.family, offered.stored, offered.chat) == (str(blob), "Gemma", "F32", False)
    assert (offered.precision, offered.fits, offered.fault) == ("float32", True, "")
    response = await manager.change(ModelChanging(change=AddModel(name=offered.name, path=offered.path)))
    assert response.found == []
    await registry.load(offered.name)
    entry = registry.get(offered.name)
    assert (entry.state, entry.stored) == ("ready", "F32")
    assert {each: each.stat().st_mtime_ns for each in (home / ".ollama").rglob("*")} == before


def test_paths_among_the_programs_folders(home: Path, tmp_path: Path, file: Path, preset: Path) -> None:
    top = home / ".ollama" / "models"
    inside = pulled(top, file, "registry.ollama.ai/library/gemma/2b")
    own = home / "mine"
    put(file, own / "a b" / "one.gguf")
    put(file, own / "repo" / "packed.tar.gz")
    put(file, own / ".hidden" / "one.gguf")
    put(file, tmp_path / "elsewhere" / "x.gguf")
    shutil.copytree(preset, own / "preset")
    (own / "out").symlink_to(tmp_path / "elsewhere")
    among = partial(programs.is_among, scanners=["ollama", "folders"], own=[str(own), "~nobody-of-this-name"])
    for path in (inside, own / "a b" / "one.gguf", own / "preset"):
        assert among(str(path)), path
        assert not programs.is_among(str(path), [], [str(own)])
    for path in (
        inside.parent,
        top / "blobs" / ("sha256-" + "0" * 64),
        top / "nothing.tar.gz",
        top / "manifests" / "registry.ollama.ai" / "library" / "gemma" / "2b",
        own,
        own / "repo",
        own / "repo" / "packed.tar.gz",
        own / ".hidden" / "one.gguf",
        own / "out" / "x.gguf",
        own / ".." / "x.gguf",
        Path("relative.gguf"),
        Path("/"),
        Path("a\0b"),
    ):
        assert not among(str(path)), path
