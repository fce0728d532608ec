"""Hostile files in forms that contain other forms: compressed, nested, with aliases, with lists of messages."""

import gzip
import json

import pytest
from reading import read
from test_hostile import linux, megabytes

from lit_lab.datasets import json_document, packed, promptfoo, template, yaml_values
from lit_lab.datasets.json_rows import TOO_DEEP, TOO_MANY_VALUES
from lit_lab.datasets.text_file import LINE_TOO_LONG, TextFile
from lit_lab.protocol import MAX_TEXT, DatasetColumns


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


class TestPacked:
    @linux
    @pytest.mark.parametrize("name", ["bomb.jsonl.gz", "bomb.json.gz", "bomb.csv.gz", "bomb.txt.gz", "bomb.yaml.gz"])
    def test_a_bomb_is_refused_early(self, tmp_path, name):
        path = tmp_path / name
        with gzip.open(path, "wb", compresslevel=9) as file:
            for _ in range(60):
                file.write(b"0" * 1_000_000)
        assert path.stat().st_size < 300_000
        taken, state = megabytes(path)
        assert taken < 100
        assert (state["rows"], state["state"]) == (0, "failed")
        assert "200 times its size" in state["error"]["message"] or "longer than" in state["error"]["message"]

    def test_rows_before_the_bound_are_kept(self, write, monkeypatch):
        monkeypatch.setattr(packed, "_FREE", 100_000)
        row = json.dumps({"prompt": "x" * 200})
        found = read(write("a.jsonl.gz", gzip.compress(f"{row}\n".encode() * 20_000)), most=1)
        assert 100 < found.state.rows < 20_000
        assert "unpacks to more than 200 times its size" in found.error

    def test_the_limit_counts_what_is_unpacked(self, write):
        text = "".join(json.dumps({"prompt": f"Say {number * 7919 % 100_003}."}) + "\n" for number in range(50_000))
        packed_text = gzip.compress(text.encode())
        limit = len(text) // 2
        assert len(packed_text) < limit
        found = read(write("a.jsonl.gz", packed_text), limit=limit, most=1)
        assert 0 < found.state.rows < 50_000
        assert "unpacked, the file has more" in found.state.remark
        assert read(write("b.jsonl.gz", packed_text), limit=2 * len(text), most=1).state.rows == 50_000


class TestJson:
    def test_lists_and_objects_are_bounded_element_by_element(self, write):
        deep, many = "[" * 300 + "]" * 300, "[" + "[]," * 150_000 + "[]]"
        found = read(write("a.json", f'[{{"prompt": "a"}}, {deep}, {many}, 5, {{"prompt": "b"}}]'))
        assert [prompt for prompt, _ in found.pairs] == ["a", "b"]
        assert [reason for _, reason in found.reasons] == [
            TOO_DEEP,
            TOO_MANY_VALUES,
            "It is neither an object nor a text.",
        ]

    def test_a_long_element_is_passed_by(self, write, monkeypatch):
        monkeypatch.setattr(json_document, "MAX_LINE", 1000)
        found = read(write("a.json", json.dumps([{"prompt": "x" * 5000}, {"prompt": "b"}])))
        assert (found.pairs, found.reasons) == ([("b", "")], [(1, LINE_TOO_LONG)])

    @pytest.mark.parametrize(
        "content", ['{"a": ' + "[" * 100_000, "[" * 100_000, "{" * 100_000, '{"a' * 50_000, '["' + "\\" * 99_999]
    )
    def test_what_never_ends_is_said(self, write, content):
        found = read(write("a.json", content))
        assert (found.state.rows, found.state.state) == (0, "failed")
        assert "line 1" in found.error

    @pytest.mark.parametrize(
        "content", ["{]" * 1000, "[}" * 1000 + "]", '{"a" "b" 5 \u00a0 \u00a0}', "{,,,::}", "\u00a0[1]"]
    )
    def test_what_is_no_json_ends(self, write, content):
        assert read(write("a.json", content)).state.rows == 0

    def test_each_piece_of_the_file_is_read_once(self, write, monkeypatch):
        rows = [{"prompt": 'a "quoted" \\ text', "n": [1, {"b": "}"}]}] * 3000
        path = write("a.json", json.dumps({"x": 1, "rows": rows, "y": {"z": "]"}}))
        monkeypatch.setattr(json_document, "_CHUNK", 7)
        taken = []
        take = TextFile.read
        monkeypatch.setattr(TextFile, "read", lambda self, most: taken.append(most) or take(self, most))
        assert read(path, most=1).state.rows == 3000
        assert sum(taken) < 4 * path.stat().st_size

    def test_a_document_that_has_to_be_in_memory_is_bounded(self, write):
        found = read(write("a.json", json.dumps({"a": ["x" * 100] * 60_000, "b": ["y" * 100] * 60_000})))
        assert "can't be read: It is longer than 8,000,000 characters." in found.error
        found = read(write("a.json", json.dumps({"a": [[]] * 60_000, "b": [[]] * 60_000})))
        assert f"can't be read: {TOO_MANY_VALUES}" in found.error


