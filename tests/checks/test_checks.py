"""What each kind of check makes of an answer."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, dataclass, field

import pytest

from lit_lab.checks.checks import KINDS, parse
from lit_lab.checks.places import Place
from lit_lab.patterns import BoundedPatterns
from lit_lab.problem import Problem

PLACE = Place("checks.yaml", ("prompts", 0, "expect", 0))


@dataclass
class Fake:
    """Influences that a test knows."""

    nats: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)

    def influence(self, part):
        return self.nats[part]

    def share(self, part):
        return self.shares[part]


@pytest.fixture(scope="module")
def patterns():
    with BoundedPatterns() as made:
        yield made


@pytest.mark.parametrize(
    ("entry", "answer", "passed", "message"),
    [
        ({"contains": "Paris"}, "It is Paris.", True, "The answer contains “Paris”."),
        ({"contains": "paris"}, "It is Paris.", False, "The answer does not contain “paris”."),
        ({"contains": "PARIS", "ignore_case": True}, "It is Paris.", True, None),
        ({"contains": "straße", "ignore_case": True}, "STRASSE", True, None),
        ({"contains": "target"}, "Lima!", True, "The answer contains “Lima”."),
        ({"contains": 3.5}, "It is 3.5.", True, None),
        ({"not_contains": "sorry"}, "Paris", True, "The answer does not contain “sorry”."),
        ({"not_contains": "Sorry", "ignore_case": True}, "I am sorry.", False, "The answer contains “Sorry”."),
        ({"equals": "Paris"}, " Paris\n", True, "The answer is “Paris”."),
        ({"equals": "Paris"}, "Paris.", False, "The answer is “Paris.” instead of “Paris”."),
        ({"equals": "target"}, "Lima", True, None),
        ({"equals": "target"}, "target", False, "The answer is “target” instead of “Lima”."),
        ({"equals": "LIMA", "ignore_case": True}, "Lima", True, None),
        ({"matches": r"^\{"}, "{}", True, "The expression matches the answer."),
        ({"matches": r"^\{"}, " {}", False, "The expression does not match the answer."),
        ({"matches": "^a$", "ignore_case": True}, "A", True, None),
        ({"not_matches": r"\d"}, "none", True, "The expression does not match the answer."),
        ({"not_matches": r"\d"}, "1", False, "The expression matches the answer."),
        ({"max_length": 3}, "🥚🥚🥚", True, "The answer has 3 characters; at most 3 are allowed."),
        ({"max_length": 3}, "four", False, "The answer has 4 characters; at most 3 are allowed."),
        ({"json_schema": {"type": "object"}}, ' {"a": 1}\n', True, "The answer fits the schema."),
        ({"json_schema": {"type": "object"}}, "[]", False, "The answer doesn't fit the schema: [] is not of type 'object'."),
        ({"json_schema": {"properties": {"a": {"items": {"type": "string"}}}}}, '{"a": ["b", 3]}', False, "a[1]: 3 is not"),
        ({"json_schema": {}}, "{", False, "The answer isn't JSON: Expecting property name enclosed in double quotes, at character 2."),
        ({"json_schema": {}}, "```json\n{}\n```", False, "Only the JSON may stand in it, without a fence."),
        ({"json_schema": {}}, "NaN", False, "The answer isn't JSON: it has NaN."),
        ({"json_schema": {}}, "[" * 300, False, "The answer has values nested more than 200 levels deep."),
        ({"json_schema": {}}, "9" * 5000, False, "The answer isn't JSON"),
        ({"json_schema": {"pattern": "^a+$"}}, '"aab"', False, "'aab' does not match '^a+$'"),
        ({"influenced_by": "P", "at_least": 0.5}, "", True, "“P” influenced the answer by 0.7 nats (at least 0.5 nats expected)."),
        ({"influenced_by": "P", "at_least": "1.0"}, "", False, "0.7 nats (at least 1 nats expected)"),
        ({"influenced_by": "P", "at_least": "20%"}, "", True, "“P” influenced the answer by 25% (at least 20% expected)."),
        ({"influenced_by": "P", "at_least": "25.5%"}, "", False, None),
        ({"influenced_by": "P", "at_most": 0.5}, "", False, "0.7 nats (at most 0.5 nats expected)"),
        ({"influenced_by": "P", "at_least": "10%", "at_most": 0.7}, "", True, "25% (at least 10% expected) and 0.7 nats (at most 0.7"),
        ({"influenced_by": "nan", "at_least": 0}, "", False, None),
        ({"influenced_by": "nan", "at_most": 0}, "", False, None),
    ],
)  # fmt: skip
def test_results(patterns, entry, answer, passed, message):
    check = parse(entry, PLACE, patterns)
    influences = Fake({"P": 0.7, "nan": math.nan}, {"P": 0.25})
    result = check.result(answer, "Lima", influences, patterns)
    assert result.passed is passed
    assert message is None or message in result.message
    assert result.message.endswith(".")


@pytest.mark.parametrize("entry", [{"contains": "target"}, {"equals": "target"}])
def test_without_a_target_nothing_equals_it(patterns, entry):
    result = parse(entry, PLACE, patterns).result("None", None, Fake(), patterns)
    assert (result.passed, result.message) == (False, "The prompt has no target.")


@pytest.mark.parametrize(
    ("entry", "where", "message", "hint"),
    [
        ({}, "", "It has no check.", "Known: contains, not_contains, equals,"),
        ("contains", "", "This should be a mapping", "Indent"),
        ({"contain": "a"}, ".contain", "contain isn't known here.", "Did you mean contains?"),
        ({"regex": "a"}, ".regex", "regex isn't known here.", "Known here: contains,"),
        ({"contains": "a", "equals": "b"}, "", "contains and equals are in one entry.", "a hyphen of its own"),
        ({"contains": "a", "at_least": 1}, ".at_least", "at_least isn't known here.", "Known here: contains, ignore_case."),
        ({"contains": "a", "ignorecase": True}, ".ignorecase", "isn't known here.", "Did you mean ignore_case?"),
        ({"contains": "a", "ignore_case": "maybe"}, ".ignore_case", "This should be true or false.", ""),
        ({"contains": ""}, ".contains", "The text is empty.", ""),
        ({"contains": None}, ".contains", "This should be a text; it is empty.", "quotes"),
        ({"contains": True}, ".contains", "This should be a text; it is true or false.", "quotes"),
        ({"contains": ["a"]}, ".contains", "This should be a text; it is a list.", ""),
        ({"equals": {"a": 1}}, ".equals", "This should be a text; it is a mapping.", ""),
        ({"matches": "a("}, ".matches", "The expression can't be used. It can't be matched: missing )", "Correct it."),
        ({"matches": "a" * 501}, ".matches", "longer than 500 characters", ""),
        ({"max_length": "long"}, ".max_length", "This should be a number of characters", ""),
        ({"max_length": 0}, ".max_length", "This should be a number of characters", ""),
        ({"max_length": True}, ".max_length", "This should be a number of characters", ""),
        ({"influenced_by": "a"}, ".influenced_by", "It isn't said how much.", "at_least: 0.5"),
        ({"influenced_by": "a", "at_least": "much"}, ".at_least", "This should be a number of nats", ""),
        ({"influenced_by": "a", "at_least": "120%"}, ".at_least", "This should be a number of nats", ""),
        ({"influenced_by": "a", "at_least": "nan"}, ".at_least", "This should be a number of nats", ""),
        ({"influenced_by": "a", "at_most": True}, ".at_most", "This should be a number of nats", ""),
        ({"json_schema": "object"}, ".json_schema", "This should be a mapping", ""),
        ({"json_schema": {"type": "objekt"}}, ".json_schema", "type: 'objekt' is not valid", "Correct it."),
        ({"json_schema": {"$schema": "http://example.org/own"}}, ".json_schema", "its $schema isn't a version of JSON Schema", ""),
        ({"json_schema": {"pattern": "("}}, ".json_schema", "pattern: '(' is not a 'regex'", ""),
        ({"json_schema": {"items": {"$ref": "http://127.0.0.1/a"}}}, ".json_schema.items.$ref", "LIT Lab fetches nothing.", "$defs"),
        ({"json_schema": {"allOf": [{"$ref": "other.json"}]}}, ".json_schema.allOf[1].$ref", "It refers to other.json", ""),
        ({"json_schema": {"$dynamicRef": "file:///etc/passwd"}}, ".json_schema.$dynamicRef", "LIT Lab fetches nothing.", ""),
        ({"json_schema": {"$ref": "#"}}, ".json_schema", "it refers to itself without end", ""),
        ({"json_schema": {"$ref": "#/$defs/none"}}, ".json_schema", "which isn't in it", ""),
        ({"json_schema": {"const": "a" * 100_000}}, ".json_schema", "longer than 100,000 characters", ""),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(patterns, entry, where, message, hint):
    with pytest.raises(Problem) as raised:
        parse(entry, PLACE, patterns)
    assert raised.value.message.startswith(f"checks.yaml, prompts[1].expect[1]{where}: ")
    assert message in raised.value.message
    assert hint in raised.value.hint


def test_a_schema_that_is_nested_too_deeply(patterns):
    schema: dict[str, object] = {}
    for _ in range(60):
        schema = {"not": schema}
    with pytest.raises(Problem, match="nested more than 50 levels deep"):
        parse({"json_schema": schema}, PLACE, patterns)


def test_references_within_a_schema(patterns):
    schema = {
        "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["v"]}},
        "$ref": "#/$defs/node",
    }
    check = parse({"json_schema": schema}, PLACE, patterns)
    assert check.result('{"v": 1, "next": {"v": 2}}', None, Fake(), patterns).passed
    assert "next: 'v' is a required property" in check.result('{"v": 1, "next": {}}', None, Fake(), patterns).message


@pytest.mark.parametrize(
    "entry",
    [
        {"matches": "(a+)+$"},
        {"not_matches": "(a|a)+$"},
        {"json_schema": {"pattern": "(a+)+$"}},
        {"json_schema": {"patternProperties": {"(a+)+$": {}}, "additionalProperties": False}},
        {"json_schema": {"propertyNames": {"pattern": "(a+)+$"}}},
    ],
)
def test_an_expression_that_never_ends_fails(patterns, entry):
    check = parse(entry, PLACE, patterns)
    text = "a" * 60 + "!"
    answer = (
        json.dumps({text: 1} if "roperties" in str(entry) or "Names" in str(entry) else text)
        if "json_schema" in entry
        else text
    )
    result = check.result(answer, None, Fake(), patterns)
    assert not result.passed
    assert "takes too long" in result.message


def test_an_answer_may_have_any_characters(patterns):
    answer = "\x00\ud83d\u2028🥚"
    for entry in ({"contains": "🥚"}, {"matches": "🥚$"}, {"max_length": 4}):
        assert parse(entry, PLACE, patterns).result(answer, None, Fake(), patterns).passed


def test_checks_never_change(patterns):
    for entry in ({"contains": "a"}, {"json_schema": {}}, {"influenced_by": "a", "at_least": 1}):
        check = parse(entry, PLACE, patterns)
        assert hash(check) is not None
        with pytest.raises(FrozenInstanceError):
            check.ignore_case = True
    assert len({kind.key for kind in KINDS}) == len(KINDS) == 8
