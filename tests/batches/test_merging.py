"""Many small part files become few: nothing is lost or doubled, at any moment of a SIGKILL, and for all that read meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lit_lab.batches import folder as folders
from lit_lab.batches import part_files
from lit_lab.batches.folder import Folder, new_manifest
from lit_lab.batches.index import Index
from lit_lab.batches.merging import MAX_ROWS, MIN_FILES, Merger
from lit_lab.batches.plan import Plan
from lit_lab.batches.record import CheckRecord, Record
from lit_lab.problem import Problem


class KilledError(BaseException):
    """Stands for the end of the process."""


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here switches the machine off."""
    monkeypatch.setattr(part_files.os, "fsync", lambda _: None)


def record(row: int, answer: str = "yes", error: str = "") -> Record:
    checks = () if error else (CheckRecord("contains y", answer == "yes", ""),)
    return Record(row, row + 1, "Say it.", answer="" if error else answer, checks=checks, error=error)


@pytest.fixture(params=["parquet", "jsonl"])
def folder(tmp_path: Path, request: pytest.FixtureRequest) -> Folder:
    made = Folder(tmp_path / "out")
    made.path.mkdir()
    made.claim(replace(new_manifest(Plan(model="m"), "rows.jsonl", "0" * 64, "embedded"), format=request.param))
    return made


def filled(folder: Folder) -> dict[int, Record]:
    """Fill a folder with a few small part files, of which some have rows that were tried again. Return what counts."""
    wanted: dict[int, Record] = {}
    for number in range(MIN_FILES):
        some = [
            record(2 * number),
            record(2 * number + 1, "no" if number % 2 else "yes", "Gone." if number < 4 else ""),
        ]
        some += [record(2 * number - 3, "yes")] if number in (3, 4) else []
        folder.add(some)
        wanted |= {each.row: each for each in some}
    return wanted


def check(folder: Folder, wanted: dict[int, Record], index: Index | None = None) -> None:
    stored = list(folder.records())
    assert len(stored) == len(wanted)
    assert {each.row: each for each in stored} == wanted
    assert folder.rows() == {row: each.error != "" for row, each in wanted.items()}
    index = index or Index(folder.path)
    index.update()
    assert list(index) == [wanted[row] for row in sorted(wanted)]
    assert not index.damaged
    answered = [each for each in wanted.values() if not each.error]
    assert index.checks == {"contains y": (sum(each.answer == "yes" for each in answered), len(answered))}
    assert (index.num_done, index.num_failed) == (len(wanted), len(wanted) - len(answered))


def test_many_small_files_become_one(folder: Folder) -> None:
    wanted = filled(folder)
    index = Index(folder.path)
    index.update()
    before = index.newest
    Merger(folder).merge()
    assert [number for number, _ in folder.part_paths()] == [MIN_FILES + 1]
    check(folder, wanted)
    check(folder, wanted, index)  # one that has read the part files before
    assert index.newest == folder.newest > before


def test_a_few_and_large_ones_stay(folder: Folder) -> None:
    folder.add([record(row) for row in range(MAX_ROWS // 2 + 1)])
    for row in range(1000, 1000 + MIN_FILES - 1):
        folder.add([record(row)])
    Merger(folder).merge()
    assert len(folder.part_paths()) == MIN_FILES
    folder.add([record(2000)])
    Merger(folder).merge()
    assert [number for number, _ in folder.part_paths()] == [1, MIN_FILES + 2]


def test_thousands_of_rows_leave_few_files_of_bounded_size(folder: Folder) -> None:
    merger = Merger(folder)
    most = 0
    for number in range(60):
        folder.add([record(30 * number + index) for index in range(30)])
        merger.merge()
        most = max(most, len(folder.part_paths()))
    sizes = [len(part_files.read_rows(path)) for _, path in folder.part_paths()]
    assert most <= 1800 // (MAX_ROWS // 2) + MIN_FILES
    assert max(sizes) <= MAX_ROWS
    assert len(folder.rows()) == sum(sizes) == 1800
    index = Index(folder.path)
    index.update()
    assert [each.row for each in index.records([1799, 0, 1500, 64, 63])] == [1799, 0, 1500, 64, 63]


@pytest.mark.parametrize("moment", [0, 1, 2, MIN_FILES - 1])
def test_killed_at_any_moment(folder: Folder, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    wanted = filled(folder)
    index = Index(folder.path)
    index.update()
    left = [moment]

    def until_killed(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*given: object, **named: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
            return call(*given, **named)

        return counted

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", until_killed(Path.replace))
        patched.setattr(Path, "unlink", until_killed(Path.unlink))
        with pytest.raises(KilledError):
            Merger(folder).merge()
    check(folder, wanted)
    check(folder, wanted, index)
    # The next run continues: a row that failed is tried again, and what is left is merged.
    for row in [row for row, each in wanted.items() if each.error]:
        wanted[row] = record(row)
        folder.add([wanted[row]])
    for row in range(100, 100 + MIN_FILES):
        wanted[row] = record(row)
        folder.add([wanted[row]])
    Merger(folder).merge()
    assert len(folder.part_paths()) == 1
    check(folder, wanted)
    check(folder, wanted, index)


def test_who_reads_meanwhile_begins_anew(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = filled(folder)
    reading = folder.records()
    found = [next(reading) for _ in range(5)]
    index = Index(folder.path)
    index.update()
    by_index = index.records()
    first = next(by_index)
    listed = folder.part_paths()
    Merger(folder).merge()
    found += reading
    assert len(found) == len(wanted)
    assert {each.row: each for each in found} == wanted
    assert [first, *by_index] == [wanted[row] for row in sorted(wanted)]
    # Names that were read just before: the first look at the folder finds them, and not the files.
    real = Folder.part_paths
    for read in (
        lambda: folder.rows().keys(),
        lambda: {each.row for each in folder.records()},
        lambda: _rows_of(folder),
    ):
        looks = iter([listed])
        monkeypatch.setattr(Folder, "part_paths", lambda self, looks=looks: next(looks, None) or real(self))
        assert set(read()) == set(wanted)


def _rows_of(folder: Folder) -> set[int]:
    index = Index(folder.path)
    index.update()
    return {each.row for each in index}


def test_a_link_that_leads_nowhere_is_damaged(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "MAX_TRIES", 3)
    (folder.path / "part-000001.jsonl").symlink_to(folder.path / "none")
    with pytest.raises(Problem, match="can't be read"):
        folder.rows()
    index = Index(folder.path)
    index.update()
    assert list(index.damaged) == [folder.path / "part-000001.jsonl"]


def test_what_cant_be_read_or_written_stays(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = filled(folder)
    files = folder.part_paths()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(part_files.os, "fsync", full)
        Merger(folder).merge()
    assert folder.part_paths() == files
    check(folder, wanted)
    files[5][1].write_bytes(b"damaged")
    Merger(folder).merge()
    assert folder.part_paths() == files
