"""Files of checks: what they may say, and what they may not."""

from __future__ import annotations

import json
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from lit_lab.checks import file, read, rows
from lit_lab.patterns import BoundedPatterns, UnmatchedError
from tests.checks.files import START, refused


def test_a_whole_file(written):
    made = written(
        """
model: smollm2
prompts:
  - name: answers in JSON
    prompt: "Answer in JSON. What is the capital of {{country}}?"
    dataset: countries.jsonl        # beside this file
    target: "{{capital}}"
    expect:
      - contains: "{{capital}}"
      - json_schema: {type: object, properties: {people: {minimum: 0.50}}}
      - max_length: 200
      - matches: "^\\\\{"
      - equals: target
      - influenced_by: "Answer in JSON."
        at_least: 0.5               # nats
      - influenced_by: "{{country}}"
        at_least: 20%
  - prompt: Hi
    model: [gemma3, smollm2]
    expect: [not_contains: sorry]
""",
        countries__jsonl='{"country": "France", "capital": "Paris"}\n{"country": "Peru", "capital": "Lima"}\n',
    )
    first, second = made.prompts
    assert (made.name, made.size) == ("checks.yaml", 4)
    assert (first.name, first.models) == ("answers in JSON", ("smollm2",))
    assert [(case.prompt, case.target, case.row) for case in first.cases] == [
        ("Answer in JSON. What is the capital of France?", "Paris", 1),
        ("Answer in JSON. What is the capital of Peru?", "Lima", 2),
    ]
    assert [check.name for check in first.cases[1].checks] == [
        "contains Lima",
        'json_schema {"type": "object", "properties": {"people": {"minimum": 0.5}}}',
        "max_length 200",
        "matches ^\\{",
        "equals target",
        "influenced_by Answer in JSON., at least 0.5 nats",
        "influenced_by Peru, at least 20%",
    ]
    assert (second.name, second.models, len(second.cases)) == ("prompt 2", ("gemma3", "smollm2"), 1)
    assert (second.cases[0].prompt, second.cases[0].row) == ("Hi", 0)


def test_texts_stay_as_they_are_written(written):
    made = written(
        START + "- {prompt: 'A {b} {{c}}', expect: [contains: 3.10, contains: 007, contains: 1e3, contains: no]}"
    )
    (case,) = made.prompts[0].cases
    assert case.prompt == "A {b} {{c}}"
    assert [check.text for check in case.checks] == ["3.10", "007", "1e3", "no"]


def test_a_datasets_own_prompts_and_targets(written):
    text = START + "- {dataset: rows.csv, expect: [equals: target]}"
    made = written(text, rows__csv="question,answer\nCapital of France?,Paris\n,\nCapital of Peru?,target\n")
    cases = made.prompts[0].cases
    assert [(case.prompt, case.target) for case in cases if not case.fault] == [
        ("Capital of France?", "Paris"),
        ("Capital of Peru?", "target"),
    ]
    assert all("The row can't be used." in case.fault for case in cases if case.fault)


