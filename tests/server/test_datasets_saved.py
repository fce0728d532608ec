"""What saving a dataset preserves of its file. The server reports losses before it saves."""

import codecs
import json
import os

import pytest

from lit_lab.datasets import json_rows


@pytest.fixture
def file(jp_root_dir):
    """Write a file, and return its path."""

    def write(content, name="own.jsonl"):
        path = jp_root_dir / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def save(api):
    """Save a dataset."""

    async def save(state, path="own.jsonl", overwrite=True, **more):
        return await api("POST", "datasets", state["id"], "save", body={"path": path, "overwrite": overwrite, **more})

    return save


ODD = (
    '{"id": 1.10, "prompt" : "One", "meta": {"b": [1, 2.50], "a": null}, "n": 1e3}\r\n'
    "# a remark\r\n"
    "\r\n"
    '{"prompt": 12, "target": 7, "empty": "", "prompt": 13}\n'
    '{"prompt": "half\r\n'
    '{"target": "no prompt"}\r\n'
    '{"prompt":"last","é":"\\u00e9"}'
)


async def test_in_its_own_file_all_stays_that_was_not_changed(file, opened, edit, save):
    path = file(ODD)
    state = await opened(path="own.jsonl")
    assert (state["rows"], state["bad"]) == (3, 3)
    await edit(state, "change", row=2, prompt="Thirteen")
    copy = await edit(state, "duplicate", row=1)
    await edit(state, "change", row=copy["row"], target="new")
    status, saved = await save(state)
    assert status == 200, saved
    first, *rest = ODD.splitlines(keepends=True)
    rest[2] = '{"prompt": 12, "target": 7, "empty": "", "prompt": "Thirteen"}\n'
    copied = first.replace("}\r\n", ', "target": "new"}\r\n')
    assert path.read_bytes().decode() == "".join([first, copied, *rest])
    # The dataset shows what the file contains.
    assert (saved["edited"], saved["rows"], saved["bad"]) == (False, 4, 3)
    assert [bad["line"] for bad in saved["bad_rows"]] == [3, 6, 7]
    again = await opened(path="own.jsonl")
    assert [bad["line"] for bad in again["bad_rows"]] == [3, 6, 7]


async def test_rows_added_and_deleted_leave_the_rest_alone(api, file, opened, edit, save, search):
    path = file('{"prompt": "a"}\n{"prompt": "b"}\nbroken')
    state = await opened(path="own.jsonl")
    await edit(state, "delete", row=1)
    added = await edit(state, "add", prompt="c", target="t")
    await save(state)
    assert path.read_text() == '{"prompt": "b"}\nbroken\n{"prompt": "c", "target": "t"}'
    assert [(row["id"], row["line"]) for row in (await search(state))["rows"]] == [(2, 1), (added["row"], 3)]
    await edit(state, "restore", row=1)
    status, _ = await save(state)
    assert (status, path.read_text()) == (
        200,
        '{"prompt": "a"}\n{"prompt": "b"}\nbroken\n{"prompt": "c", "target": "t"}',
    )


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-be", b""),
        ("utf-32-be", codecs.BOM_UTF32_BE),
        ("cp1252", b""),
    ],
)
async def test_encoding_mark_and_line_breaks_stay(file, opened, edit, save, encoding, mark):
    text = '{"prompt": "Crème brûlée, sweet"}\r\n{"prompt": "b"}\r\n'
    path = file(mark + text.encode(encoding))
    state = await opened(path="own.jsonl")
    await edit(state, "change", row=2, prompt="ü 漢")
    status, saved = await save(state)
    letters = "ü \\u6f22" if encoding == "cp1252" else "ü 漢"
    assert (status, saved["encoding"]) == (200, state["encoding"])
    assert path.read_bytes() == mark + text.replace('"b"', f'"{letters}"').encode(encoding)
    assert (await opened(path="own.jsonl"))["rows"] == 2


async def test_bytes_that_are_no_text_stay_too(file, opened, edit, save):
    path = file(b'{"prompt": "caf\xc3\xa9"}\n{"prompt": "\xff"}\n')
    state = await opened(path="own.jsonl")
    await edit(state, "change", row=1, prompt="tea")
    assert (await save(state))[0] == 200
    assert path.read_bytes() == b'{"prompt": "tea"}\n{"prompt": "\xff"}\n'


async def test_another_file_gets_the_rows_alone_and_that_is_said(file, opened, edit, save, jp_root_dir):
    source = file('{"question": "a", "n": 1.0}\r\nbroken\r\n{"question": "b", "n": 2}\r\n')
    before = source.read_bytes()
    state = await opened(path="own.jsonl")
    await edit(state, "change", row=1, prompt="A")
    status, saved = await save(state, "new.jsonl")
    assert status == 200
    assert (jp_root_dir / "new.jsonl").read_bytes() == b'{"question": "A", "n": 1.0}\n{"question": "b", "n": 2}\n'
    assert (saved["bad"], saved["bad_rows"], saved["path"], saved["encoding"]) == (0, [], "new.jsonl", "utf-8")
    assert saved["remark"] == "1 row of own.jsonl that can't be used was not written."
    assert (saved["chosen"]["prompt"], saved["columns"]) == ("question", ["question", "n"])
    assert source.read_bytes() == before
    # The dataset now belongs to the new file.
    await edit(saved, "delete", row=2)
    assert (await save(saved, "new.jsonl"))[0] == 200
    assert (jp_root_dir / "new.jsonl").read_bytes() == b'{"question": "A", "n": 1.0}\n'


