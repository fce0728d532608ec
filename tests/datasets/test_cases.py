"""Files of prompts in the forms of other programs: which values become prompt and target. The texts are invented."""

import gzip
import json

import pytest
from reading import read

from lit_lab.protocol import DatasetColumns

U, S, M = "user", "system", "model"


def lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def said(role, content, **more):
    return {"role": role, "content": content, **more}


def part(role, text):
    return {"role": role, "parts": [{"text": text}]}


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


CONVERSATIONS = {
    "OpenAI": ({"messages": [said("system", "Be brief."), said("user", "A red fruit?"), said("assistant", "Apple.")]}, [(S, "Be brief."), (U, "A red fruit?")], "Apple."),
    "OpenAI in parts": ({"messages": [said("developer", "Be brief."), said("user", [{"type": "text", "text": "A red "}, {"type": "text", "text": "fruit?"}]), said("assistant", "Apple.", weight=1)]}, [(S, "Be brief."), (U, "A red fruit?")], "Apple."),
    "several turns": ({"messages": [said("user", "Hi"), said("assistant", "Hello."), said("user", "Rain?"), said("assistant", "No.")]}, [(U, "Hi"), (M, "Hello."), (U, "Rain?")], "No."),
    "tools after the last user turn": ({"messages": [said("user", "Rain?"), {"role": "assistant", "tool_calls": [{"id": "1"}]}, said("tool", "{}"), said("assistant", "No.")]}, [(U, "Rain?")], "No."),
    "OpenAI batch": ({"custom_id": "r-1", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [said("system", "Be kind."), said("user", "Hello there")]}}, [(S, "Be kind."), (U, "Hello there")], ""),
    "OpenAI responses": ({"custom_id": "r-1", "body": {"model": "m", "instructions": "Rhyme.", "input": [said("user", [{"type": "input_text", "text": "On rain."}])]}}, [(S, "Rhyme."), (U, "On rain.")], ""),
    "OpenAI evals": ({"input": [said("system", "Answer yes or no."), said("user", "Is snow cold?")], "ideal": "yes"}, [(S, "Answer yes or no."), (U, "Is snow cold?")], "yes"),
    "OpenAI preferences": ({"input": {"messages": [said("user", "Is it cold?")], "tools": []}, "preferred_output": [said("assistant", "Yes.")], "non_preferred_output": [said("assistant", "No.")]}, [(U, "Is it cold?")], "Yes."),
    "Gemini": ({"systemInstruction": part("system", "A pirate."), "contents": [part("user", "Hi"), part("model", "Argh!"), part("user", "Your name?"), part("model", "Barky.")]}, [(S, "A pirate."), (U, "Hi"), (M, "Argh!"), (U, "Your name?")], "Barky."),
    "Gemini with thoughts": ({"contents": [part("user", "Hi"), {"role": "model", "parts": [{"text": "Hm.", "thought": True}, {"text": "Hello."}]}]}, [(U, "Hi")], "Hello."),
    "Gemini batch": ({"key": "k1", "request": {"contents": [{"parts": [{"text": "Describe rain."}]}]}}, [(U, "Describe rain.")], ""),
    "Gemini preferences": ({"contents": [part("user", "Which?")], "completions": [{"score": 0.0, "completion": part("model", "Bad.")}, {"score": 1.0, "completion": part("model", "Good.")}]}, [(U, "Which?")], "Good."),
    "Anthropic batch": ({"custom_id": "a", "params": {"system": "Be brief.", "messages": [said("user", "Why?")]}}, [(S, "Be brief."), (U, "Why?")], ""),
    "Bedrock": ({"schemaVersion": "1", "system": [{"text": "Digest."}], "messages": [said("user", [{"text": "Why?"}]), said("assistant", [{"text": "So."}])]}, [(S, "Digest."), (U, "Why?")], "So."),
    "ShareGPT": ({"id": "a", "system": "S.", "conversations": [{"from": "human", "value": "A fruit."}, {"from": "gpt", "value": "Plum."}]}, [(S, "S."), (U, "A fruit.")], "Plum."),
    "Hugging Face's struct": ({"conversations": {"from": ["human", "gpt", "human"], "value": ["A", "B", "C"]}}, [(U, "A"), (M, "B"), (U, "C")], ""),
    "TRL's preferences": ({"prompt": [said("user", "The sky?")], "chosen": [said("assistant", "Blue.")], "rejected": [said("assistant", "Green.")]}, [(U, "The sky?")], "Blue."),
    "MT-Bench": ({"question_id": 1, "category": "writing", "turns": ["Write a line on rain.", "Now make it rhyme."], "reference": ["Rain, rain.", "Pain, rain."]}, [(U, "Write a line on rain.")], "Rain, rain."),
    "Arena-Hard": ({"question_id": "ab12", "turns": [{"content": "Write a function."}]}, [(U, "Write a function.")], ""),
    "dialogues": ({"dialog": ["Hi", "Hello", "How are you?", "Fine."]}, [(U, "Hi"), (M, "Hello"), (U, "How are you?")], "Fine."),
    "JSON in a text": ({"messages": json.dumps([said("user", "Hi"), said("assistant", "Hello.")])}, [(U, "Hi")], "Hello."),
}  # fmt: skip


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversations(write, name):
    row, turns, target = CONVERSATIONS[name]
    found = read(write("a.jsonl", lines(row)))
    assert found.reasons == []
    (full,) = found.rows
    assert [(turn.role, turn.text) for turn in full.turns] == turns
    assert full.target == target
    if len(turns) == 1:
        assert full.prompt == turns[0][1]
    else:
        names = {S: "System", U: "User", M: "Model"}
        assert full.prompt == "\n\n".join(f"{names[role]}\n{text}" for role, text in turns)


