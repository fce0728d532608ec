"""Presets that try to exhaust memory, to block forever, or to read other files."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import hostile_presets
import pytest
from families import FAMILIES, Family
from hostile_presets import MEBI, refused

from lit_lab.problem import Problem
from lit_lab.service import presets
from lit_lab.service.scanning.scanner import Scanner
from lit_lab.service.weights import memory_estimate, preset_validation, regular, window
from lit_lab.service.weights.paths import Source

copy = hostile_presets.copy


def test_hugging_faces_links_into_its_blobs_are_followed(preset: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models--lab--tiny"
    (repository / "blobs").mkdir(parents=True)
    snapshot = repository / "snapshots" / "0123"
    for number, file in enumerate(sorted(file for file in preset.rglob("*") if file.is_file())):
        shutil.copy(file, repository / "blobs" / str(number))
        link = snapshot / file.relative_to(preset)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(repository / "blobs" / str(number), link.parent))
    assert preset_validation.check(snapshot, "x")["registered_name"]
    # But links may not lead farther: blobs elsewhere aren't the repository's.
    (repository / "blobs").rename(tmp_path / "elsewhere")
    (repository / "blobs").symlink_to(tmp_path / "elsewhere")
    refused(lambda: preset_validation.check(snapshot, "x"), "preset_unsafe")


@pytest.mark.parametrize(
    "name", ["config.json", "task.json", "model.weights.h5", "assets/tokenizer/vocabulary.spm", "more/notes.txt"]
)
@pytest.mark.parametrize("kind", ["pipe", "device", "link out"])
def test_what_is_no_regular_file_of_the_folder_is_neither_read_nor_waited_for(
    copy: Path, tmp_path: Path, name: str, kind: str
) -> None:
    file = copy / name
    file.parent.mkdir(exist_ok=True)
    outside = tmp_path / "outside"
    if file.exists():
        file.rename(outside)
    else:
        outside.touch()
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero" if kind == "device" else outside)
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


def test_a_linked_folder_leads_nowhere_else(copy: Path, tmp_path: Path) -> None:
    (copy / "assets").rename(tmp_path / "assets")
    (copy / "assets").symlink_to(tmp_path / "assets")
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


@pytest.mark.parametrize("name", ["config.json", "model.weights.json", "task.json", "tokenizer_config.json"])
def test_searching_the_caches_waits_for_no_pipe(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "cache" / "models" / "lab" / "tiny" / "keras" / "small"
    shutil.copytree(copy, place / "1")
    (place / "1.complete").touch()
    (place / "1" / name).unlink(missing_ok=True)
    os.mkfifo(place / "1" / name)
    Scanner(["kaggle"]).look()
    from lit_lab.service.weights import instruct

    assert instruct.is_instruct(Source("folder", str(place)), place / "1") is False
    assert window.trained(place / "1", {"registered_name": "keras_hub>GemmaBackbone"}, 0) > 0


def test_many_files_and_deep_folders_are_no_preset(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy.joinpath(*"a" * (regular.MAX_LEVELS + 2))).mkdir(parents=True)
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")
    shutil.rmtree(copy / "a")
    monkeypatch.setattr(regular, "MAX_FILES", 5)
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


@pytest.mark.parametrize(
    "content", [b'{"a": [' + b"[],[]," * 200_000 + b"[]]}", b"1" * (20 * MEBI), b"\xff\xfe[\0]\0", b'{"a":' * 100]
)
@pytest.mark.parametrize("name", ["task.json", "more.json", "assets/more.json"])
def test_json_is_bounded_before_it_is_parsed(
    copy: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, name: str
) -> None:
    loads = json.loads
    monkeypatch.setattr(json, "loads", lambda text: loads(text) if len(text) < 10_000 else pytest.fail("it was parsed"))
    (copy / name).write_bytes(content)
    with pytest.raises(Problem) as failure:
        preset_validation.check(copy, "x")
    assert failure.value.code in ("preset_unsafe", "preset_damaged")


def test_vocabularies_are_bounded(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy / "assets" / "merges.txt").write_bytes(b"\n" * (preset_validation.MAX_LINES + 1))
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")
    (copy / "assets" / "merges.txt").unlink()
    (copy / "assets" / "tokenizer" / "vocabulary.spm").write_bytes(b"\n\0" * (4 * preset_validation.MAX_PIECES + 1))
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


# --- Objects that Keras would create ---


def rewrite(file: Path, **settings: Any) -> None:
    content = json.loads(file.read_text())
    content["config"].update(settings)
    file.write_text(json.dumps(content))


@pytest.mark.parametrize(
    "settings", [{"vocabulary_size": 10**8}, {"hidden_dim": 10**6, "head_dim": 10**4}, {"intermediate_dim": 10**9}]
)
@pytest.mark.parametrize("file", ["config.json", "task.json"])
def test_a_configuration_that_makes_more_than_the_files_hold_is_counted_and_refused(
    copy: Path, settings: dict[str, int], file: str
) -> None:
    if file == "config.json":
        rewrite(copy / file, **settings)
        (copy / "task.json").unlink()
    else:
        backbone = json.loads((copy / "config.json").read_text())
        backbone["config"].update(settings)
        rewrite(copy / file, backbone=backbone)
    preset_validation.check(copy, "x")
    made = presets.weights_of(copy, "x")
    assert made > 10**9
    refused(lambda: memory_estimate.check_held(copy, "x", made), "preset_unsafe")


def test_the_largest_number_of_weights_counts(copy: Path, preset: Path, causal_lm: Any) -> None:
    count = causal_lm.count_params()
    config = preset_validation.check(copy, "x")
    assert presets.weights_of(copy, "x") == count
    for declared, made, expected in ((1, 0, count), (10**12, count, 10**12), (1, 10**11, 10**11), (True, 0, count)):
        (copy / "metadata.json").write_text(json.dumps({"parameter_count": declared}))
        shape = memory_estimate.shape(copy, config, made)
        assert shape is not None
        assert shape.parameters == expected


def test_a_model_of_which_only_its_weights_are_known_has_to_fit() -> None:
    memory_estimate.check_weights("x", 10**9, "bfloat16", 3 * 10**9, "CPU")
    assert (
        "4.0 GB"
        in refused(lambda: memory_estimate.check_weights("x", 10**9, "float32", 3 * 10**9, "CPU"), "no_room").message
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"num_layers": 10**9},
        {"vision_encoder": {"depth": 10**9}},
        {"depths": [2, 10**9]},
        {"image_size": 10**9},
        {"config_file": "/etc/x.json"},
        {"config_file": "../x.json"},
        {"proto": "/etc/passwd"},
        {"vocabulary": "/dev/zero"},
        {"merges": "merges.txt"},
    ],
)
def test_what_would_loop_or_lead_elsewhere_is_refused(copy: Path, settings: dict[str, Any]) -> None:
    rewrite(copy / "tokenizer.json", **settings)
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


@pytest.mark.parametrize(
    "named",
    [
        {"module": "keras", "class_name": "layers.Lambda", "config": {}, "registered_name": None},
        {"module": "keras", "class_name": "layers.TFSMLayer", "config": {}, "registered_name": None},
        {"module": "keras", "class_name": "layers.Lambda", "config": {}, "registered_name": "layers.Lambda"},
        {"module": "keras.src.layers.core.lambda_layer", "class_name": "Lambda", "config": {}},
        {"module": "keras.layers", "class_name": "Lambda ", "config": {}},
        {"module": "keras.layers.", "class_name": "Dense", "config": {}},
        {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": ["x"]}},
        {"module": "keras.utils", "class_name": "get_file", "config": {}},
        {"module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "function"},
        {"module": "keras.saving", "class_name": "load_model", "config": {}},
        {"module": "keras", "class_name": "Function", "config": {}},
        {"module": "keras.models", "class_name": "Sequential", "config": {"layers": []}},
        {"module": "builtins", "class_name": "function", "config": "layers.Lambda", "registered_name": "function"},
        {"module": "builtins", "class_name": "function", "config": "Lambda", "registered_name": "function"},
        {"module": "keras_hub", "class_name": "X", "config": {}, "registered_name": "keras_hub>Lambda"},
        {"module": "keras_hub", "class_name": "X", "config": {}, "registered_name": "keras_hub.x"},
        {"module": "keras_hub.models", "class_name": "X.Y", "config": {}},
        {"module": None, "class_name": "Lambda", "config": {}},
        {"class_name": "Anything", "config": {}},
        {"class_name": "__typespec__", "module": "keras", "spec_name": "x", "registered_name": None, "config": []},
        {"class_name": "__numpy__", "config": {"value": [1], "dtype": "S1000000000"}},
        {"class_name": "__keras_tensor__", "config": {}},
        {"module": "keras.layers", "class_name": "Dense", "config": {}, "compile_config": {"optimizer": "adam"}},
    ],
    ids=lambda named: f"{named.get('module')}.{named['class_name']}",
)
def test_a_class_is_recognized_by_its_whole_name_and_place(copy: Path, named: dict[str, Any]) -> None:
    rewrite(copy / "config.json", activation=[{"nested": [named]}])
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


@pytest.mark.parametrize(
    "named",
    [
        {"module": "keras.initializers", "class_name": "RandomNormal", "config": {"seed": 1}, "registered_name": None},
        {"class_name": "RandomNormal", "config": {"seed": 1}},
        {"module": "keras.dtype_policies", "class_name": "DTypePolicyMap", "config": {}, "registered_name": None},
        {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "bfloat16"}, "registered_name": None},
        {"module": "keras_nlp.src.models.gemma.gemma_backbone", "class_name": "GemmaBackbone", "config": {}}
        | {"registered_name": "keras_nlp>GemmaBackbone"},
        {"module": "keras_hub.src.utils.keras_utils", "class_name": "function", "config": "gelu_approximate"}
        | {"registered_name": "keras_hub>gelu_approximate"},
        {"module": "keras.layers", "class_name": "LayerNormalization", "config": {}, "registered_name": None},
    ],
    ids=lambda named: f"{named.get('module')}.{named['class_name']}",
)
def test_what_keras_writes_into_presets_passes(copy: Path, named: dict[str, Any]) -> None:
    rewrite(copy / "config.json", activation=[{"nested": [named]}])
    preset_validation.check(copy, "x")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.models)
def test_each_family_as_keras_saves_it_passes_and_is_counted_exactly(
    keras_libraries: None, tmp_path: Path, family: Family
) -> None:
    from keras_nlp import models

    backbone = getattr(models, f"{family.cls}Backbone")(**family.shape)
    backbone.save_to_preset(str(tmp_path / "saved"))
    assert preset_validation.check(tmp_path / "saved", "x")["class_name"] == f"{family.cls}Backbone"
    made = presets.weights_of(tmp_path / "saved", "x")
    if made != backbone.count_params():  # some families' configuration lacks parts of their shape
        backbone = type(backbone).from_config(backbone.get_config())
    assert made == backbone.count_params()
    memory_estimate.check_held(tmp_path / "saved", "x", made)
    assert memory_estimate.numbers(tmp_path / "saved", made) >= made