class TestYaml:
    def test_a_bomb_of_aliases_is_refused(self, write):
        lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
        for last, name in zip("abcdefghi", "bcdefghij", strict=True):
            lines.append(f"{name}: &{name} [{', '.join([f'*{last}'] * 10)}]")
        assert "has more than 100,000 values" in read(write("a.yaml", "\n".join(lines))).error

    def test_long_texts_by_aliases_are_refused(self, write):
        text = f"- &a {'x' * 100_000}\n" + "- *a\n" * 100
        assert "stands for more than 4,000,000 characters" in read(write("a.yaml", text)).error

    @linux
    def test_many_prompts_and_tests_take_no_memory(self, tmp_path):
        path = tmp_path / "a.yaml"
        prompts = "prompts:\n" + f"  - '{'x' * 1_000_000}'\n" * 3
        path.write_text(prompts + "tests:\n" + "  - vars: {a: b}\n" * 8)
        taken, state = megabytes(path)
        assert state["rows"] == 24
        assert taken < 60

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("[" * 300 + "]" * 300, "nested more than 200 levels deep"),
            ("a: &a [*a]", "a value that contains it"),
            ("a: *b", "the alias *b stands for nothing"),
            (
                "a: !!python/object/apply:os.system [echo]",
                "has the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
            ),
            ("a: !custom b", "has the tag '!custom'"),
            ("? [a, b]\n: c", "has a list or an object as a key"),
            ("a: [b", "isn't YAML"),
            ("a: b: c", "in line 1"),
            ("a: '\x01'", "characters that YAML doesn't allow"),
            ("just a text", "has no list of rows"),
        ],
    )
    def test_what_is_refused(self, write, content, reason):
        found = read(write("a.yaml", content))
        assert (found.state.rows, found.state.state) == (0, "failed")
        assert reason in found.error

    def test_long_files_are_refused(self, write, monkeypatch):
        monkeypatch.setattr(yaml_values, "MAX_CHARS", 1000)
        assert "is longer than 1,000 characters" in read(write("a.yaml", "- " + "x" * 1000)).error

    def test_aliases_and_merged_objects_below_the_bound_are_read(self, write):
        content = "base: &base {target: Plum}\nrows:\n  - {<<: *base, prompt: A fruit}\n  - {<<: [*base], prompt: A, target: B}\n"
        assert read(write("a.yaml", content)).pairs == [("A fruit", "Plum"), ("A", "B")]

    def test_scalars_are_as_written(self):
        value = yaml_values.load('[yes, 007, 1.10, 5, 0.5, ~, true, "5", 12:30, 2020-01-01, 0x1F, 1e400]')
        assert value == ["yes", "007", "1.10", 5, 0.5, None, True, "5", "12:30", "2020-01-01", "0x1F", "1e400"]

    def test_rows_by_lists_of_variables_are_bounded(self, write):
        variables = {f"v{number}": list("abcdefghij") for number in range(6)}
        value = {"prompts": ["{{v1}}"], "tests": [{"vars": variables}]}
        assert "produce more than 100,000 rows" in read(write("a.yaml", json.dumps(value))).reasons[0][1]
        value = {"prompts": ["a"] * 400, "tests": [{}] * 400}
        assert "produces more than 100,000 rows" in read(write("a.yaml", json.dumps(value))).error

    def test_a_variable_that_is_named_often_is_bounded(self, write, monkeypatch):
        monkeypatch.setattr(promptfoo, "MAX_TEXT", 10_000)
        value = {"prompts": ["{{a}}" * 200], "tests": [{"vars": {"a": "x" * 100}}]}
        assert read(write("a.yaml", json.dumps(value))).reasons == [(1, "It is longer than 10,000 characters.")]