def test_rows_that_cannot_be_sent(written):
    text = (
        START + "- {prompt: '{q}', dataset: rows.jsonl, expect: [contains: '{a}', influenced_by: '{q}', at_least: 1]}"
    )
    text = text.replace("influenced_by: '{q}', at_least: 1", "max_length: 9")
    made = written(text, rows__jsonl='{"q": "1", "a": "x"}\nno\n{"q": "2", "a": ""}\n{"q": "", "a": "y"}\n')
    assert [case.fault for case in made.prompts[0].cases] == [
        "",
        "The row can't be used. It isn't JSON: Expecting value, at character 1.",
        "The row has no a.",
        "The row can't be used. It has no q.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "checks.yaml: This should be a mapping"),
        ("- a\n", "checks.yaml, line 1: This should be a mapping"),
        ("model: m\n", "checks.yaml, line 1: It has no prompts."),
        ("a: [", "checks.yaml: The file isn't YAML:"),
        ("a: !!python/object:os.system x", "checks.yaml: The file has the tag"),
        ("a: *b", "the alias *b stands for nothing"),
        ("promts: []\n", "checks.yaml, line 1, promts: promts isn't known here. Did you mean prompts?"),
        ("model: m\nprompts: []\n", "checks.yaml, line 2, prompts: This should be a list with at least one entry."),
        ("model: m\nprompts: {a: b}\n", "checks.yaml, line 2, prompts: This should be a list"),
        ("model: []\nprompts: []\n", "checks.yaml, line 1, model: The list is empty."),
        ("prompts:\n- prompt: Hi\n  expect: [max_length: 1]\n", "line 2, prompts[1]: It isn't said which model to ask."),
        (START + "- prompt: Hi\n", "line 3, prompts[1]: Nothing is expected of the answer."),
        (START + "- prompt: Hi\n  expects:\n  - max_length: 1\n", "line 4, prompts[1].expects: expects isn't known here. Did you mean expect?"),
        (START + "- expect:\n  - max_length: 1\n", "line 3, prompts[1]: It has neither a prompt nor a dataset."),
        (START + "- prompt: [a]\n  expect: [max_length: 1]\n", "line 3, prompts[1].prompt: This should be a text; it is a list."),
        (START + "- prompt: Hi\n  expect:\n  - max_length: 1\n  - max_lenght: 2\n", "line 6, prompts[1].expect[2].max_lenght: max_lenght isn't known here. Did you mean max_length?"),
        (START + "- prompt: Hi\n  expect:\n  - json_schema:\n      properties:\n        a:\n          $ref: 'http://a'\n", "line 8, prompts[1].expect[1].json_schema.properties.a.$ref: It refers to http://a"),
        (START + "- prompt: Hi\n  expect: [equals: target]\n", "line 4, prompts[1].expect[1]: The prompt has no target."),
        (START + "- prompt: Hi\n  expect:\n  - influenced_by: You\n    at_least: 1\n", "line 5, prompts[1].expect[1]: The prompt doesn't contain “You”."),
        (START + "- turns: []\n  expect: [max_length: 1]\n", "line 3, prompts[1].turns: This should be a list with at least one entry."),
        (START + "- turns: Hi\n  expect: [max_length: 1]\n", "line 3, prompts[1].turns: This should be a list"),
        (START + "- prompt:\n  - {role: user, text: Hi}\n  expect: [max_length: 1]\n", "prompts[1].prompt: This should be a text; it is a list. Write a conversation under turns: instead."),
        (START + "- prompt: Hi\n  turns: [{role: user, text: Hi}]\n  expect: [max_length: 1]\n", "line 4, prompts[1].turns: prompt and turns are in one entry."),
        (START + "- turns:\n  - {role: user, text: Hi}\n  - {role: tool, text: Hi}\n  expect: [max_length: 1]\n", "line 5, prompts[1].turns[2].role: tool isn't a role."),
        (START + "- turns:\n  - {role: user}\n  expect: [max_length: 1]\n", "line 4, prompts[1].turns[1]: The turn has no text."),
        (START + "- turns:\n  - {text: Hi}\n  expect: [max_length: 1]\n", "line 4, prompts[1].turns[1]: The turn has no role."),
        (START + "- turns:\n  - {role: user, text: ''}\n  expect: [max_length: 1]\n", "line 4, prompts[1].turns[1].text: The text is empty."),
        (START + "- turns:\n  - {role: user, text: a, content: b}\n  expect: [max_length: 1]\n", "prompts[1].turns[1]: The turn has two texts."),
        (START + "- turns:\n  - {role: user, text: a, txt: b}\n  expect: [max_length: 1]\n", "prompts[1].turns[1].txt: txt isn't known here. Did you mean text?"),
        (START + "- turns:\n  - {role: user, text: a}\n  - {role: model, text: b}\n  expect: [max_length: 1]\n", "line 5, prompts[1].turns[2]: The last turn should be the user's"),
        (START + "- turns: [{role: user, text: Hi}]\n  expect:\n  - {influenced_by: You, at_least: 1}\n", "line 5, prompts[1].expect[1]: The prompt doesn't contain “You”."),
        (START + "- prompt: Hi\n  prompt: You\n  expect: [max_length: 1]\n", "line 4, prompts[1].prompt: prompt is here twice."),
        (START + "- &a {name: b, prompt: Hi, expect: [max_length: 1]}\n- *a\n", "line 4, prompts[2].name: Another prompt is called b, too."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(written, text, expected):
    assert expected in refused(written, text)


def test_bounds(written, tmp_path, monkeypatch):
    monkeypatch.setattr(file, "MAX_BYTES", 10_000)
    assert "The file is longer than 10,000 bytes." in refused(written, "a" * 10_001)
    laughs = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{chr(letter)}: &{chr(letter)} [{', '.join([f'*{chr(letter - 1)}'] * 9)}]\n" for letter in range(98, 108)
    )
    assert "values" in refused(written, laughs)
    assert "levels deep" in refused(written, "[" * 300 + "]" * 300)
    monkeypatch.setattr(file, "MAX_PROMPTS", 2)
    entry = "- {name: %d, prompt: Hi, expect: [max_length: 1]}\n"
    assert "The list has more than 2 entries." in refused(written, START + "".join(entry % i for i in range(3)))
    monkeypatch.setattr(file, "MAX_CHECKS", 2)
    assert "more than 2 entries" in refused(
        written, START + "- {prompt: Hi, expect: [max_length: 1, max_length: 2, max_length: 3]}"
    )
    monkeypatch.setattr(file, "MAX_CASES", 3)
    assert "asks models more than 3 times" in refused(
        written, START + "- {prompt: Hi, model: [a, b, c, d], expect: [max_length: 1]}"
    )
    text = START + "- {dataset: rows.txt, expect: [max_length: 1]}"
    assert "The dataset has more than 3 rows." in refused(written, text, rows__txt="a\nb\nc\nd\n")
    monkeypatch.setattr(rows, "MAX_CHARS", 5)
    assert "The dataset is longer than 5 characters." in refused(written, text, rows__txt="abc\ndef\n")
    assert "The dataset has no rows." in refused(written, text, rows__txt="")


def test_files_that_are_none(tmp_path):
    assert "there is nothing of that name" in refused(read, tmp_path / "none.yaml")
    assert "It isn't a file" in refused(read, tmp_path)
    (tmp_path / "latin.yaml").write_bytes("é".encode("latin-1"))
    assert "The file isn't text in UTF-8." in refused(read, tmp_path / "latin.yaml")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/etc/passwd", "doesn't name a file beside this one"),
        ("../rows.txt", "doesn't name a file beside this one"),
        ("a/../../rows.txt", "doesn't name a file beside this one"),
        ("~/rows.txt", "doesn't name a file beside this one"),
        ("C:rows.txt", "doesn't name a file beside this one"),
        ("..\\\\rows.txt", "doesn't name a file beside this one"),
        ("file:rows.txt", "doesn't name a file beside this one"),
        ("https://example.org/rows.txt", "doesn't name a file beside this one"),
        ("rows.py", "isn't a dataset that LIT Lab reads"),
        ("none.txt", "can't be read: there is nothing of that name"),
        ("folder.txt", "can't be read: it isn't a file"),
        ("out.txt", "is a link to a file elsewhere"),
        ("link/rows.txt", "is a link to a file elsewhere"),
    ],
)
def test_a_dataset_is_a_file_beside_the_checks(tmp_path, name, message):
    folder = tmp_path / "checks"
    (folder / "folder.txt").mkdir(parents=True)
    (tmp_path / "rows.txt").write_text("a\n")
    (folder / "out.txt").symlink_to(tmp_path / "rows.txt")
    (folder / "link").symlink_to(tmp_path)
    (folder / "checks.yaml").write_text(START + f'- dataset: "{name}"\n  expect: [max_length: 1]\n')
    said = refused(read, folder / "checks.yaml")
    assert message in said
    assert said.startswith("checks.yaml, line 3, prompts[1].dataset: ")


