"""Scanning Hugging Face's cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import hugging_face
import pytest
import scanned_folders
from gguf_files import fields_of, values_of, write
from scanned_folders import found, put

from lit_lab.service.gguf import header
from lit_lab.service.weights import regular

home = scanned_folders.home
file = scanned_folders.file


def test_hugging_faces_cache_has_both_forms(home: Path, file: Path) -> None:
    hub = home / ".cache" / "huggingface" / "hub"
    for name, content in (("models--lab--tiny", None), ("models--lab--tiny-GGUF", file)):
        snapshot = hub / name / "snapshots" / "abc"
        (hub / name / "refs").mkdir(parents=True)
        (hub / name / "refs" / "main").write_text("abc")
        if content is None:
            hugging_face.write(snapshot, hugging_face.MODELS["Gemma"]["config"], hugging_face.tensors("Gemma"))
        else:
            put(content, snapshot / "tiny.Q4_0.gguf")
    models = found("hugging_face")
    assert {each.model.path for each in models.values()} == {"hf://lab/tiny", "hf://lab/tiny-GGUF/tiny.Q4_0.gguf"}
    assert models["tiny"].facts.family == "Gemma"
    assert not any(each.facts.fault for each in models.values())


@pytest.mark.parametrize("commit", ["", "..", "../../elsewhere", "a/b"])
def test_a_reference_leads_nowhere_else(home: Path, file: Path, commit: str) -> None:
    repository = home / ".cache" / "huggingface" / "hub" / "models--lab--tiny"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    put(file, repository / "snapshots" / ("0123456789" * 4) / "one.gguf")
    put(file, home / ".cache" / "huggingface" / "elsewhere" / "two.gguf")
    models = found("hugging_face")
    assert [each.model.path for each in models.values()] == [f"hf://lab/tiny@{'0123456789' * 4}/one.gguf"]


def test_links_out_of_hugging_faces_cache(home: Path, file: Path) -> None:
    hub = home / ".cache" / "huggingface" / "hub"
    snapshot = hub / "models--lab--tiny" / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "out.gguf").symlink_to(file)
    (hub / "models--lab--tiny" / "blobs").mkdir()
    put(file, hub / "models--lab--tiny" / "blobs" / "0")
    (snapshot / "in.gguf").symlink_to("../../blobs/0")
    models = found("hugging_face")
    assert ("leads out" in models["out"].facts.fault, models["in"].facts.fault) == (True, "")


@pytest.mark.parametrize(
    ("blob", "mark", "is_read"),
    [
        ("blobs/ab/ab01", True, True),
        ("blobs/ab/ab01", False, False),
        ("models--lab--other/blobs/ab01", True, False),
        ("other/ab01", True, False),
        ("../ab01", True, False),
    ],
)
def test_blobs_that_repositories_share(home: Path, file: Path, blob: str, mark: bool, is_read: bool) -> None:
    """As huggingface_hub 2 stores downloads from Xet: the repository's blob is a link, too."""
    hub = home / ".cache" / "huggingface" / "hub"
    repository = hub / "models--lab--tiny"
    snapshot = repository / "snapshots" / ("0" * 40)
    for folder in (snapshot, repository / "blobs", hub / "blobs"):
        folder.mkdir(parents=True)
    put(file, hub / blob)
    if mark:
        (hub / "blobs" / ".huggingface-shared-blobs").write_text("1\n")
    (repository / "blobs" / "0").symlink_to(f"../../{blob}")
    (snapshot / "one.gguf").symlink_to("../../blobs/0")
    fault = found("hugging_face")["one"].facts.fault
    assert fault == ("" if is_read else "is a link that leads out of its folder")


def test_parts_whose_blobs_are_shared(home: Path, sentencepiece_proto: bytes, keras_libraries: None) -> None:
    hub = home / ".cache" / "huggingface" / "hub"
    folder = hub / "models--lab--tiny" / "snapshots" / ("0" * 40) / "some"
    folder.mkdir(parents=True)
    fields, values = fields_of("Gemma", sentencepiece_proto, []), values_of("Gemma")
    first = write(folder / "tiny.gguf", "gemma", fields, values, part_size=9)
    for number, part in enumerate(header.parts(first)):
        blob = hub / "blobs" / f"{number:02}" / f"{number:064}"
        blob.parent.mkdir(parents=True)
        part.rename(blob)
        part.symlink_to(f"../../../../blobs/{blob.parent.name}/{blob.name}")
    (hub / "blobs" / ".huggingface-shared-blobs").write_text("1\n")
    (model,) = found("hugging_face").values()
    assert (model.facts.fault, model.model.path) == ("", f"hf://lab/tiny@{'0' * 40}/some/{first.name}")


def test_presets_whose_blobs_are_shared(home: Path, preset: Path) -> None:
    hub = home / "hub"
    snapshot = hub / "models--lab--tiny" / "snapshots" / ("0" * 40)
    shutil.copytree(preset, snapshot)
    (hub / "blobs" / "ab").mkdir(parents=True)
    (snapshot / "config.json").rename(hub / "blobs" / "ab" / "ab01")
    (snapshot / "config.json").symlink_to("../../../blobs/ab/ab01")
    with pytest.raises(regular.NotRegularError):
        list(regular.walked(snapshot))
    (hub / "blobs" / ".huggingface-shared-blobs").write_text("1\n")
    assert "config.json" in {place.name for place, _ in regular.walked(snapshot)}
