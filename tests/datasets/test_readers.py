"""Reading files of prompts: the rows, and the reasons for rows that can't be used."""

import codecs
import json
import sys
from pathlib import Path

import pytest

from lit_lab.datasets import csv_rows, parquet_child, readers
from lit_lab.datasets.columns import guess
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.datasets.readers import Reader
from lit_lab.problem import Problem


def read(path, split="lines"):
    reader = Reader(path, split)
    try:
        return list(reader), reader
    finally:
        reader.close()


def rows(path, split="lines"):
    return [(record.line, record.fields) for record in read(path, split)[0] if not record.reason]


def bad(path):
    return [(record.line, record.reason) for record in read(path)[0] if record.reason]


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_json_lines(write):
    path = write("a.jsonl", '{"prompt": "a\u2028b", "n": [1]}\r\n\n{"prompt": "c", "target": null}\n')
    records, reader = read(path)
    assert [(record.line, record.fields) for record in records] == [
        (1, {"prompt": "a\u2028b", "n": [1]}),
        (3, {"prompt": "c", "target": None}),
    ]
    assert reader.columns == ["prompt", "n", "target"]


def test_bad_json_lines_are_reported_and_the_others_load(write):
    path = write(
        "a.jsonl",
        b'{"prompt": "caf\xc3\xa9"}\n{\n[1]\n{"prompt": "\xff"}\n' + b"[" * 100_000 + b'\n{"prompt": "last"}\n',
    )
    assert [fields["prompt"] for _, fields in rows(path)] == ["café", "last"]
    reported = dict(bad(path))
    assert list(reported) == [2, 3, 4, 5]
    assert "JSON" in reported[2]
    assert "object" in reported[3]
    assert reported[4] == readers.NOT_TEXT


@pytest.mark.parametrize(
    ("encoding", "mark", "reported"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8-sig"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16"),
        ("utf-32-le", codecs.BOM_UTF32_LE, "utf-32"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("cp1252", b"", "cp1252"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_encodings(write, encoding, mark, reported, end):
    line = json.dumps({"prompt": "Crème brûlée, “sweet”"}, ensure_ascii=False)
    path = write("a.jsonl", mark + (line + end + line + end).encode(encoding))
    records, reader = read(path)
    assert [record.fields for record in records] == [{"prompt": "Crème brûlée, “sweet”"}] * 2
    assert reader.encoding == reported


def test_a_long_line_is_skipped_and_not_held(write, monkeypatch):
    monkeypatch.setattr("lit_lab.datasets.text_file.MAX_LINE", 50)
    path = write("a.jsonl", json.dumps({"prompt": "x" * 180}) + '\n{"prompt": "y"}\n')
    assert rows(path) == [(2, {"prompt": "y"})]
    assert bad(path) == [(1, readers.LINE_TOO_LONG)]


def test_csv(write):
    path = write("a.csv", '\ufeffprompt,target,prompt\r\n"a, ""b""\r\nc",d,e\r\n\r\nf\r\ng,h,i,j\r\nk,l,m\r\n')
    assert rows(path) == [
        (2, {"prompt": 'a, "b"\r\nc', "target": "d", "prompt.2": "e"}),
        (5, {"prompt": "f"}),
        (7, {"prompt": "k", "target": "l", "prompt.2": "m"}),
    ]
    assert bad(path) == [(6, "It has 4 fields; the first line has 3.")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "prompt;target\na,b;c\n"),
        ("a.csv", "sep=;\nprompt;target\na,b;c\n"),
        ("a.tsv", "prompt\ttarget\na,b\tc\n"),
        ("a.csv", "prompt\ttarget\na,b\tc\n"),
    ],
)
def test_delimiters(write, name, content):
    assert [fields for _, fields in rows(write(name, content))] == [{"prompt": "a,b", "target": "c"}]


def test_a_field_may_be_long(write):
    path = write("a.csv", "prompt\n" + "x" * 300_000 + "\n")
    assert len(rows(path)[0][1]["prompt"]) == 300_000


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ("lines", [(1, "a"), (2, " b"), (4, "c")]),
        ("paragraphs", [(1, "a\n b"), (4, "c")]),
        ("whole", [(1, "a\n b\n\nc")]),
    ],
)
def test_plain_text(write, split, expected):
    found = rows(write("a.txt", "a\r\n b\r\n\r\nc\r\n\r\n"), split)
    assert [(line, fields["prompt"]) for line, fields in found] == expected


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt"])
def test_empty_files_have_no_rows(write, name):
    assert read(write(name, b""))[0] == []


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["source", "prompt", "target"], ("prompt", "target", "source")),
        (["Question", "Answer", "id"], ("Question", "Answer", None)),
        (["id", "blurb"], ("blurb", None, None)),
        (["label"], ("label", None, None)),
        ([], (None, None, None)),
    ],
)
def test_columns_are_guessed(columns, expected):
    sample = [{column: "x" * (9 if column == "blurb" else 2) for column in columns}]
    chosen = guess(columns, sample)
    assert (chosen.prompt, chosen.target, chosen.source) == expected