def test_a_conversation_is_found_by_its_words_and_its_other_columns_stay(write):
    row = {"id": 7, "body": {"model": "m", "messages": [said("user", "Name a plum")]}}
    (full,) = read(write("a.jsonl", lines(row))).rows
    assert full.others == {"id": "7", "body.model": "m"}


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        ([said("user", [{"type": "image_url", "image_url": {"url": "x"}}])], "part of the kind 'image_url'"),
        ([{"role": "user", "parts": [{"inlineData": {}}]}], "part of the kind 'inlineData'"),
        ([said("narrator", "x"), said("user", "y")], "the role 'narrator'"),
        ([said("user", "x"), {"role": "assistant", "tool_calls": [1]}, said("user", "y")], "calls a tool"),
        ([said("user", "x"), "y"], "different kinds"),
        ([said("user", "x"), 5, said("user", "z")], "different kinds"),
        ([said("assistant", "x")], "It has no user turn."),
        ([said("user", " ")], "no text"),
        ([said("user", 5)], "content isn't text"),
        ([said(5, "x"), said("user", "y")], "no role"),
        ([], "isn't a text"),
    ],
)
def test_what_is_no_conversation_is_refused_with_a_message(write, messages, reason):
    good = {"messages": [said("user", "ok")]}
    found = read(write("a.jsonl", lines(good, {"messages": messages})))
    assert [row.prompt for row in found.rows] == ["ok"]
    ((line, said_reason),) = found.reasons
    assert (line, reason in said_reason) == (2, True), said_reason


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([{"instruction": "Name colours.", "input": "", "output": "Red."}, {"instruction": "Translate.", "input": "Hi", "output": "Salut"}], [("Name colours.", "Red."), ("Translate.\n\nHi", "Salut")]),
        ([{"instruction": "I", "input": "x", "output": "o", "text": "All of it: I x o"}], [("I\n\nx", "o")]),
        ([{"instruction": "When?", "context": "In 1990.", "response": "1990", "category": "qa"}], [("When?\n\nIn 1990.", "1990")]),
        ([{"context": "Ada is here.", "question": "Who?", "answers": {"text": ["Ada"], "answer_start": [0]}}], [("Ada is here.\n\nWho?", "Ada")]),
        ([{"question": "2+2?", "ground_truth": "4"}], [("2+2?", "4")]),
        ([{"prompt": "A fruit.", "chosen": "Plum.", "rejected": "Car."}], [("A fruit.", "Plum.")]),
        ([{"question": "A fruit?", "choices": {"text": ["Plum"]}, "answerKey": "A"}], [("A fruit?", "A")]),
        ([{"question": "Q?", "best_answer": "B", "correct_answers": ["B", "C"]}], [("Q?", "B")]),
        ([{"input_text": "Why?", "output_text": "So."}], [("Why?", "So.")]),
        ([{"problem": "1+1", "solution": "2"}], [("1+1", "2")]),
        ([{"data": {"prompt": "A fruit.", "target": "Plum"}}], [("A fruit.", "Plum")]),
        ([{"id": 1, "meta": "m"}, {"id": 9, "prompt": "The prompt"}], [("The prompt", "")]),
        ([{"link": "https://example.org/" + "x" * 50, "blurb": "Tell me of rain"}], [("Tell me of rain", "")]),
        ([{"file": "data/" + "x" * 50 + ".txt", "uid": "0123456789abcdef" * 4, "blurb": "Tell me"}], [("Tell me", "")]),
    ],
)  # fmt: skip
def test_columns(write, rows, expected):
    assert read(write("a.jsonl", lines(*rows))).pairs == expected