def test_a_dataset_may_lie_in_a_folder_beside_the_checks(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "data").mkdir()
    (tmp_path / "real" / "data" / "rows.txt").write_text("a\n")
    (tmp_path / "real" / "near.txt").symlink_to("data/rows.txt")
    (tmp_path / "checks").symlink_to("real")
    text = START + "".join(
        f"- {{dataset: {name}, expect: [max_length: 1]}}\n" for name in ("data/rows.txt", "./near.txt")
    )
    (tmp_path / "checks" / "checks.yaml").write_text(text)
    assert [prompt.cases[0].prompt for prompt in read(tmp_path / "checks" / "checks.yaml").prompts] == ["a", "a"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes in folders")
def test_a_pipe_is_no_dataset(tmp_path):
    os.mkfifo(tmp_path / "rows.txt")
    (tmp_path / "checks.yaml").write_text(START + "- {dataset: rows.txt, expect: [max_length: 1]}")
    assert "it isn't a file" in refused(read, tmp_path / "checks.yaml")


def test_a_template_that_names_no_column(written):
    text = START + "- {prompt: 'Capital of {land}?', dataset: rows.csv, expect: [max_length: 1]}"
    said = refused(written, text, rows__csv="country,capital\nFrance,Paris\n")
    assert "line 3, prompts[1].dataset: The template names none of the dataset's columns." in said


def test_nothing_is_opened_run_or_looked_up(written, monkeypatch):
    monkeypatch.setenv("SECRET", "hidden")
    texts = [
        "file://secret.txt",
        "{{env.SECRET}}",
        "${SECRET}",
        "exec: ls",
        "{% include 'secret.txt' %}",
        "!include secret.txt",
    ]
    entries = "".join(
        f"- {{name: p{i}, prompt: {json.dumps(text)}, expect: [max_length: 1]}}\n" for i, text in enumerate(texts)
    )
    made = written(START + entries, secret__txt="secret")
    assert [prompt.cases[0].prompt for prompt in made.prompts] == texts


def test_nothing_is_fetched():
    asked = []

    class Server(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Server) as server, BoundedPatterns() as patterns:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/schema.json"
        for schema in ({"$ref": address}, {"$id": address, "$ref": "other.json"}, {"$schema": address}):
            with pytest.raises(UnmatchedError):
                patterns.faults(schema, [{}])
        server.shutdown()
    assert asked == []
