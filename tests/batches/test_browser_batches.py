"""What the dataset browser shows of a batch's records: pages, comparisons, parts over rows. No server runs here."""

import csv
import errno
import io
import json

import pytest
from browser_batches import asked, made, record
from pyarrow import parquet

from lit_lab.batch_store import pages
from lit_lab.batch_store.batch import StoredBatch
from lit_lab.batch_store.folders import BatchFolder, Folders
from lit_lab.batch_store.over_rows import parts_of
from lit_lab.batches import export, part_files
from lit_lab.batches.index import UnreadableError
from lit_lab.batches.plan import Plan
from lit_lab.batches.results import Batch
from lit_lab.owners import ANYONE
from lit_lab.problem import Problem
from lit_lab.protocol import BatchesResponse


@pytest.fixture
def root(tmp_path):
    return tmp_path / "batches"


def test_what_changed_sides_comes_first(root):
    before = made(root, [record(0), record(1, passed=False), record(2), record(3)])
    after = made(root, [record(0), record(1), record(2, "y"), record(3, passed=False)])
    page = pages.page(before, asked(), after)
    assert [(row.row, row.change) for row in page.rows] == [(3, "broken"), (1, "fixed"), (2, "answer"), (0, "")]
    assert (page.fixed, page.broken, page.answer, page.total) == (1, 1, 1, 4)
    assert [row.row for row in pages.page(before, asked(only="unexpected"), after).rows] == [3, 1]
    assert pages.page(before, asked(only="unexpected", limit=1), after).broken == 1
    failed = made(root, [record(0, error="It failed.")])
    assert [row.change for row in pages.page(before, asked(), failed).rows] == ["broken", "", "", ""]


def test_the_last_record_of_a_row_counts(root):
    batch = made(root, [record(0, error="It failed."), record(1), record(0, "second")])
    found = pages.page(batch, asked(), None)
    assert [row.found and row.found.answer for row in found.rows] == ["second", "x", None, None]
    assert [(row.prompt, row.line) for row in found.rows][2:] == [("Be brief. dish 2", 12), ("Be brief. dish 3", 13)]
    assert found.rows[0].found.strongest == "dish 0"  # by effect, whatever its sign
    info = batch.info()
    assert (info.done, info.failed, info.state) == (2, 0, "stopped")
    full = pages.row_of(batch, 0)
    assert (full.answer, full.line, [part.id for part in full.parts]) == ("second", 10, ["text-1", "{dish}"])
    assert pages.row_of(batch, 3).prompt == "Be brief. dish 3"


def test_parts_over_rows(root):
    batch = made(root, [record(row) for row in range(4)])
    found = parts_of(batch, batch.index)
    assert (found.kind, found.rows, found.reason) == ("effect", [0, 1, 2, 3], "")
    first, second = found.parts
    assert (first.id, first.effect, first.cells) == ("text-1", 3.0, [0.0, 2.0, 4.0, 6.0])
    assert first.low < 3.0 < first.high
    assert (second.text, second.share, second.nothing) == ("{dish}", 0.75, None)
    column = made(root, [record(0)], Plan("demo", prompt="dish"))
    assert (parts_of(column, column.index).parts, parts_of(column, column.index).reason != "") == ([], True)


