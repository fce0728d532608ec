"""A batch's folder: whole parts only, the last record of a row counts, and no other batch is mixed in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lit_lab.batches import part_files
from lit_lab.batches.folder import Folder, Manifest, new_manifest
from lit_lab.batches.part_files import Format
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import CheckRecord, PartRecord, Record
from lit_lab.problem import Problem

PLAN = Plan(model="m", template="Say {word}.", sampling={"temperature": 0.5}, stop=("\n",))
PARTS = (PartRecord("text-1", "Say", 0, 0.25, -1.5), PartRecord("{word}", "späť \U0001f600", 4, None, None))

CHECKS = (
    CheckRecord("contains it", True, "The answer contains “it”."),
    CheckRecord("max_length 1", False, "Too long."),
)


def record(row: int, error: str = "") -> Record:
    return Record(row, row + 1, "Say it.", "", "  it\n", "stop", 2, -0.5, PARTS, CHECKS, error)


@pytest.fixture(params=["parquet", "jsonl"])
def manifest(request: pytest.FixtureRequest) -> Manifest:
    kind: Format = request.param
    return replace(new_manifest(PLAN, "rows.jsonl", "0" * 64, "embedded"), format=kind)


@pytest.fixture
def folder(tmp_path: Path, manifest: Manifest) -> Folder:
    made = Folder(tmp_path / "out")
    with made.held():
        made.claim(manifest)
    return made


def test_records_come_back_as_they_were(folder: Folder) -> None:
    written = [record(0), record(1, "It failed.")]
    folder.add(written)
    folder.add([record(7)])
    assert list(folder.records()) == [*written, record(7)]
    assert folder.rows() == {0: False, 1: True, 7: False}


def test_the_last_record_of_a_row_counts(folder: Folder) -> None:
    folder.add([record(0, "It failed."), record(1)])
    folder.add([record(0)])
    assert list(folder.records()) == [record(1), record(0)]
    assert folder.rows() == {0: False, 1: False}


def test_another_run_goes_on_in_the_same_format(folder: Folder, manifest: Manifest) -> None:
    folder.add([record(0)])
    again = Folder(folder.path)
    with again.held():
        assert again.claim(new_manifest(PLAN, "moved.jsonl", "0" * 64, "embedded")) == manifest
        again.add([record(1)])
    assert len(list(again.records())) == 2
    assert {path.suffix for path in folder.path.glob("part-*")} == {f".{manifest.format}"}


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (new_manifest(replace(PLAN, template="Shout {word}."), "rows.jsonl", "0" * 64, "embedded"), "template"),
        (new_manifest(replace(PLAN, max_new_tokens=9), "rows.jsonl", "0" * 64, "embedded"), "max new tokens"),
        (new_manifest(PLAN, "rows.jsonl", "1" * 64, "embedded"), "the dataset differs"),
        (new_manifest(PLAN, "rows.jsonl", "0" * 64, "./elsewhere"), "model's path"),
    ],
)
def test_another_batch_is_refused(folder: Folder, other: Manifest, word: str) -> None:
    folder.add([record(0)])
    again = Folder(folder.path)
    with pytest.raises(Problem) as raised, again.held():
        again.claim(other)
    assert word in raised.value.message
    assert len(list(folder.records())) == 1


def test_a_folder_with_other_files_is_refused(tmp_path: Path, manifest: Manifest) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(Problem) as raised, Folder(tmp_path).held():
        Folder(tmp_path).claim(manifest)
    assert "thesis.tex" in raised.value.message


def test_only_one_run_at_a_time(folder: Folder) -> None:
    with folder.held(), pytest.raises(Problem) as raised, Folder(folder.path).held():
        pass
    assert raised.value.code == "batch_runs"


def test_what_was_killed_in_the_middle_of_writing_is_no_part(folder: Folder, manifest: Manifest) -> None:
    folder.add([record(0)])
    half = folder.path / f".part-000002.{manifest.format}.half"
    half.write_bytes(b"PAR1 half")
    assert folder.rows() == {0: False}
    with folder.held():
        assert not half.exists()


def test_a_part_that_cant_be_written_leaves_nothing(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(part_files.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.add([record(0)])
    assert folder.rows() == {}
    assert not list(folder.path.glob(".part-*"))


def test_a_damaged_part_is_named(folder: Folder, manifest: Manifest) -> None:
    (folder.path / f"part-000001.{manifest.format}").write_bytes(b'{"row": 0}\n')
    for read in (folder.rows, lambda: list(folder.records())):
        with pytest.raises(Problem) as raised:
            read()
        assert raised.value.code == "damaged_part"
        assert "part-000001" in raised.value.message


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 2}', "[" * 100_000, json.dumps({"format": 1, "parts": "csv"})]
)
def test_a_manifest_that_isnt_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(Problem) as raised:
        Folder(tmp_path).manifest  # noqa: B018
    assert raised.value.code == "bad_manifest"


def test_no_batch(tmp_path: Path) -> None:
    with pytest.raises(Problem) as raised:
        Folder(tmp_path / "nowhere").manifest  # noqa: B018
    assert raised.value.code == "no_batch"