def test_what_is_left_aside_is_said(write):
    found = read(write("a.csv", "link,blurb\nhttps://example.org/a/long/path,Tell me\n"))
    assert "“link” isn't the prompt: addresses, paths and ids are no prompts." in found.state.remark


ROWS = [("Name a fruit.", "Plum"), ("Name a tree.", "Oak")]
OBJECTS = [{"prompt": prompt, "target": target} for prompt, target in ROWS]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("array.json", json.dumps(OBJECTS)),
        ("indented.json", json.dumps(OBJECTS, indent=2)),
        ("only.json", json.dumps({"version": 1, "examples": OBJECTS, "about": {"list": [1, 2]}}, indent=1)),
        ("lines.json", lines(*OBJECTS)),
        ("pretty.jsonl", json.dumps(OBJECTS, indent=2)),
        ("listed.jsonl", "[\n" + ",\n".join(map(json.dumps, OBJECTS)) + "\n]\n"),
        ("after-each-other.jsonl", "\n".join(json.dumps(row, indent=2) for row in OBJECTS)),
        ("trailing.jsonl", ",\n".join(map(json.dumps, OBJECTS)) + ",\n"),
        ("gz.jsonl.gz", gzip.compress(lines(*OBJECTS).encode())),
        ("gz.csv.gz", gzip.compress(b"prompt,target\nName a fruit.,Plum\nName a tree.,Oak\n")),
        ("GZ.JSON.GZ", gzip.compress(json.dumps(OBJECTS).encode())),
        ("twice.jsonl.gz", gzip.compress(lines(OBJECTS[0]).encode()) + gzip.compress(lines(OBJECTS[1]).encode())),
        ("pandas.json", json.dumps({"prompt": {"0": ROWS[0][0], "1": ROWS[1][0]}, "target": {"0": "Plum", "1": "Oak"}})),
        ("pandas-index.json", json.dumps({"0": OBJECTS[0], "1": OBJECTS[1]})),
        ("pandas-split.json", json.dumps({"columns": ["prompt", "target"], "index": [0, 1], "data": [list(r) for r in ROWS]})),
        ("columns.json", json.dumps({"prompt": [r[0] for r in ROWS], "target": [r[1] for r in ROWS]})),
        ("list.yaml", "- prompt: Name a fruit.\n  target: Plum\n- {prompt: Name a tree., target: Oak}\n"),
        ("only.yml", "about: x\nrows:\n- prompt: Name a fruit.\n  target: Plum\n- {prompt: Name a tree., target: Oak}\n"),
        ("documents.yaml", "prompt: Name a fruit.\ntarget: Plum\n---\nprompt: Name a tree.\ntarget: Oak\n"),
        ("comment.csv", "# made on Monday\nprompt,target\nName a fruit.,Plum\nName a tree.,Oak\n"),
        ("comments.csv", "# made, by me\n# on Monday\n\nprompt;target\nName a fruit.;Plum\nName a tree.;Oak\n"),
        ("title.tsv", "My own rows\nprompt\ttarget\nName a fruit.\tPlum\nName a tree.\tOak\n"),
        ("rows.csv", '"Name a fruit.",Plum\n"Name a tree.",Oak\n'),
    ],
)  # fmt: skip
def test_forms(write, name, content):
    columns = DatasetColumns(prompt="column 1", target="column 2", source=None) if name == "rows.csv" else None
    found = read(write(name, content), columns)
    assert (found.pairs, found.reasons, found.error) == (ROWS, [], "")