def test_parquet_without_its_library_says_what_to_install(write, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(Problem) as raised:
        Reader(write("a.parquet", b"PAR1"))
    assert raised.value.code == "missing_pyarrow"
    assert "pip install 'lit-lab[parquet]'" in raised.value.hint


def test_parquet(tmp_path):
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"prompt": ["a", None, "c"], "n": [1, 2, 3]}), path)
    assert rows(path) == [(1, {"prompt": "a", "n": 1}), (2, {"prompt": None, "n": 2}), (3, {"prompt": "c", "n": 3})]
    path.write_bytes(b"no parquet")
    with pytest.raises(Problem, match="isn't a complete Parquet file"):
        Reader(path)


def test_modules_beside_the_parquet_script_are_not_imported(tmp_path, monkeypatch):
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.table({"prompt": ["a"]}), path)
    script = tmp_path / "child.py"
    script.write_text(Path(parquet_child.__file__).read_text())
    (tmp_path / "pyarrow.py").write_text("raise SystemExit")
    monkeypatch.setattr(parquet_child, "__file__", str(script))
    assert rows(path) == [(1, {"prompt": "a"})]


def test_parquet_of_columns_that_are_no_texts(tmp_path):
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    columns = [
        pyarrow.array([b"bytes", b"\xff\x00"]),
        pyarrow.array([{"b": b"\xff"}, None]),
        pyarrow.array([["x"], []]),
    ]
    parquet.write_table(pyarrow.table([*columns, pyarrow.array([1.5, None])], names=["prompt", "a", "a", "n"]), path)
    assert rows(path) == [
        (1, {"prompt": "bytes", "a": {"b": {"bytes": 1}}, "a.2": ["x"], "n": 1.5}),
        (2, {"prompt": {"bytes": 2}, "a": None, "a.2": [], "n": None}),
    ]


def test_of_a_damaged_parquet_file_what_stands_before_is_read(tmp_path):
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    prompts = [f"Question {i}: why?" for i in range(3000)]
    parquet.write_table(pyarrow.table({"prompt": prompts}), path, row_group_size=100)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 2000] = bytes(255 - byte for byte in data[middle : middle + 2000])
    path.write_bytes(bytes(data))
    dataset = OpenDataset("me", path.name, path.name, None)
    dataset.read_file(path, "lines")
    state = dataset.state()
    assert state.state == "failed"
    assert "damaged after row" in state.error.message
    assert 256 <= state.rows < 3000
    assert dataset.table.row(1).prompt == "Question 0: why?"


@pytest.mark.parametrize(
    ("content", "good", "line", "reason"),
    [
        ("p,t\n\"Rain,x\nSnow,y\nHail,z\n", [(3, "Snow"), (4, "Hail")], 2, "opens in line 2 isn't closed"),
        ("p,t\na,1\nb,\"2", [(2, "a")], 3, "opens in line 3 isn't closed"),
        ("p,t\n\"a\nb\",\"1\nc,2\n", [(4, "c")], 2, "opens in line 3 isn't closed"),
        ("p,t\n\"Rain,x\n\"Snow\",y\nz,1\n", [(3, "Snow"), (4, "z")], 2, "opens in line 2 isn't closed, or"),
        ("p,t\n\"5\" pipe\",x\nok,1\n", [(3, "ok")], 2, "has a quote in the middle of a field"),
    ],
)  # fmt: skip
def test_a_quote_that_is_not_closed_spoils_its_own_row_alone(write, content, good, line, reason):
    path = write("a.csv", content)
    assert [(number, fields["p"]) for number, fields in rows(path)] == good
    (reported,) = bad(path)
    assert reported[0] == line
    assert reason in reported[1]


