"""Presets and archives that were made to take memory, to wait without end, or to lead elsewhere."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from families import FAMILIES, Family

from lit_lab.problem import Problem
from lit_lab.service import presets
from lit_lab.service.scanning.scanner import Scanner
from lit_lab.service.weights import archive, memory_estimate, preset_validation, regular, stored, window
from lit_lab.service.weights.paths import Source

MEBI = 2**20


def refused(work: Callable[[], Any], code: str) -> Problem:
    with pytest.raises(Problem) as failure:
        work()
    assert (failure.value.code, bool(failure.value.hint)) == (code, True), failure.value.message
    return failure.value


# --- Archives ---

_UNPACK = """
import sys
from pathlib import Path
from lit_lab.service.errors import Problem
from lit_lab.service.weights import archive
def peak():  # of getrusage's, a part is the parent's
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
try:
    archive.MAX_MEMBERS = int(sys.argv[3])
    archive.unpacked(Path(sys.argv[1]), Path(sys.argv[2]))
    print("unpacked", end=" ")
except Problem as error:
    print(error.code, end=" ")
print((peak() - before) // 1024)
"""


def unpacked_apart(packed: Path, tmp_path: Path, members: int = archive.MAX_MEMBERS) -> tuple[str, int]:
    """Unpack in a process of its own; return how that ended, and the MiB that it took at most."""
    run = [sys.executable, "-c", _UNPACK, str(packed), str(tmp_path / "cache"), str(members)]
    code, taken = subprocess.run(run, capture_output=True, text=True, check=True, timeout=120).stdout.split()
    return code, int(taken)


def header(name: str, kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def zeros(file: Any, size: int) -> None:
    for _ in range(size // MEBI):
        file.write(bytes(MEBI))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_header_that_says_how_much_is_to_be_read_is_not_believed(tmp_path: Path, kind: bytes) -> None:
    packed = tmp_path / "long.tar.gz"
    with gzip.open(packed, "wb", compresslevel=1) as file:
        file.write(header("x", kind, 200 * MEBI))
        zeros(file, 200 * MEBI)
        file.write(header("config.json", tarfile.REGTYPE, 0) + bytes(1024))
    code, taken = unpacked_apart(packed, tmp_path)
    assert code == "archive_unsafe"
    assert taken < 50


def test_a_sparse_files_map_does_not_go_on_without_end(tmp_path: Path) -> None:
    first = bytearray(header("x", tarfile.GNUTYPE_SPARSE, 512))
    first[482] = 1  # the map goes on in the next block
    first[148:156] = b" " * 8
    first[148:156] = b"%06o\0 " % sum(first)
    block = (b"%011o\0%011o\0" % (0, 1)) * 21 + b"\1" + bytes(7)
    packed = tmp_path / "sparse.tar.gz"
    with gzip.open(packed, "wb", compresslevel=1) as file:
        file.write(first)
        for _ in range(1000):
            file.write(block * 40)
    code, taken = unpacked_apart(packed, tmp_path)
    assert code == "archive_unsafe"
    assert taken < 50


def test_folders_count_as_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 100)
    packed = tmp_path / "folders.tar"
    with tarfile.open(packed, "w") as tar:
        for number in range(101):
            tar.addfile(_folder(f"{number}"))
    refused(lambda: archive.unpacked(packed, tmp_path / "cache"), "archive_unsafe")


def _folder(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = tarfile.DIRTYPE
    return info


def test_many_folders_take_no_memory(tmp_path: Path) -> None:
    packed = tmp_path / "folders.tar.gz"
    with gzip.open(packed, "wb", compresslevel=1) as file:
        one = header("folder", tarfile.DIRTYPE, 0)
        for _ in range(201):
            file.write(one * 100)
    code, taken = unpacked_apart(packed, tmp_path, 20_000)
    assert code == "archive_unsafe"
    assert taken < 25  # kept, they took 70


@pytest.mark.parametrize("what", ["headers", "levels", "long", "negative", "keywords"])
def test_odd_headers_end_in_words(tmp_path: Path, what: str) -> None:
    packed = tmp_path / "odd.tar"
    content = {
        # Each long name is one of the next long name.
        "headers": (header("x", tarfile.GNUTYPE_LONGNAME, 1) + b"x" + bytes(511)) * 5_000,
        "levels": b"",
        "long": b"",
        "negative": header("x", tarfile.REGTYPE, 0),
        "keywords": b"",
    }[what]
    if content:
        raw = bytearray(content)
        if what == "negative":
            raw[124:136] = b"\xff" * 10 + b"\xfc\0"
            raw[148:156] = b" " * 8
            raw[148:156] = b"%06o\0 " % sum(raw)
        packed.write_bytes(bytes(raw) + bytes(2048))
    else:
        pax = {f"k{number}": "x" for number in range(2_000)} if what == "keywords" else {}
        with tarfile.open(packed, "w", format=tarfile.PAX_FORMAT, pax_headers=pax) as tar:
            name = "a/" * 1_000 if what == "levels" else "n" * 2_000 if what == "long" else ""
            tar.addfile(tarfile.TarInfo(name + "config.json"), io.BytesIO())
    refused(lambda: archive.unpacked(packed, tmp_path / "cache"), "archive_unsafe")
    assert list((tmp_path / "cache" / "unpacked").iterdir()) == []


@pytest.mark.parametrize("make", [os.mkfifo, lambda file: file.symlink_to("/dev/zero")], ids=["pipe", "device"])
def test_an_archive_that_is_no_regular_file_is_not_waited_for(tmp_path: Path, make: Callable[[Path], None]) -> None:
    packed = tmp_path / "some.tar.gz"
    make(packed)
    refused(lambda: archive.unpacked(packed, tmp_path / "cache"), "archive_damaged")


# --- Files ---


@pytest.fixture
def copy(preset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(preset, tmp_path / "copy"))


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
    # But not farther: blobs that are elsewhere aren't the repository's.
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


# --- Weights ---


def declaring(file: Path, kind: str) -> None:
    with h5py.File(file, "w") as weights:
        group = weights.create_group("layers/dense/vars")
        if kind == "packed":
            group.create_dataset("0", (10**9,), "f4", chunks=(10**6,), compression="gzip")
        elif kind == "filled":
            group.create_dataset("0", (10**9,), "f4", chunks=(10**6,), fillvalue=1.0)
        elif kind == "not stored":
            group.create_dataset("0", (10**9,), "f4")
        elif kind == "external":
            group.create_dataset("0", (100,), "f4", external=[("/etc/passwd", 0, 400)])
        elif kind == "virtual":
            layout = h5py.VirtualLayout((10**9,), "f4")
            layout[:10] = h5py.VirtualSource("other.h5", "x", shape=(10,))
            group.create_virtual_dataset("0", layout)
        elif kind == "often":
            group["0"] = np.zeros(50_000, "f4")
            for number in range(1, 100):
                group[str(number)] = group["0"]
        elif kind == "strings":
            group.create_dataset("0", (100,), h5py.string_dtype())
        elif kind == "link":
            weights["elsewhere"] = h5py.ExternalLink("other.h5", "/")
        elif kind == "soft link":
            weights["elsewhere"] = h5py.SoftLink("/layers")
        elif kind == "circle":
            group["self"] = weights["layers"]
        elif kind == "attribute":
            group["0"] = np.zeros(3, "f4")
            group["0"].attrs["dtype"] = ["bfloat16"] * 100


@pytest.mark.parametrize(
    "kind",
    [
        "packed",
        "filled",
        "not stored",
        "external",
        "virtual",
        "often",
        "strings",
        "link",
        "soft link",
        "circle",
        "attribute",
    ],
)
def test_hdf5_that_declares_more_than_it_holds_is_refused(copy: Path, kind: str) -> None:
    declaring(copy / "model.weights.h5", kind)
    assert (copy / "model.weights.h5").stat().st_size < MEBI
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


def test_weights_as_keras_writes_them_pass(tmp_path: Path) -> None:
    import ml_dtypes

    with h5py.File(tmp_path / "x.weights.h5", "w") as weights:
        group = weights.create_group("layers/dense/vars")
        group["0"] = np.zeros((3, 4), "f2")
        group.create_dataset("1", data=np.ones((2, 5), ml_dtypes.bfloat16)).attrs["dtype"] = "bfloat16"
        group["2"], group["3"], group["4"] = np.float32(1), np.zeros((0, 3), "f4"), np.array([True])
        group["5"] = np.zeros(2, "u4")
    assert stored.numbers_in(tmp_path / "x.weights.h5") == 12 + 10 + 1 + 0 + 1 + 2


def safetensors(tensors: dict[str, Any], data: int, length: int | None = None) -> bytes:
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + bytes(data)


def test_safetensors_are_what_they_declare(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    good = {"x": {"dtype": "BF16", "shape": [3, 4], "data_offsets": [0, 24]}, "__metadata__": {"format": "pt"}}
    file.write_bytes(safetensors(good, 24))
    assert stored.numbers_in(file) == 12
    for content in (
        b"",
        b"\0" * 8,
        safetensors(good, 23),
        safetensors(good, 24, 2**63),
        safetensors(good, 24, 10),
        safetensors({"x": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 24]}}, 24),
        safetensors({"x": {"dtype": "F32", "shape": [-1, -6], "data_offsets": [0, 24]}}, 24),
        safetensors({"x": {"dtype": "F32", "shape": [6], "data_offsets": [-24, 0]}}, 24),
        safetensors({"x": {"dtype": "S9", "shape": [6], "data_offsets": [0, 24]}}, 24),
        safetensors({str(n): {"dtype": "F32", "shape": [60], "data_offsets": [0, 240]} for n in range(99)}, 240),
        safetensors({"x": []}, 24),
        safetensors({"x": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}}, 24),
    ):
        file.write_bytes(content)
        with pytest.raises(stored.UnfitError):
            stored.numbers_in(file)


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside.h5", "a/b.h5", "..", "", ".hidden.h5", "model.dat", 7])
@pytest.mark.parametrize("index", ["model.weights.json", "model.safetensors.index.json"])
def test_an_index_names_files_of_its_folder(copy: Path, index: str, name: Any) -> None:
    (copy / index).write_text(json.dumps({"weight_map": {"x": [name]}}))
    refused(lambda: preset_validation.check(copy, "x"), "preset_unsafe")


# --- What Keras would make ---


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
    if made != backbone.count_params():  # some families' configuration leaves parts of their shape out
        backbone = type(backbone).from_config(backbone.get_config())
    assert made == backbone.count_params()
    memory_estimate.check_held(tmp_path / "saved", "x", made)
    assert memory_estimate.numbers(tmp_path / "saved", made) >= made
