"""Sources of a model's files, and files that are refused before anything is created from them."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lit_lab.problem import Problem
from lit_lab.service import presets
from lit_lab.service.weights import archive, device_memory, memory_estimate, paths, preset_validation, window
from lit_lab.service.weights.reading import Reading


def refused(work: Callable[[], Any]) -> Problem:
    with pytest.raises(Problem) as failure:
        work()
    assert failure.value.message
    assert failure.value.hint
    return failure.value


# --- Paths ---


@pytest.mark.parametrize(
    ("path", "kind", "where"),
    [
        ("kaggle://keras/gemma2/keras/gemma2_2b_en/1", "kaggle", "keras/gemma2/keras/gemma2_2b_en/1"),
        ("hf://google/gemma-2-2b-keras", "hf", "google/gemma-2-2b-keras"),
        ("HF://org/tiny@v1.0/", "hf", "org/tiny@v1.0"),
        ("gemma_1.1_instruct_2b_en", "kaggle", "keras/gemma/keras/gemma_1.1_instruct_2b_en/4"),
        ("./a/preset", "folder", "a/preset"),
        ("models/a.tar.gz", "archive", "models/a.tar.gz"),
    ],
)
def test_paths_as_lit_and_keras_write_them(keras_libraries: None, path: str, kind: str, where: str) -> None:
    found = paths.source(path)
    assert (found.kind, found.where) == (kind, where)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("gs://bucket/preset", "bad_path"),
        ("https://example.com/x", "bad_path"),
        ("kaggle://keras/gemma2", "bad_path"),
        ("kaggle://../../keras/x", "bad_path"),
        ("hf://a/b/c", "bad_path"),
        ("hf://../b", "bad_path"),
        ("hf://a/b@", "bad_path"),
        ("hf://a/b@..", "bad_path"),
        ("hf://a/b@v1@v2", "bad_path"),
        ("hf://a/b@refs/pr/1", "bad_path"),
        ("hf://a@v1/b", "bad_path"),
        ("gemma9", "preset_not_found"),
        ("x" * 900, "preset_not_found"),
        ("./" + "x" * 900, "preset_not_found"),
        ("~nobody-of-this-name/x", "preset_not_found"),
    ],
    ids=lambda text: text[:30],
)
def test_paths_that_lead_nowhere(keras_libraries: None, path: str, code: str) -> None:
    assert refused(lambda: paths.source(path)).code == code


@pytest.mark.parametrize("name", ["mypreset", ".hidden"])
def test_a_bare_name_is_no_folder_whatever_is_there(
    keras_libraries: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    missing = refused(lambda: paths.source(name))
    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)
    there = refused(lambda: paths.source(name))
    assert (there.code, there.message, there.hint) == (missing.code, missing.message, missing.hint)
    assert paths.source(f"./{name}").kind == "folder"


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("gemma2_instruct_2b_en", "https://ai.google.dev/gemma/terms"),
        ("hf://google/gemma-2b", "https://ai.google.dev/gemma/terms"),
        ("hf://org/other", "https://huggingface.co/org/other"),
    ],
)
def test_terms_are_known_before_a_download(keras_libraries: None, path: str, url: str) -> None:
    terms = paths.source(path).terms
    assert terms is not None
    assert terms.url == url


def test_a_run_says_what_its_model_is_provided_under(keras_libraries: None, tmp_path: Path) -> None:
    gemma = "https://ai.google.dev/gemma/terms"
    copied = tmp_path / "gemma_2b_en" / "2"
    copied.mkdir(parents=True)
    (tmp_path / "tiny").mkdir()
    for path, url in (
        ("gemma2_instruct_2b_en", gemma),
        ("hf://org/other", "https://huggingface.co/org/other"),
        (str(copied), gemma),
    ):
        terms = paths.source(path).provided_under()
        assert terms is not None
        assert terms.url == url
    # The embedded model has Gemma's architecture and none of Google's weights.
    assert paths.source("embedded").provided_under() is None
    assert paths.source(str(tmp_path / "tiny")).provided_under() is None


# --- Archives ---


def pack(target: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(target, mode) as tar:  # type: ignore[call-overload]
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return target


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


CONFIG = (member("config.json"), b"{}")


@pytest.mark.parametrize("inside", ["", "tiny/"])
def test_a_packed_preset_is_loaded(keras_libraries: None, preset: Path, tmp_path: Path, inside: str) -> None:
    packed = tmp_path / "tiny.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(preset, arcname=inside or ".")
    place = presets.folder(str(packed), tmp_path / "cache")
    assert presets.make(place, str(packed), "float32", Reading()).count_params() > 0
    stamp = (place / "config.json").stat().st_mtime_ns
    assert presets.folder(str(packed), tmp_path / "cache") == place
    assert (place / "config.json").stat().st_mtime_ns == stamp  # not unpacked a second time


@pytest.mark.parametrize(
    "bad",
    [
        (member("/tmp/evil"), b"x"),
        (member("../evil"), b"x"),
        (member("a/../../evil"), b"x"),
        (member("link", tarfile.SYMTYPE, "/etc/passwd"), b""),
        (member("link", tarfile.SYMTYPE, "../../x"), b""),
        (member("hard", tarfile.LNKTYPE, "/etc/passwd"), b""),
        (member("pipe", tarfile.FIFOTYPE), b""),
        (member("device", tarfile.CHRTYPE), b""),
    ],
    ids=["absolute", "parent", "inner parent", "link", "link out", "hard link", "pipe", "device"],
)
def test_what_leads_elsewhere_is_not_unpacked(tmp_path: Path, bad: tuple[tarfile.TarInfo, bytes]) -> None:
    packed = pack(tmp_path / "bad.tar.gz", CONFIG, bad)
    assert refused(lambda: archive.unpacked(packed, tmp_path / "cache")).code == "archive_unsafe"
    assert list((tmp_path / "cache" / "unpacked").iterdir()) == []
    assert not (tmp_path / "evil").exists()


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    packed = pack(
        tmp_path / "bad.tar.gz", CONFIG, (member("x", tarfile.SYMTYPE, str(tmp_path)), b""), (member("x/evil"), b"x")
    )
    assert refused(lambda: archive.unpacked(packed, tmp_path / "cache")).code == "archive_unsafe"
    assert not (tmp_path / "evil").exists()


def test_bombs_are_not_unpacked(tmp_path: Path) -> None:
    zeros = pack(tmp_path / "zeros.tar.gz", CONFIG, (member("model.weights.h5"), bytes(80 * 2**20)))
    assert refused(lambda: archive.unpacked(zeros, tmp_path / "cache")).code == "archive_unsafe"
    many = pack(tmp_path / "many.tar", *((member(f"{n}"), b"") for n in range(archive.MAX_FILES + 1)), mode="w")
    assert refused(lambda: archive.unpacked(many, tmp_path / "cache")).code == "archive_unsafe"
    assert list((tmp_path / "cache" / "unpacked").iterdir()) == []


def test_an_archive_that_is_larger_than_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "KEEP_FREE", 2**62)
    packed = pack(tmp_path / "some.tar.gz", CONFIG)
    assert refused(lambda: archive.unpacked(packed, tmp_path / "cache")).code == "disk_full"


@pytest.mark.parametrize("cut", [0, 40])
def test_archives_that_are_damaged(tmp_path: Path, cut: int) -> None:
    packed = pack(tmp_path / "some.tar.gz", CONFIG, (member("model.weights.h5"), bytes(range(256)) * 100))
    packed.write_bytes(packed.read_bytes()[:cut] if cut else b"not an archive")
    assert refused(lambda: archive.unpacked(packed, tmp_path / "cache")).code == "archive_damaged"


def test_an_archive_without_a_preset(tmp_path: Path) -> None:
    packed = pack(tmp_path / "other.tar.gz", (member("readme"), b"x"))
    assert refused(lambda: archive.unpacked(packed, tmp_path / "cache")).code == "preset_incomplete"
    assert refused(lambda: archive.unpacked(tmp_path / "none.tar", tmp_path / "cache")).code == "preset_not_found"


# --- Classes that a preset may name ---


@pytest.fixture
def copy(preset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(preset, tmp_path / "copy"))


def rewrite(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def test_keras_own_presets_pass(preset: Path) -> None:
    from lit_lab import demo

    for folder in (preset, demo.preset_path()):
        assert preset_validation.check(folder, "x")["registered_name"]


@pytest.mark.parametrize(
    "named",
    [
        {"module": "os", "class_name": "system", "config": "true", "registered_name": None},
        {"module": "keras.layers", "class_name": "Lambda", "config": {}, "registered_name": None},
        {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}},
        {"module": "keras_hub_evil", "class_name": "X", "config": {}, "registered_name": None},
        {"module": "keras_hub.x", "class_name": "X", "config": {}, "registered_name": "mine>X"},
        {"module": "builtins", "class_name": "eval", "config": "1", "registered_name": None},
        {"module": None, "class_name": ["X"], "config": {}, "registered_name": None},
        {"module": "keras.layers", "class_name": "TFSMLayer", "config": {"filepath": "x"}, "registered_name": None},
    ],
)
@pytest.mark.parametrize("file", ["config.json", "task.json", "tokenizer.json", "preprocessor.json"])
def test_what_is_not_keras_own_is_refused_before_anything_is_made(
    copy: Path, named: dict[str, Any], file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", lambda *_, **__: pytest.fail("something was made"))
    rewrite(copy / file, lambda content: content["config"].update({"activation": [named]}))
    error = refused(lambda: presets.load(str(copy)))
    assert error.code == "preset_unsafe"
    assert file in error.message


def test_keras_own_functions_pass(copy: Path) -> None:
    named = {"module": "builtins", "class_name": "function", "config": "gelu", "registered_name": "function"}
    rewrite(copy / "config.json", lambda content: content["config"].update({"activation": named}))
    preset_validation.check(copy, "x")


def test_nested_without_end(copy: Path) -> None:
    value: Any = {}
    for _ in range(200):
        value = {"a": value}
    rewrite(copy / "config.json", lambda content: content["config"].update(value))
    assert refused(lambda: preset_validation.check(copy, "x")).code == "preset_unsafe"
    (copy / "config.json").write_text("[" * 200_000)
    assert refused(lambda: preset_validation.check(copy, "x")).code == "preset_unsafe"


def test_pickled_weights_are_refused(copy: Path) -> None:
    (copy / "model.weights.h5").rename(copy / "pytorch_model.bin")
    assert refused(lambda: presets.load(str(copy))).code == "pickled_weights"
    (copy / "pytorch_model.bin").unlink()
    assert refused(lambda: presets.load(str(copy))).code == "preset_incomplete"


def test_weights_that_lead_into_another_file_are_refused(copy: Path, tmp_path: Path) -> None:
    import h5py

    with h5py.File(copy / "model.weights.h5", "r+") as weights:
        name = next(iter(weights))
        del weights[name]
        weights[name] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/")
    assert refused(lambda: presets.load(str(copy))).code.startswith("preset_")


def test_keras_safe_mode_is_never_turned_off() -> None:
    sources = Path(presets.__file__).parents[1].rglob("*.py")
    assert not [
        str(file) for file in sources if "enable_unsafe" in file.read_text() or "safe_mode=" in file.read_text()
    ]


# --- Memory ---


def test_the_shape_is_what_keras_makes(preset: Path, causal_lm: Any) -> None:
    config = preset_validation.check(preset, "x")
    shape = memory_estimate.shape(preset, config)
    assert shape is not None
    assert shape.parameters == causal_lm.count_params()
    assert (shape.layers, shape.hidden, shape.heads, shape.kv_heads, shape.head_dim) == (2, 32, 2, 1, 16)
    assert shape.weights("float32") == sum(variable.value.numpy().nbytes for variable in causal_lm.variables)
    assert shape.weights("bfloat16") * 2 == shape.weights("float32")
    assert window.trained(preset, config, shape.parameters) == causal_lm.preprocessor.sequence_length


def test_the_number_of_weights_is_read_from_the_weights_where_no_file_tells(copy: Path, causal_lm: Any) -> None:
    (copy / "metadata.json").unlink()
    shape = memory_estimate.shape(copy, preset_validation.check(copy, "x"))
    assert shape is not None
    assert shape.parameters == causal_lm.count_params()


GEMMA = memory_estimate.Shape(2_614_341_888, 26, 2304, 9216, 8, 4, 256, 256_000)


def test_what_does_not_fit_is_refused_with_numbers_and_what_would() -> None:
    assert GEMMA.total("bfloat16", 512) < 9.5e9 < GEMMA.total("float32", 512)
    memory_estimate.check("gemma", GEMMA, "bfloat16", 512, int(9.5e9), "CPU")
    error = refused(lambda: memory_estimate.check("gemma", GEMMA, "float32", 8192, int(16e9), "CPU"))
    assert isinstance(error, memory_estimate.NoRoomError)
    assert error.code == "no_room"
    assert "10.5 GB for its weights in float32" in error.message
    assert "16.0 GB are free" in error.message
    for fit in error.fits:
        memory_estimate.check("gemma", GEMMA, fit.precision, fit.max_length or 8192, int(16e9), "CPU")
    assert [fit.precision for fit in error.fits] == ["float32", "bfloat16"]
    assert error.fits[0].max_length is not None
    none = refused(lambda: memory_estimate.check("gemma", GEMMA, "float32", 8192, int(1e9), "CPU"))
    assert isinstance(none, memory_estimate.NoRoomError)
    assert none.fits == []


def test_the_memory_that_is_free(keras_libraries: None) -> None:
    status = device_memory.memory("CPU", None)
    assert status.free is not None
    assert status.used > 0
    limited = device_memory.memory("CPU", status.used + 10**8)
    assert limited.free is not None
    assert 0 <= limited.free < 2 * 10**8
    assert device_memory.memory("CPU", 1).free == 0
    assert device_memory.device("tensorflow") == "CPU"
    assert device_memory.chosen("auto", "tensorflow") == "float32"