@pytest.mark.parametrize(
    ("name", "content", "prompts"),
    [
        ("no-header.csv", '"Tell me about rain"\n"Explain snow in simple words"\n"Write a poem, please"\n', ["Tell me about rain", "Explain snow in simple words", "Write a poem, please"]),
        ("unquoted.csv", "prompt\nTell me about rain\nFirst, name a tree, then a fruit\n\"Yes\", he said, \"go\"\n", ["Tell me about rain", "First, name a tree, then a fruit", '"Yes", he said, "go"']),
        ("unquoted-no-header.csv", "First, name a tree, then a fruit\nTell me about rain\n", ["First, name a tree, then a fruit", "Tell me about rain"]),
        ("quotes.csv", 'prompt\n"Hi" she said\nlast\n', ['"Hi" she said', "last"]),
        ("pandas.csv", ",prompt,target\n0,Tell me,x\n", ["Tell me"]),
        ("hash.csv", "#id,prompt here\n1,Tell me of rain and snow\n", ["Tell me of rain and snow"]),
        ("texts.json", '["Tell me", "Show me"]', ["Tell me", "Show me"]),
        ("one.json", json.dumps({"messages": [said("user", "Hi"), said("assistant", "Hello.")]}), ["Hi"]),
    ],
)  # fmt: skip
def test_prompts(write, name, content, prompts):
    found = read(write(name, content))
    assert ([row.prompt for row in found.rows], found.reasons, found.error) == (prompts, [], "")