def test_what_a_bad_quote_swallowed_is_a_row_only_where_it_looks_like_one(write):
    path = write("a.csv", 'p,t\n"He said\n"hi" and\nleft",2\nx,3\ny\n')
    assert [fields["p"] for _, fields in rows(path)] == ['left"', "x", "y"]
    assert [number for number, _ in bad(path)] == [2, 3]


def test_a_quote_in_the_middle_of_a_field_is_text(write):
    assert rows(write("a.csv", 'p,t\nA 5" pipe,12"\n')) == [(2, {"p": 'A 5" pipe', "t": '12"'})]


def test_a_quote_that_is_closed_by_a_later_one_is_remarked_on(write):
    _, reader = read(write("a.csv", 'p,t\n"12 inches,z\nq,1\nr,2\ns,3\na,12",4\nlast,5\n'))
    assert "lines 2 to 6, which look like separate rows" in reader.remark
    _, reader = read(write("b.csv", 'p,t\n"A poem:\none\ntwo, three\nfour\nfive",4\n'))
    assert reader.remark == ""


def test_a_bad_quote_in_the_names_of_the_columns_is_said(write):
    with pytest.raises(
        Problem,
        match=r"Line 1, which should contain the columns' names, can't be read: The quote that opens in line 1 isn't closed\.",
    ):
        read(write("a.csv", '"p,t\na,b\n'))


@pytest.mark.parametrize("line", ['a""","', '"a', 'a,"b""', '"', 'a"",""', '""",', '"a"" b,"'])
def test_lines_are_read_again_only_so_often(write, monkeypatch, line):
    taken = []
    take = csv_rows._Lines.__next__
    monkeypatch.setattr(csv_rows, "_MAX_LINES", 500)
    monkeypatch.setattr(csv_rows._Lines, "__next__", lambda self: taken.append(1) or take(self))
    for first in ("", '"x\n'):
        taken.clear()
        read(write("a.csv", "p,t\n" + first + (line + "\n") * 2000))
        assert len(taken) < 3 * 2000


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("wrong.tsv", "p,t\na,1\n", {"p": "a", "t": "1"}),
        ("more.csv", "p, or else;t\na, b;1\nc;2\n", {"p, or else": "a, b", "t": "1"}),
        ("blanks.csv", '"p", "t"\n"a, b", "c"\n', {"p": "a, b", "t": "c"}),
        ("nul.csv", "p,t\na\0b,c\n", {"p": "a\0b", "t": "c"}),
    ],
)
def test_what_separates_fields_is_what_takes_the_lines_apart(write, name, content, expected):
    if name == "nul.csv" and sys.version_info < (3, 11):
        pytest.skip("Python's csv refuses NUL characters before 3.11")
    assert rows(write(name, content))[0] == (2, expected)


def test_half_a_line_of_json_is_reported_by_its_line(write):
    path = write("a.jsonl", '{"prompt": "a"}\n{"prompt": "cut in the\n middle"}\n{"prompt": "b"}\n')
    assert [fields["prompt"] for _, fields in rows(path)] == ["a", "b"]
    assert bad(path)[0] == (2, "It isn't JSON: Unterminated string starting at, at character 12.")


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"PK\x03\x04", "ZIP"), (b"\x1f\x8b\x08", "gzip"), (b"version https://git-lfs.github.com/spec/v1\n", "git lfs")],
)
@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.jsonl"])
def test_what_is_no_text_is_said_once(write, name, content, what):
    with pytest.raises(Problem) as raised:
        Reader(write(name, content))
    assert what in raised.value.message + raised.value.hint