def test_csv_has_a_column_for_each_part(root, tmp_path):
    batch = made(root, [record(0), record(1)])
    Batch(batch.folder.records.path).export(tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [(row["effect: text-1"], row["share: {dish}"], row["check: c"]) for row in table] == [
        ("0.0", "0.75", "true"),
        ("4.0", "0.75", "true"),
    ]


def test_other_formats_and_none(root, tmp_path):
    batch = Batch(made(root, [record(1), record(0)]).folder.records.path)
    batch.export(tmp_path / "out.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(line["row"], len(line["parts"])) for line in lines] == [(0, 2), (1, 2)]
    batch.export(tmp_path / "out.parquet")
    assert parquet.read_table(tmp_path / "out.parquet").to_pylist() == lines
    for name, code in (("out.xls", "unknown_format"), ("no/out.csv", "not_saved")):
        with pytest.raises(Problem) as raised:
            batch.export(tmp_path / name)
        assert raised.value.code == code


def test_links_lead_nowhere(root, tmp_path):
    batch = made(root, [record(0)])
    elsewhere = tmp_path / "elsewhere"
    batch.folder.path.rename(elsewhere)
    batch.folder.path.symlink_to(elsewhere)
    folders = Folders(root)
    assert folders.ids(ANYONE) == []
    with pytest.raises(Problem, match="no such batch"):
        folders.find(ANYONE, batch.id)
    assert StoredBatch(ANYONE, BatchFolder(batch.folder.path)).info().error is not None


def damage_prompts(path):
    """Make the prompts of a Parquet file unreadable; what an index reads of it stays."""
    content = bytearray(path.read_bytes())
    group = parquet.ParquetFile(path).metadata.row_group(0)
    (column,) = [column for column in map(group.column, range(group.num_columns)) if column.path_in_schema == "prompt"]
    start = column.dictionary_page_offset or column.data_page_offset
    content[start : start + column.total_compressed_size] = b"\xff" * column.total_compressed_size
    path.write_bytes(content)


@pytest.mark.parametrize("how", ["whole", "column", "passing"])
def test_no_export_without_all_records(root, tmp_path, monkeypatch, how):
    batch = made(root, [record(0), record(1)])
    (_, first), _ = batch.folder.records.part_paths()
    if how == "passing":
        read = part_files.read

        def few_files(path, *args):
            if path == first:
                raise OSError(errno.EMFILE, "Too many open files")
            return read(path, *args)

        monkeypatch.setattr(part_files, "read", few_files)
    elif how == "column":
        damage_prompts(first)
    else:
        first.write_bytes(b"PAR1")
    index = batch.index
    for kind in export.KINDS:
        with pytest.raises(UnreadableError) as raised:
            export.write(io.BytesIO(), kind, index, True)
        assert raised.value.is_damaged == (how != "passing")
    with pytest.raises(Problem) as refused:
        Batch(batch.folder.records.path).export(tmp_path / "out.csv")
    assert (refused.value.code, list(tmp_path.glob("out*"))) == ("damaged_part", [])
    assert (batch.info().error is None) == (how == "passing")


def test_what_cant_be_read_now_is_tried_again(root, monkeypatch):
    batch = made(root, [record(0), record(1)])
    with monkeypatch.context() as full:

        def few_files(_):
            raise OSError(errno.EMFILE, "Too many open files")

        full.setattr(part_files, "read_results", few_files)
        info = batch.info()
        assert (info.done, info.error.error, "Too many open files" in info.error.message) == (0, "unread_part", True)
        batch.repair()
    info = batch.info()
    assert (info.done, info.error) == (2, None)


def test_only_what_is_still_damaged_is_set_aside(root, monkeypatch):
    batch = made(root, [record(0), record(1)])
    (_, first), (_, second) = batch.folder.records.part_paths()
    first.write_bytes(b"PAR1")
    with monkeypatch.context() as short:

        def fail(_):
            raise ValueError("out of memory")

        short.setattr(part_files, "read_results", fail)
        assert batch.info().error.error == "damaged_part"
    figures = {"parts": 2, "done": 2, "failed": 0, "checks": []}
    (batch.folder.path / "figures.json").write_text(json.dumps(figures))
    batch.repair()
    assert [path for _, path in batch.folder.records.part_paths()] == [second]
    assert (batch.info().done, batch.info().error) == (1, None)


def test_another_server_repairs(root):
    batch = made(root, [record(0), record(1)])
    other = StoredBatch(ANYONE, batch.folder)
    (_, first), (_, last) = batch.folder.records.part_paths()
    last.write_bytes(b"PAR1")
    assert (batch.info().error is None, other.info().error is None) == (False, False)
    batch.repair()
    batch.folder.records.add([record(1, "again"), record(2)])
    assert [number for number, _ in batch.folder.records.part_paths()] == [1, 3]
    for each in (batch, other):
        assert (each.info().done, each.info().error) == (3, None)
        assert pages.row_of(each, 1).answer == "again"
    last = batch.folder.records.part_paths()[-1][1]
    content = last.read_bytes()
    last.write_bytes(b"PAR1")
    found = [StoredBatch(ANYONE, batch.folder) for _ in range(2)]
    assert [each.info().done for each in found] == [1, 1]
    last.write_bytes(content)  # as from a backup
    assert [each.info().done for each in found] == [3, 3]
    first.rename(first.with_name(f".damaged-{first.name}"))
    assert [each.info().done for each in (batch, other)] == [2, 2]


def rewritten(batch, name, change):
    path = batch.folder.path / name
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


NUMBERS = json.dumps({**record(0).as_json(), "num_tokens": 2})
VERDICT = {"id": "text-1", "text": "x", "floor": 1.0, "below": 1.0, "interval": [1, 1], "num_rows": 20}


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("batch.json", {"total": 30_000_000}),
        ("batch.json", {"total": True}),
        ("batch.json", {"created": float("nan")}),
        ("batch.json", {"name": 5}),
        ("batch.json", {"name": "\ud800"}),
        ("batch.json", {"plan": None}),
        *(
            ("plan", {name: value})
            for name, value in (
                ("model", 5),
                ("model", "\ud800"),
                ("prompt", None),
                ("template", ["x"]),
                ("target", {}),
                ("checks", [1]),
                ("stop", [1]),
                ("sampling", 1),
                ("max_new_tokens", "x"),
            )
        ),
        *(
            ("figures.json", {"parts": 1, "done": 1, "failed": 0, "checks": [], **figure})
            for figure in (
                {"parts": float("inf")},
                {"done": float("inf")},
                {"failed": None},
                {"checks": [["a", -1, 10**400]]},
                {"checks": {"a": 1}},
                {"checks": [["\ud800", 1, 1]]},
            )
        ),
        *(
            ("noise.json", {"verdicts": verdicts})
            for verdicts in (
                {"a": 1},
                [{**VERDICT, "num_rows": "y"}],
                [{**VERDICT, "id": []}],
                [{**VERDICT, "floor": 10**400}],
                [{**VERDICT, "interval": [1]}],
            )
        ),
        *(
            ("part", text)
            for text in (
                "[" * 200_000,
                NUMBERS.replace('"row": 0', '"row": Infinity'),
                NUMBERS.replace('"row": 0', '"row": 4'),
                NUMBERS.replace('"num_tokens": 2', '"num_tokens": Infinity'),
                NUMBERS.replace('"logprob": -1.0', f'"logprob": {10**400}'),
                NUMBERS.replace('"answer": "x"', r'"answer": "\ud800"'),
            )
        ),
        ("part-99999999999.jsonl", NUMBERS),
    ],
)
def test_hostile_files_are_one_batchs_damage(root, name, changed):
    batch = made(root, [record(0)])
    if name == "batch.json":
        rewritten(batch, name, lambda values: values.update(changed))
    elif name == "plan":
        rewritten(batch, "batch.json", lambda values: values["plan"].update(changed))
    elif name.startswith("part"):
        path = batch.folder.records.path / name.replace("part", "part-000002.jsonl", name == "part")
        path.write_text(changed)
    else:
        (batch.folder.path / name).write_text(json.dumps(changed))
    again = StoredBatch(ANYONE, batch.folder)
    info = again.info()
    assert BatchesResponse(batches=[info]).model_dump_json()
    assert (info.error is not None) == (name in ("batch.json", "plan", "part") and "ud800" not in ascii(changed))
    for show in (
        lambda: pages.page(again, asked(), None),
        lambda: pages.row_of(again, 0),
        lambda: parts_of(again, again.index),
    ):
        try:
            assert show().model_dump_json()
        except Problem as problem:
            assert problem.status == 422
