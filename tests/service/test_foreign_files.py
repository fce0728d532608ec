"""Files that macOS, Windows and git leave in folders and archives aren't part of a preset."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
from waiting import PATIENCE

from lit_lab import folder_files
from lit_lab.problem import Problem
from lit_lab.service import presets
from lit_lab.service.scanning.scanner import Scanner
from lit_lab.service.weights import archive, hub_cache, memory_estimate, preset_validation

LEFT = {
    "._config.json": b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X",
    "._model.weights.h5": b"\x00\x05\x16\x07",
    "._tokenizer.json": b"\x00\x05\x16\x07",
    ".DS_Store": b"\x00\x00\x00\x01Bud1",
    ".git/config": b"[core]",
    ".git/refs.json": b"no JSON",
    ".cache/huggingface/download/config.json.metadata": b"x",
    "__MACOSX/._config.json": b"\x00\x05\x16\x07",
    "assets/._tokenizer": b"\x00\x05\x16\x07",
    "Thumbs.db": b"\xd0\xcf",
    "desktop.ini": b"[.ShellClassInfo]",
}


@pytest.fixture
def copied(preset: Path, tmp_path: Path) -> Path:
    """A preset with files that macOS, Windows and git left in it."""
    folder = Path(shutil.copytree(preset, tmp_path / "tiny"))
    for name, content in LEFT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_is_checked_sized_and_loaded_without_them(copied: Path, preset: Path) -> None:
    config = preset_validation.check(copied, "tiny")
    assert hub_cache.size_of(copied) == hub_cache.size_of(preset)
    assert memory_estimate.shape(copied, config) == memory_estimate.shape(preset, config)
    (copied / "metadata.json").unlink()
    assert memory_estimate.shape(copied, config) == memory_estimate.shape(
        preset, config
    )  # the count comes from the weights themselves
    assert presets.load(str(copied)).count_params() > 0


def test_they_are_no_weights(copied: Path) -> None:
    (copied / "model.weights.h5").unlink()
    (copied / "._pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(Problem) as failure:
        preset_validation.check(copied, "tiny")
    assert failure.value.code == "preset_incomplete"


@pytest.mark.parametrize("inside", [".", "tiny"])
def test_an_archive_is_unpacked_without_them(copied: Path, preset: Path, tmp_path: Path, inside: str) -> None:
    packed = tmp_path / "tiny.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        # As macOS packs archives: a file `._x` before each `x`, folders included, and a folder of its own.
        for name in ("._tiny", "__MACOSX/tiny/._config.json", ".git/hooks/link"):
            member = tarfile.TarInfo(name)
            member.size = 4
            tar.addfile(member, io.BytesIO(b"\x00\x05\x16\x07"))
        tar.add(copied, arcname=inside)
    place = archive.unpacked(packed, tmp_path / "cache")
    preset_validation.check(place, "tiny")
    names = {file.relative_to(place).as_posix() for file in place.rglob("*") if file.is_file()}
    assert names == {file.relative_to(preset).as_posix() for file in preset.rglob("*") if file.is_file()}


def test_they_do_not_count_as_too_many_files_but_have_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = tmp_path / "some.tar"
    with tarfile.open(packed, "w") as tar:
        for name in ("config.json", *(f".git/objects/{number}" for number in range(20))):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    monkeypatch.setattr(archive, "MAX_FILES", 5)
    assert (archive.unpacked(packed, tmp_path / "cache") / "config.json").is_file()
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10)
    with pytest.raises(Problem) as failure:
        archive.unpacked(packed, tmp_path / "another cache")
    assert failure.value.code == "archive_unsafe"


def test_two_services_that_unpack_the_same_archive_share_what_the_quicker_one_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tmp_path / "some.tar"
    with tarfile.open(packed, "w") as tar:
        tar.addfile(tarfile.TarInfo("config.json"), io.BytesIO())
    cache = tmp_path / "cache"
    unpack = archive._unpack

    def meanwhile(file: Path, size: int, into: Path) -> None:
        unpack(file, size, into)
        monkeypatch.setattr(archive, "_unpack", unpack)
        archive.unpacked(packed, cache)  # the other process finishes first

    monkeypatch.setattr(archive, "_unpack", meanwhile)
    place = archive.unpacked(packed, cache)
    assert (place / "config.json").is_file()
    assert list((cache / "unpacked").iterdir()) == [place]


async def test_caches_are_searched_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: Path) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
    place = tmp_path / "models" / "lab" / "tiny" / "keras" / "small"
    shutil.copytree(preset, place / "3")
    (place / "3.complete").touch()
    for left in (tmp_path / "models", place.parent.parent, place.parent, place):
        (left / ".DS_Store").write_bytes(b"x")
        (left / "._x").mkdir()
    assert [path for _, path, _ in hub_cache.kaggle_presets() if "lab" in path] == ["kaggle://lab/tiny/keras/small"]
    # Paths of known models may be any text.
    odd = ["a\0b", "x" * 5000, "~nobody-of-this-name", "\ud800", "kaggle://x"]
    assert len(await Scanner(["kaggle"]).found(odd, PATIENCE)) == 1


def test_what_belongs_to_a_folder() -> None:
    assert not any(map(folder_files.is_foreign, ["config.json", "assets", "model-00001-of-00002.safetensors", "_x"]))
    assert all(map(folder_files.is_foreign, ["._x", ".git", ".DS_Store", "__MACOSX", "Thumbs.db", "desktop.ini"]))