async def test_a_table_becomes_json_under_the_names_that_are_reported(file, opened, save, jp_root_dir):
    file("Question;kind;source\nOne;x;\nTwo;;s\na;b;c;d\n", "own.csv")
    state = await opened(path="own.csv")
    _, saved = await save(state, "new.jsonl")
    assert [json.loads(line) for line in (jp_root_dir / "new.jsonl").read_text().splitlines()] == [
        {"prompt": "One", "kind": "x"},
        {"prompt": "Two", "kind": "", "source": "s"},
    ]
    again = await opened(path="new.jsonl")
    for name in ("chosen", "bad", "rows", "encoding"):
        assert saved[name] == again[name], name
    assert sorted(saved["columns"]) == sorted(again["columns"])


async def test_what_something_else_has_changed_is_not_lost_unasked(file, opened, edit, save, jp_root_dir):
    path = file('{"q": 1, "prompt": "a"}\nbroken\n')
    state = await opened(path="own.jsonl")
    await edit(state, "change", row=1, prompt="A")
    path.write_text('{"q": 1, "prompt": "another"}\n')
    status, answer = await save(state)
    assert (status, answer["error"]) == (409, "file_changed")
    assert "another name" in answer["hint"]
    assert path.read_text() == '{"q": 1, "prompt": "another"}\n'
    os.link(path, jp_root_dir / "linked.jsonl")  # the same file by another name
    assert (await save(state, "linked.jsonl"))[1]["error"] == "file_changed"
    status, saved = await save(state, discard=True)
    assert (status, saved["edited"], saved["bad"]) == (200, False, 0)
    assert json.loads(path.read_text()) == {"q": 1, "prompt": "A"}
    assert "1 row of own.jsonl" in saved["remark"]
    await edit(state, "add", prompt="b")
    assert (await save(state))[0] == 200


@pytest.mark.parametrize(
    ("bad", "lost"),
    [
        (0, "you lose its changes."),
        (1, "you lose its changes and line 2, which can't be used."),
        (2, "you lose its changes and 2 lines that can't be used (2 and 3)."),
        (8, "you lose its changes and 8 lines that can't be used (2, 3, 4, 5, 6 and 3 more)."),
    ],
)
async def test_a_warning_names_the_lines_that_would_go(file, opened, edit, save, bad, lost):
    path = file('{"prompt": "a"}\n' + "broken\n" * bad)
    state = await opened(path="own.jsonl")
    await edit(state, "change", row=1, prompt="A")
    path.write_text('{"prompt": "another"}\n')
    _, answer = await save(state)
    assert answer["hint"] == f"Save under another name. Or replace the file: {lost}"


async def test_a_file_that_is_gone_is_written_anew(file, opened, save):
    path = file('{"prompt": "a"}\nbroken\n')
    state = await opened(path="own.jsonl")
    path.unlink()
    status, saved = await save(state, overwrite=False)
    assert (status, saved["bad"], path.read_text()) == (200, 0, '{"prompt": "a"}\n')


class TestCut:
    @pytest.fixture
    def lit_lab_config(self, fake_service):
        return {"service_python": str(fake_service.python), "dataset_megabytes": 0.01}

    async def test_what_was_not_read_of_a_file_stays_in_it(self, file, opened, edit, save):
        lines = ['{"prompt": "%s"}\n' % ("x" * 2000)] * 2000
        path = file("".join(lines))
        state = await opened(path="own.jsonl")
        assert 0 < state["rows"] < 2000
        await edit(state, "change", row=1, prompt="y")
        status, saved = await save(state)
        assert (status, saved["remark"]) == (200, state["remark"])
        assert path.read_text() == "".join(['{"prompt": "y"}\n', *lines[1:]])
        assert "after the rows that were read was not" in (await save(state, "new.jsonl"))[1]["remark"]


async def test_a_file_too_large_to_be_held_is_left_alone(file, opened, edit, save, monkeypatch):
    path = file('{"prompt": "a"}\n{"prompt": "bbbbbbbbbbbbbbbb"}\n')
    state = await opened(path="own.jsonl")
    await edit(state, "delete", row=2)
    before = path.read_bytes()
    monkeypatch.setattr("lit_lab.datasets.contents.MAX_HELD", 20)
    status, answer = await save(state)
    assert (status, answer["error"]) == (413, "dataset_too_large")
    assert path.read_bytes() == before


def test_a_key_that_is_there_twice_is_changed_where_it_counts():
    line = ' { "a" : 1 ,"b":[{"a":2}], "a":"x\\"}" }  '
    assert json_rows.changed(line, {"a": "y"}) == ' { "a" : 1 ,"b":[{"a":2}], "a":"y" }  '
    assert json_rows.changed("{}", {"a": "é"}) == '{"a": "é"}'
    assert json_rows.changed(line, {"c": ""}) == ' { "a" : 1 ,"b":[{"a":2}], "a":"x\\"}", "c": "" }  '
