"""Files that would take the server's memory or time are refused with a message, within bounds."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import apart
import pytest
from waiting import until

from lit_lab.datasets import csv_rows, json_rows, parquet_rows, readers, text_file
from lit_lab.datasets.batches import batches
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.datasets.readers import Reader, Record
from lit_lab.problem import Problem

ROOT = Path(__file__).parents[2]


def state_of(path, split="lines"):
    dataset = OpenDataset("me", path.name, path.name, None)
    dataset.read_file(path, split)
    state = dataset.state()
    dataset.table.close()
    return state


def megabytes(path, **bounds):
    """Return how many MB reading a file takes at most, in a process of its own, and the resulting state."""
    kilobytes, state = json.loads(apart.measured(MEASURE, str(path), json.dumps(bounds)))
    return kilobytes / 1024, state


MEASURE = """
    import json, sys
    from pathlib import Path
    from lit_lab.datasets import csv_rows, open_dataset, text_file

    def read(path):
        dataset = open_dataset.OpenDataset("me", path.name, path.name, None)
        dataset.read_file(path, "lines")
        return dataset.state()

    def measure(path, bounds):
        for name, value in json.loads(bounds).items():
            module, _, attribute = name.rpartition(".")
            setattr(sys.modules["lit_lab.datasets." + module], attribute, value)
        small = Path(path).with_name("small" + Path(path).suffix)
        small.write_text("prompt" if small.suffix == ".csv" else '{"prompt": "a"}')
        read(small)
        before = resident("VmHWM")
        state = read(Path(path))
        print(json.dumps([(resident("VmHWM") - before) // 1024, state.model_dump()]))
"""


linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as Linux does")


@linux
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt"])
def test_one_line_of_any_length_takes_no_more_memory_than_the_longest_allowed(tmp_path, name):
    path = tmp_path / name
    with path.open("w") as file:
        file.write("prompt\n" if name == "a.csv" else '{"prompt": "a"}\n')
        for _ in range(50):
            file.write("x" * 1_000_000)
        file.write('\n{"prompt": "last"}\n')
    taken, state = megabytes(path, **{"csv_rows.MAX_RECORD": 1_000_000, "text_file.MAX_LINE": 1_000_000})
    assert taken < 25
    assert state["bad_rows"][0]["line"] == 2
    assert "longer than" in state["bad_rows"][0]["reason"]
    assert state["rows"] >= 1  # the rows after it are read


@linux
def test_lists_of_nothing_take_no_memory(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(('{"prompt": "a", "x": [' + "[]," * 700_000 + "[]]}\n") * 4)
    taken, state = megabytes(path)
    assert taken < 60
    assert [bad["reason"] for bad in state["bad_rows"]] == [json_rows.TOO_MANY_VALUES] * 4


@linux
def test_a_sample_of_rows_is_bounded_in_text(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text((json.dumps({"prompt": "a", "x": [[] for _ in range(45_000)]}) + "\n") * 60)
    taken, state = megabytes(path)
    assert (state["rows"], taken < 150) == (60, True), taken


def test_a_prompt_full_of_commas_and_brackets_is_read(tmp_path):
    path = tmp_path / "a.jsonl"
    prompt = '[1,"2",{\\' * 60_000
    path.write_text(json.dumps({"prompt": prompt}) + "\n")
    ((line, fields),) = [(record.line, record.fields) for record in Reader(path)]
    assert (line, fields) == (1, {"prompt": prompt})


class Counting(str):
    """A column's name that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other):
        Counting.compared += 1
        return str.__eq__(self, other)


def test_names_of_columns_are_distinguished_without_comparing_each_with_each(monkeypatch):
    names = [Counting(f"c{index % 9000}") for index in range(18_000)]
    monkeypatch.setattr(Counting, "strip", lambda self: self, raising=False)
    found = readers._distinct(names)
    assert len(set(found)) == 18_000
    assert Counting.compared < 20 * 18_000
    same = readers._distinct(["x"] * 20_000)
    assert (same[0], same[1], same[-1]) == ("x", "x.2", "x.20000")


def test_ever_new_keys_are_met_once_each(tmp_path, monkeypatch):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps({"prompt": "a", f"key {n}": n}) + "\n" for n in range(12_000)))
    met = []
    meet = Reader._met
    monkeypatch.setattr(Reader, "_met", lambda self, columns: met.append(1) or meet(self, columns))
    state = state_of(path)
    assert (state.rows, len(state.columns)) == (12_000, 500)
    assert "too many columns; the first 10,000 can be used" in state.remark
    assert len(met) <= csv_rows.MAX_COLUMNS + 1


def test_a_line_of_json_with_too_many_names_is_a_bad_row(tmp_path):
    path = tmp_path / "wide.jsonl"
    rows = [{"prompt": "a"} | {f"n{number}": 1 for number in range(many)} for many in (9_999, 10_000, 0)]
    path.write_text("\n".join(map(json.dumps, rows)))
    state = state_of(path)
    assert (state.rows, [(bad.line, bad.reason) for bad in state.bad_rows]) == (
        2,
        [(2, "It has more than 10,000 fields.")],
    )


def test_too_many_columns_are_refused_with_a_message(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(",".join(f"c{n}" for n in range(10_001)) + "\n")
    state = state_of(path)
    assert (state.state, state.error.message) == (
        "failed",
        "Line 1 names 10,001 columns, but at most 10,000 can be read.",
    )


def test_commas_are_refused_line_by_line(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("prompt,b\n" + ("," * 200_000 + "\n") * 3 + "a,b\n")
    state = state_of(path)
    assert (state.rows, [bad.line for bad in state.bad_rows]) == (1, [2, 3, 4])
    path.write_text('prompt,b\n"text\n' + "," * 200_000 + '\nmore",c\n')
    assert (state_of(path).rows, state_of(path).bad) == (1, 0)  # inside quotes, commas are text
    path.write_text("," * 200_000)
    assert "more than 10,000 fields" in state_of(path).error.message


def test_long_names_and_sources_do_not_fill_what_is_reported(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"prompt": "a", "source": "s" * 5000 + str(n), "n" * 9000 + str(n): 1} for n in range(100)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    state = state_of(path)
    assert state.rows == 100
    assert len(state.model_dump_json()) < 200_000
    path.write_text(json.dumps({"x" * 20_000: "a text"}) + "\n")
    assert len(state_of(path).model_dump_json()) < 5_000


@pytest.mark.parametrize("depth", [201, 900, 990, 5000, 40_000])
def test_what_is_nested_too_deeply_is_said(tmp_path, depth):
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a", "x": ' + "[" * depth + "]" * depth + '}\n{"prompt": "b"}\n')
    state = state_of(path)
    assert (state.rows, state.bad_rows[0].reason) == (1, json_rows.TOO_DEEP)


def test_nested_values_below_the_bound_are_read_and_shown(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "a", "x": ' + "[" * 199 + "]" * 199 + "}\n")
    dataset = OpenDataset("me", path.name, path.name, None)
    dataset.read_file(path, "lines")
    assert dataset.table.row(1).others["x"] == "[" * 199 + "]" * 199
    assert dataset.write(path.read_bytes(), keeps=True).content == path.read_bytes()


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt"])
def test_reading_ends_when_it_is_stopped_even_where_there_are_no_rows(tmp_path, name):
    path = tmp_path / name
    path.write_text("\n" * 100_000)
    stop = threading.Event()
    reader = Reader(path, "lines", stop)
    lines = []
    whole = text_file.TextFile.whole_lines

    def counted(self, most):
        for line in whole(self, most):
            lines.append(line)
            if len(lines) == 1000:
                stop.set()
            yield line

    text_file.TextFile.whole_lines, kept = counted, whole
    try:
        assert list(Reader(path, "lines", stop)) == []
    finally:
        text_file.TextFile.whole_lines = kept
        reader.close()
    assert len(lines) == 1000


class TestParquet:
    @pytest.fixture
    def write(self, tmp_path):
        def write(values, **options):
            import pyarrow
            from pyarrow import parquet

            path = tmp_path / "a.parquet"
            parquet.write_table(pyarrow.table({"prompt": values}), path, **options)
            return path

        return write

    @linux
    def test_a_page_that_expands_to_more_than_its_memory_is_refused(self, write, monkeypatch):
        monkeypatch.setattr(parquet_rows, "MEMORY", 350_000_000)
        path = write(["x" * 80_000_000], compression="zstd")
        assert path.stat().st_size < 50_000
        state = state_of(path)
        assert state.state == "failed"
        assert "GB of memory" in state.error.message
        assert "row groups" in state.error.hint

    @linux
    def test_what_is_too_long_for_a_row_leaves_the_others(self, write, monkeypatch):
        monkeypatch.setattr(parquet_rows, "MAX_LINE", 100_000)
        state = state_of(write(["a", "x" * 200_000, "y" * 900_000, "b"], compression="zstd"))
        assert (state.rows, [bad.line for bad in state.bad_rows]) == (2, [2, 3])

    def test_a_process_that_says_nothing_is_ended(self, write, monkeypatch, tmp_path):
        silent = tmp_path / "silent.py"
        silent.write_text("import time\ntime.sleep(600)\n")
        monkeypatch.setattr(parquet_rows.parquet_child, "__file__", str(silent))
        monkeypatch.setattr(parquet_rows, "SILENCE", 0.1)
        with pytest.raises(Problem, match="took more than"):
            Reader(write(["a"]))

    def test_it_ends_with_the_reading(self, write, monkeypatch, tmp_path):
        silent = tmp_path / "silent.py"
        silent.write_text("import time\ntime.sleep(600)\n")
        monkeypatch.setattr(parquet_rows.parquet_child, "__file__", str(silent))
        stop = threading.Event()
        threading.Timer(0.3, stop.set).start()
        reader = Reader(write(["a"]), "lines", stop)
        assert list(reader) == []
        reader.close()
        assert reader._parquet._child.returncode is not None

    def test_it_ends_with_who_reads(self, write):
        path = write(["x" * 1000] * 5000)
        script = (
            "import sys; from pathlib import Path; from lit_lab.datasets.parquet_rows import ParquetRows; import os;"
            "rows = ParquetRows(Path(sys.argv[1])); print(rows._child.pid, flush=True); os._exit(1)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)], capture_output=True, text=True, cwd=ROOT, check=False
        )
        pid = int(done.stdout)
        until(lambda: not is_running(pid))

    def test_many_columns_and_many_values_are_refused(self, tmp_path, write):
        import pyarrow
        from pyarrow import parquet

        path = tmp_path / "wide.parquet"
        parquet.write_table(pyarrow.table({f"c{n}": ["a"] for n in range(10_001)}), path)
        assert "10,001 columns; 10,000 can be read" in state_of(path).error.message
        state = state_of(write([[[]] * 150_000, []]))
        assert [bad.reason for bad in state.bad_rows] == [json_rows.TOO_MANY_VALUES, "Its prompt isn't a text."]


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


class TestDisk:
    """A small file can expand to far more than its own size: the space that it takes on disk is bounded."""

    LIMIT = 2_000_000
    MAX_BYTES = 64_000_000

    def read(self, path, split="lines"):
        dataset = OpenDataset("me", path.name, path.name, None, self.LIMIT)
        dataset.read_file(path, split)
        state = dataset.state()
        database = dataset.table._database
        size = database.execute("PRAGMA page_count").fetchone()[0] * database.execute("PRAGMA page_size").fetchone()[0]
        dataset.table.close()
        return state, size

    def test_one_long_value_of_many_rows(self, tmp_path):
        import pyarrow
        from pyarrow import parquet

        values = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * 2_000, pyarrow.int32()), ["z" * 100_000])
        path = tmp_path / "dictionary.parquet"
        parquet.write_table(pyarrow.table({"prompt": values}), path, compression="zstd")
        assert path.stat().st_size < 10_000
        state, size = self.read(path)
        assert size <= 2 * self.MAX_BYTES
        assert (state.state, 0 < state.rows < 2_000) == ("ready", True)
        assert "64 MB" in state.remark
        assert "dataset_megabytes" in state.remark

    def test_a_long_name_of_a_column(self, tmp_path):
        path = tmp_path / "a.csv"
        path.write_text("prompt," + "n" * 100_000 + "\n" + "a,b\n" * 2_000)
        state, size = self.read(path, "lines")
        assert size <= 2 * self.MAX_BYTES
        assert (state.state, 0 < state.rows < 2_000, "dataset_megabytes" in state.remark) == ("ready", True, True)

    def test_names_count_as_text_of_each_row(self):
        records = [Record(line, {"n" * 100_000: "a"}) for line in range(1, 101)]
        assert max(len(batch) for batch in batches(records, 100)) == 10

    def test_rows_that_are_added_by_hand(self):
        dataset = OpenDataset("me", "a.jsonl", "a.jsonl", None, self.LIMIT)
        dataset.read_rows(["prompt"], [["x" * 500_000]], 0, 1)
        dataset.finish()
        with pytest.raises(Problem) as full:
            for _ in range(200):
                dataset.table.duplicate(1)
        assert (full.value.status, full.value.code) == (507, "dataset_full")
        assert dataset.table.size > 1
        dataset.table.close()

    def test_what_is_no_such_file_is_read_whole(self, tmp_path):
        path = tmp_path / "a.jsonl"
        rows = [json.dumps({"prompt": f"Say {number}.", "target": "x" * 50, "source": "s"}) for number in range(15_000)]
        path.write_text("\n".join(rows))
        assert path.stat().st_size < self.LIMIT
        state, _ = self.read(path)
        assert (state.rows, state.remark) == (15_000, "")
