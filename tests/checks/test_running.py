"""Running checks, and the report about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.etree import ElementTree

import pytest

from lit_lab.checks import junit, read, run_checks
from lit_lab.checks.junit import MAX_ANSWER
from lit_lab.problem import Problem

TEXT = """
model: [one, two]
prompts:
- name: greets
  prompt: Say hello to {name}.
  dataset: rows.jsonl
  expect:
  - contains: "{name}"
  - influenced_by: "{name}"
    at_least: 0.5
  - influenced_by: "Say goodbye"
    at_most: 10%
- name: counts
  prompt: Count.
  max_new_tokens: 7
  expect: [max_length: 3]
"""
ROWS = '{"name": "Ada"}\nbad\n'


@dataclass
class Fake:
    """An answer with influences that a test knows."""

    answer: str
    nats: dict[str, float] = field(default_factory=dict)

    def influence(self, part):
        if part not in self.nats:
            raise Problem(422, "too_long", "The prompt is too long.", "Shorten it.")
        return self.nats[part]

    def share(self, part):
        return self.influence(part) / 10


@pytest.fixture
def checks(tmp_path):
    (tmp_path / "rows.jsonl").write_text(ROWS)
    (tmp_path / "checks.yaml").write_text(TEXT)
    return read(tmp_path / "checks.yaml")


def test_each_model_is_asked_each_prompt_once(checks):
    asked, seen = [], []

    def explain(case, model, settings):
        asked.append((case.prompt, model, settings.max_new_tokens))
        return Fake("Hello Ada", {"Ada": 0.75})

    report = run_checks(checks, explain, seen.append)
    assert asked == [
        ("Say hello to Ada.", "one", 256),
        ("Say hello to Ada.", "two", 256),
        ("Count.", "one", 7),
        ("Count.", "two", 7),
    ]
    assert list(report.outcomes) == seen
    assert [(o.prompt, o.row, o.check, o.passed, o.is_error, o.message) for o in seen if o.model == "one"] == [
        ("greets", 1, "contains Ada", True, False, "The answer contains “Ada”."),
        ("greets", 1, "influenced_by Ada, at least 0.5 nats", True, False, "“Ada” influenced the answer by 0.75 nats (at least 0.5 nats expected)."),
        ("greets", 1, "influenced_by Say goodbye, at most 10%", False, False, "The prompt doesn't contain “Say goodbye”."),
        *(
            ("greets", 2, check, False, True, "The row can't be used. It isn't JSON: Expecting value, at character 1.")
            for check in ("contains {name}", "influenced_by {name}, at least 0.5 nats", "influenced_by Say goodbye, at most 10%")
        ),
        ("counts", 0, "max_length 3", False, False, "The answer has 9 characters; at most 3 are allowed."),
    ]  # fmt: skip
    assert report.failed == 10
    assert seen[0].answer == "Hello Ada"


def test_influences_are_only_asked_for_where_a_check_needs_them(checks):
    report = run_checks(checks, lambda *_: Fake("1"))
    assert all(outcome.passed for outcome in report.outcomes if outcome.prompt == "counts")
    (said, *_) = [outcome for outcome in report.outcomes if outcome.check == "influenced_by Ada, at least 0.5 nats"]
    assert (said.is_error, said.message, said.answer) == (True, "The prompt is too long. Shorten it.", "1")


def test_a_model_that_fails_leaves_the_others_alone(checks):
    def explain(case, model, settings):
        if model == "two":
            raise Problem(404, "unknown_model", "There is no model two.", "Add it.")
        return Fake("Ada", {"Ada": 1})

    report = run_checks(checks, explain)
    failed = [outcome for outcome in report.outcomes if outcome.model == "two" and outcome.row != 2]
    assert {(outcome.passed, outcome.is_error, outcome.message) for outcome in failed} == {
        (False, True, "There is no model two. Add it.")
    }
    assert all(outcome.passed for outcome in report.outcomes if outcome.model == "one" and outcome.prompt == "counts")


def test_a_part_is_looked_for_in_each_turn(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"messages": [{"role": "user", "content": "Be brief."}]}\n')
    (tmp_path / "checks.yaml").write_text("""
model: m
prompts:
- dataset: rows.jsonl
  expect: [{influenced_by: Be brief., at_least: 1}, {influenced_by: Be long., at_least: 1}]
""")
    report = run_checks(read(tmp_path / "checks.yaml"), lambda *_: Fake("Yes", {"Be brief.": 2}))
    assert [outcome.passed for outcome in report.outcomes] == [True, False]


def test_other_errors_are_not_hidden(checks):
    def explain(case, model, settings):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run_checks(checks, explain)


def test_junit(checks):
    answer = 'a\x00\x1b<&"\ud800\ufffe é🥚]]>\t\r\n'
    text = junit(run_checks(checks, lambda *_: Fake(answer, {"Ada": 0.2})))
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites"
    assert root.attrib == {"name": "checks.yaml", "tests": "14", "failures": "8", "errors": "6", "skipped": "0"}
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in root] == [
        ("greets (one)", "6", "3", "3"),
        ("greets (two)", "6", "3", "3"),
        ("counts (one)", "1", "1", "0"),
        ("counts (two)", "1", "1", "0"),
    ]
    tests = list(root.iter("testcase"))
    assert (tests[0].get("name"), tests[0].get("classname")) == ("contains Ada, line 1", "greets.one")
    failure = tests[0].find("failure")
    assert failure is not None
    assert failure.get("message") == failure.text == "The answer does not contain “Ada”."
    out = tests[0].find("system-out")
    assert out is not None
    assert out.text == 'a\ufffd\ufffd<&"\ufffd\ufffd é🥚]]>\t\n'  # an XML parser reads \r\n as \n
    error = tests[3].find("error")
    assert error is not None
    assert tests[3].find("system-out") is None
    assert "The row can't be used." in str(error.get("message"))


def test_a_long_answer_is_cut_in_the_report(checks):
    root = ElementTree.fromstring(junit(run_checks(checks, lambda *_: Fake("a" * (MAX_ANSWER + 1)))))
    out = root.find("testsuite/testcase/system-out")
    assert out is not None
    assert out.text == "a" * MAX_ANSWER + "…"
