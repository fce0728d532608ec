"""What identifies a model's files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lit_lab.service.weights import revision
from lit_lab.service.weights.revision import revision_of


@pytest.fixture
def preset(tmp_path: Path) -> Path:
    folder = tmp_path / "preset"
    (folder / "assets").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "assets" / "vocabulary.txt").write_text("a\nb\n")
    (folder / "model.weights.h5").write_bytes(bytes(100_000))
    return folder


def changed(file: Path, at: int) -> None:
    """Change one byte, as a program that leaves the time as it was."""
    before = file.stat()
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_copy_has_the_same_and_each_byte_counts(preset: Path, tmp_path: Path) -> None:
    first = revision_of(preset)
    assert len(first) == 32
    shutil.copytree(preset, tmp_path / "copy", copy_function=shutil.copyfile)
    (tmp_path / "copy" / "README.md").write_text("About it.")
    (tmp_path / "copy" / ".DS_Store").touch()
    assert revision_of(tmp_path / "copy") == first
    changed(preset / "model.weights.h5", 77_777)
    second = revision_of(preset)
    (preset / "config.json").rename(preset / "other.json")
    assert len({first, second, revision_of(preset)}) == 3


def test_a_large_file_is_sampled(preset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revision, "MAX_WHOLE", 50_000)
    monkeypatch.setattr(revision, "_SAMPLES", 3)
    monkeypatch.setattr(revision, "_SAMPLE", 10)
    weights = preset / "model.weights.h5"
    found = [revision_of(preset)]
    for at in (0, 49_997, 99_999):
        changed(weights, at)
        found.append(revision_of(preset))
    os.utime(weights)  # a change that no sample shows
    assert len({*found, revision_of(preset)}) == 5


def test_a_file_that_is_stored_under_its_digest_may_be_downloaded_again(
    preset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revision, "MAX_WHOLE", 50_000)
    blobs, weights = preset.parent / "blobs", preset / "model.weights.h5"
    blobs.mkdir()
    weights.rename(blobs / "a")
    shutil.copyfile(blobs / "a", blobs / "b")
    weights.symlink_to(blobs / "a")
    first = revision_of(preset)
    os.utime(blobs / "a", ns=(0, 0))
    assert revision_of(preset) == first
    weights.unlink()
    weights.symlink_to(blobs / "b")
    assert revision_of(preset) != first


def test_a_gguf_file_with_its_parts(tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"m-0000{number}-of-00002.gguf").write_bytes(b"GGUF" * number)
    first = revision_of(tmp_path / "m-00001-of-00002.gguf")
    changed(tmp_path / "m-00002-of-00002.gguf", 5)
    assert revision_of(tmp_path / "m-00001-of-00002.gguf") not in (first, "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_what_cant_be_read_has_none(preset: Path) -> None:
    os.mkfifo(preset / "pipe.json")
    assert revision_of(preset) == ""
    assert revision_of(preset / "none.gguf") == ""