def test_a_list_of_messages_in_a_table_of_pandas(tmp_path):
    import pandas

    frame = pandas.DataFrame({"messages": [[said("user", 'It\'s "so"?'), said("assistant", "Yes.")]]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    frame.to_json(tmp_path / "a.jsonl.gz", orient="records", lines=True)
    for name in ("a.csv", "a.parquet", "a.jsonl.gz"):
        assert read(tmp_path / name).pairs == [('It\'s "so"?', "Yes.")], name


def test_the_first_line_is_a_row_or_not_by_choice(write):
    path = write("a.csv", "Blurb,Note\nTell me,x\n")
    found = read(path)
    assert (found.state.header, found.pairs) == (True, [("Tell me", "")])
    assert "is read as the columns' names" in found.state.remark
    found = read(path, header=False)
    assert (found.state.header, found.state.rows, found.state.columns) == (False, 2, ["column 1", "column 2"])
    assert "the first line is read as a row" in found.state.remark
    path = write("b.csv", "Tell me about rain\nTell me about snow\n")
    assert read(path).state.header is False
    found = read(path, header=True)
    assert (found.state.header, found.state.columns, found.state.rows) == (True, ["Tell me about rain"], 1)
    assert read(write("c.jsonl", "{}\n")).state.header is None


def test_encodings_by_choice(write):
    chinese, japanese = "你好吗。请介绍北京。", "東京について教えてください。"
    for name, text, encoding in (("gbk.csv", chinese, "gb18030"), ("sjis.csv", japanese, "cp932")):
        codec = {"gb18030": "gbk", "cp932": "shift_jis"}[encoding]
        path = write(name, f"prompt,target\n{text},x\n".encode(codec))
        guessed = read(path).state
        assert guessed.encoding == "cp1252"
        assert {"gb18030": "Chinese (GBK", "cp932": "Japanese (Shift-JIS)"}[encoding] in guessed.remark
        found = read(path, encoding=encoding)
        assert (found.pairs, found.state.encoding) == ([(text, "x")], encoding)
        assert "looks like" not in found.state.remark
    for text, codec in [
        *((text, "cp1252") for text in ("Größe und Öl", "Ölgötze", "¿Qué año?", "É")),
        ("你好吗。", "utf-8"),
    ]:
        assert "looks like" not in read(write("own.csv", f"prompt\n{text}\n".encode(codec))).state.remark
    path = write("half.csv", b"prompt\nfine\n\xff\xff\n" + chinese.encode("gbk") + b"\n")
    found = read(path, encoding="gb18030")
    assert ([row.prompt for row in found.rows], [line for line, _ in found.reasons]) == (["fine", chinese], [3])
    assert read(write("bom.csv", "\ufeffprompt\nä\n".encode()), encoding="utf-8").pairs == [("ä", "")]
    assert read(write("u16.csv", "\ufeffprompt\nä\n".encode("utf-16-le")), encoding="utf-16-le").pairs == [("ä", "")]


class TestTemplate:
    def read(self, write, template, content="a,b,note\nx,y,\n,y,\n,,n\n"):
        columns = DatasetColumns(prompt=None, target=None, source=None, template=template)
        return read(write("a.csv", content), columns)

    @pytest.mark.parametrize(
        ("template", "prompts"),
        [
            ("A: {a}\n\nB: {b}", ["A: x\n\nB: y", "B: y"]),
            ("{a} of {{ b }} in {town}", ["x of y in {town}", " of y in {town}"]),
            ("Say it.\n\n{a}", ["Say it.\n\nx"]),
            ('{"a": "{a}"} {', ['{"a": "x"} {']),
        ],
    )
    def test_columns_make_prompts(self, write, template, prompts):
        found = self.read(write, template)
        assert [row.prompt for row in found.rows] == prompts
        assert found.state.chosen.template == template
        assert found.reasons[-1][1].startswith("It has no ")
        assert found.rows[0].others == {"a": "x", "b": "y"}

    def test_a_template_without_columns_is_refused(self, write):
        found = self.read(write, "{c} {}")
        assert (found.state.rows, found.state.state) == (0, "failed")
        assert "names none of the dataset's columns" in found.error
        assert found.state.columns == ["a", "b", "note"]

    def test_what_a_column_says_is_no_template(self, write):
        found = self.read(write, "{a}: {b}", "a,b\n{b},{a}\n")
        assert found.pairs == [("{b}: {a}", "")]


PROMPTFOO = """
prompts:
  - "Tell me of {{topic}} in {{ lang }}."
  - {id: short, label: Short, raw: "{{topic}}, in short?"}
defaultTest: {vars: {lang: English}}
tests:
  - vars: {topic: [rain, snow]}
    assert: [{type: icontains, value: "{{topic}}"}, {type: javascript, value: "output.length > 1"}]
  - vars: {topic: hail, lang: French}
"""


def test_promptfoo(write):
    found = read(write("promptfooconfig.yaml", PROMPTFOO))
    assert found.pairs == [
        ("Tell me of rain in English.", "rain"),
        ("Tell me of snow in English.", "snow"),
        ("Tell me of hail in French.", ""),
        ("rain, in short?", "rain"),
        ("snow, in short?", "snow"),
        ("hail, in short?", ""),
    ]
    assert found.rows[3].others["lang"] == "English"
    as_json = {"prompts": ["Tell me of {{topic}}."], "tests": [{"vars": {"topic": "rain"}}]}
    assert read(write("a.json", json.dumps(as_json))).pairs == [("Tell me of rain.", "")]


@pytest.mark.parametrize(
    ("prompt", "variable", "reason"),
    [
        ("file://prompt.txt", "x", "Its prompt is elsewhere, file://prompt.txt: LIT Lab opens and runs nothing"),
        ("prompts/chat.json", "x", "is elsewhere"),
        ("make.py:function", "x", "is elsewhere"),
        ("exec: cat secret", "x", "is elsewhere"),
        ("https://example.org/prompt.txt", "x", "is elsewhere"),
        ("{{env.HOME}} {{v}}", "x", "reads the environment, {{env.HOME}}"),
        ("{{ process.env.HOME }}", "x", "reads the environment"),
        ("{{ v | upper }}", "x", "computes something"),
        ("{% if v %}a{% endif %}", "x", "computes something, {%"),
        ("{{ range(9) }}", "x", "computes something"),
        ("{{v}}", "file:///etc/passwd", "Its variable v is elsewhere"),
        ("{{v}}", "{{env.HOME}}", "has an expression of its own, {{env.HOME}}"),
    ],
)
def test_promptfoo_names_nothing_that_is_opened_or_run(write, monkeypatch, prompt, variable, reason):
    monkeypatch.setenv("HOME", "the-home")
    value = {"prompts": [prompt, "Say {{v}} twice."], "tests": [{"vars": {"v": variable}}, {"vars": {"v": "this"}}]}
    found = read(write("a.yaml", json.dumps(value)))
    assert any(reason in each for _, each in found.reasons), found.reasons
    assert ("Say this twice.", "") in found.pairs
    assert not any("the-home" in prompt or "root" in prompt for prompt, _ in found.pairs)


@pytest.mark.parametrize("what", ["prompts", "tests"])
def test_promptfoo_with_all_of_it_elsewhere(write, what):
    value = {"prompts": ["a"], "tests": [{}]} | {what: "file://elsewhere.csv"}
    assert f"Its {what} are elsewhere, file://elsewhere.csv" in read(write("a.yaml", json.dumps(value))).error


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv", "a.txt", "a.yaml", "a.parquet", "a.jsonl.gz"])
def test_a_pointer_of_git_lfs_is_said_once(write, name):
    found = read(write(name, "version https://git-lfs.github.com/spec/v1\noid sha256:abab\nsize 1234\n"))
    assert (found.state.rows, found.state.bad) == (0, 0)
    assert "Git LFS pointer" in found.error
    assert "git lfs pull" in found.error


def test_an_indented_file_that_is_broken_is_said_once(write):
    found = read(write("a.jsonl", '{\n  "rows": [\n    {"prompt": "a"},\n'))
    assert (found.state.rows, found.reasons) == (0, [])
    assert "a.jsonl is neither JSON Lines nor JSON: a value that begins in line 2 doesn't end." in found.error
    found = read(write("b.json", "prompt: a"))
    assert "b.json is not JSON" in found.error
    found = read(write("c.json", '[{"prompt": "a"},\n{"prompt": '))
    assert (found.state.rows, "ends in the middle of a value that begins in line 2" in found.error) == (1, True)
    found = read(write("d.json", '[{"prompt": "a"}] x'))
    assert (found.state.rows, "Unexpected content follows" in found.error) == (1, True)
    found = read(write("e.json", '{"a": [1], "b": [2]}'))
    assert "has 2 lists" in found.error


def test_a_damaged_packed_file_keeps_what_stands_before(write):
    text = lines(*({"prompt": f"Say {number * 7919 % 100_003}."} for number in range(20_000)))
    data = gzip.compress(text.encode())
    found = read(write("a.jsonl.gz", data[: len(data) // 2]), most=1)
    assert (0 < found.state.rows < 20_000, "ends too early" in found.error) == (True, True)
    broken = bytearray(data)
    broken[len(data) // 2 : len(data) // 2 + 50] = bytes(50)
    found = read(write("b.jsonl.gz", bytes(broken)), most=1)
    assert (found.state.rows < 20_000, "is damaged" in found.error) == (True, True)
    assert "isn't compressed by gzip" in read(write("c.jsonl.gz", lines({"prompt": "a"}))).error
