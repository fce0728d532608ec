"""Saving datasets whose prompts are conversations or come from several columns leaves unchanged rows as they are."""

import json

import pytest

from lit_lab.datasets.contents import Origin
from lit_lab.datasets.open_dataset import OpenDataset
from lit_lab.problem import Problem
from lit_lab.protocol import AddRow, ChangeRow, DatasetEditing, DeleteRow, DuplicateRow

MESSAGES = (
    '{"messages":[{"role":"system","content":"Be brief."}, {"role":"user","content":"A fruit?"},'
    ' {"role":"assistant","content":"Plum."}], "n": 1.50}\n'
    '{"messages": "A text", "n": 2}\n'
)


@pytest.fixture
def open_dataset(tmp_path):
    def open_dataset(name, content, **choices):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        dataset = OpenDataset("me", name, name, None, **choices)
        dataset.origin = Origin(name, path, "v1")
        dataset.read_file(path, "lines")
        return dataset, path.read_bytes()

    return open_dataset


def edit(dataset, what):
    return dataset.edit(DatasetEditing(edit=what))


def test_conversations_stay_byte_for_byte(open_dataset):
    dataset, data = open_dataset("a.jsonl", MESSAGES)
    assert [dataset.table.row(number).prompt for number in (1, 2)] == ["System\nBe brief.\n\nUser\nA fruit?", "A text"]
    assert dataset.write(data, keeps=True).content == data
    edit(dataset, DuplicateRow(kind="duplicate", row=1))
    edit(dataset, DeleteRow(kind="delete", row=1))
    assert dataset.write(data, keeps=True).content == data
    assert [turn.role for turn in dataset.table.row(3).turns] == ["system", "user"]


def test_a_conversation_is_not_changed_as_one_text(open_dataset):
    dataset, data = open_dataset("a.jsonl", MESSAGES)
    with pytest.raises(Problem) as refused:
        edit(dataset, ChangeRow(kind="change", row=1, prompt="Another"))
    assert (refused.value.status, refused.value.code) == (409, "composed_row")
    edit(dataset, ChangeRow(kind="change", row=2, prompt="Another"))
    edit(dataset, ChangeRow(kind="change", row=1, source="x"))
    first, second = dataset.write(data, keeps=True).content.decode().splitlines()
    assert first == MESSAGES.splitlines()[0][:-1] + ', "source": "x"}'
    assert second == '{"messages": "Another", "n": 2}'


def test_a_new_row_is_not_written_among_conversations_but_to_another_file_as_messages(open_dataset):
    dataset, data = open_dataset("a.jsonl", MESSAGES)
    edit(dataset, AddRow(kind="add", prompt="New", target="Answer"))
    with pytest.raises(Problem) as refused:
        dataset.write(data, keeps=True)
    assert (refused.value.status, refused.value.code) == (409, "composed_rows")
    rows = [json.loads(line) for line in dataset.write(data, keeps=False).content.splitlines()]
    said = [[(message["role"], message["content"]) for message in row["messages"]] for row in rows]
    assert said == [
        [("system", "Be brief."), ("user", "A fruit?"), ("assistant", "Plum.")],
        [("user", "A text")],
        [("user", "New"), ("assistant", "Answer")],
    ]
    assert rows[0]["n"] == 1.5


def test_what_a_template_makes(open_dataset):
    content = '{"instruction": "Translate.", "input": "Hi", "output": "Salut"}\n'
    dataset, data = open_dataset("a.jsonl", content)
    assert dataset.write(data, keeps=True).content == data
    assert dataset.write(data, keeps=False).content == data
    with pytest.raises(Problem, match="several columns"):
        edit(dataset, ChangeRow(kind="change", row=1, prompt="Another"))
    edit(dataset, AddRow(kind="add", prompt="New"))
    with pytest.raises(Problem):
        dataset.write(data, keeps=True)
    written = dataset.write(data, keeps=False)
    first, new = (json.loads(line) for line in written.content.splitlines())
    assert (first["prompt"], first["target"], first["input"]) == ("Translate.\n\nHi", "Salut", "Hi")
    assert new == {"prompt": "New"}
    dataset.saved(Origin("b.jsonl", None, ""), dataset.table.revision, written, keeps=False)
    state = dataset.state()
    assert (state.chosen.prompt, state.chosen.template, "prompt" in state.columns) == ("prompt", None, True)


def test_a_target_in_messages_stays(open_dataset):
    content = '{"prompt": "The sky?", "chosen": [{"role": "assistant", "content": "Blue."}]}\n'
    dataset, data = open_dataset("a.jsonl", content)
    assert dataset.table.row(1).target == "Blue."
    edit(dataset, ChangeRow(kind="change", row=1, prompt="The sea?"))
    assert dataset.write(data, keeps=True).content.decode() == content.replace("sky", "sea")


def test_a_line_with_a_comma_at_its_end_keeps_it(open_dataset):
    dataset, data = open_dataset("a.jsonl", '{"prompt": "a"},\n{"prompt": "b"},\n')
    edit(dataset, ChangeRow(kind="change", row=2, prompt="c"))
    assert dataset.write(data, keeps=True).content == b'{"prompt": "a"},\n{"prompt": "c"},\n'


def test_a_file_is_written_in_the_encoding_that_was_chosen_for_it(open_dataset):
    content = '{"prompt": "你好"}\n{"prompt": "b"}\n'.encode("gbk")
    dataset, data = open_dataset("a.jsonl", content, encoding="gb18030")
    edit(dataset, ChangeRow(kind="change", row=2, prompt="北京"))
    assert dataset.write(data, keeps=True).content == '{"prompt": "你好"}\n{"prompt": "北京"}\n'.encode("gbk")
    assert dataset.write(data, keeps=False).content.decode() == '{"prompt": "你好"}\n{"prompt": "北京"}\n'


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_document_is_not_written_line_by_line(open_dataset, name):
    dataset, _ = open_dataset(name, json.dumps([{"prompt": "a", "n": 1}], indent=1))
    assert not dataset.is_json
    assert dataset.write(None, keeps=False).content == b'{"prompt": "a", "n": 1}\n'