class TestMessages:
    def test_a_million_turns_are_refused(self, write):
        many = [{"role": "user", "content": "a"}] * 1001
        path = write("a.jsonl", json.dumps({"messages": many}) + '\n{"messages": [{"role": "user", "content": "b"}]}\n')
        found = read(path)
        assert (found.pairs, found.reasons) == (
            [("b", "")],
            [(1, "It has 1,001 messages, but at most 1,000 can be read.")],
        )
        million = '{"messages": [' + '{"role":"user","content":""},' * 100_000 + "{}]}"
        assert read(write("b.jsonl", million)).reasons == [(1, "It has more than 200,000 strings.")]

    @pytest.mark.parametrize(
        "text",
        [
            "[" * 100_000,
            "[{" * 100_000,
            "[{'a': " + "-" * 100_000,
            "['a', " + "(" * 300,
            "[{'role': __import__('os')}]",
            "[{'x': 1}" + ", {}" * 200_000,
        ],
    )
    def test_texts_that_spell_lists_are_bounded(self, write, text):
        found = read(write("a.jsonl", json.dumps({"messages": text, "n": 1}) + "\n"))
        assert [prompt for prompt, _ in found.pairs] == [text]  # such a text stays a text

    def test_nested_parts_are_refused(self, write):
        parts = {"role": "user", "parts": [{"parts": [{"text": "x"}]}]}
        found = read(write("a.jsonl", json.dumps({"contents": [parts]}) + "\n"))
        assert found.reasons == [(1, "A message has a part of the kind 'parts', but only text can be read.")]

    def test_halves_of_characters_are_refused(self, write):
        found = read(write("a.jsonl", '{"messages": [{"role": "user", "content": "\\ud800"}]}\n'))
        assert "half of a character" in found.reasons[0][1]

    def test_columns_within_columns_are_bounded(self, write):
        row = {"prompt": "a", "x": {f"k{number}": number for number in range(9000)}}
        assert len(read(write("a.jsonl", json.dumps(row) + "\n")).state.columns) <= 102


def test_a_template_that_names_a_long_column_often_is_bounded(write, monkeypatch):
    monkeypatch.setattr(template, "MAX_TEXT", 10_000)
    columns = DatasetColumns(prompt=None, target=None, source=None, template="{a}" * 1000)
    found = read(write("a.csv", "a,b\n" + "x" * 100 + ",1\ny,1\n"), columns)
    assert ([prompt for prompt, _ in found.pairs], found.reasons) == (
        ["y" * 1000],
        [(2, f"It is longer than {MAX_TEXT:,} characters.")],
    )


def test_regular_expressions_take_time_in_proportion(write):
    # A match that starts again at each position would take minutes.
    for value in ("a" * 200_000, "/" * 200_000, "{{" * 100_000, "{" * 200_000 + "a", "-" * 200_000, "1." * 100_000):
        rows = "".join(json.dumps({"x": value, "y": "Tell me"}) + "\n" for _ in range(3))
        assert read(write("a.jsonl", rows)).state.rows == 3
        found = read(write("a.yaml", json.dumps({"prompts": [value + "}}"], "tests": [{"vars": {"a": value}}]})))
        assert found.state.rows + found.state.bad == 1
