"""A server and a service elsewhere, of different versions."""

import json

import pytest
from pydantic import ValidationError

from lit_lab.problem import Problem
from lit_lab.protocol import ProtocolRange, parse_range
from lit_lab.supervision.negotiation import understood
from lit_lab.version import version


def between(oldest, newest):
    return ProtocolRange(oldest=oldest, newest=newest)


def said(protocol=None, **others):
    fields = {"state": "ready", "version": "9.9.9", "models": [{"name": "one", "path": "p", "state": "ready"}]}
    if protocol is not None:
        fields["protocol"] = {"oldest": protocol[0], "newest": protocol[1]}
    return json.dumps({**fields, **others}).encode()


@pytest.mark.parametrize(
    ("own", "other", "common"),
    [((1, 1), (1, 1), 1), ((1, 3), (2, 5), 3), ((2, 5), (1, 3), 3), ((1, 9), (4, 4), 4), ((1, 2), (3, 4), None),
     ((3, 4), (1, 2), None)],
)  # fmt: skip
def test_the_newest_common_version_is_spoken(own, other, common):
    assert between(*own).common(between(*other)) == common


@pytest.mark.parametrize("text", ["", "1", "2-1", "0-1", "1-x", "1-2-3", "-1", "1 - 2", "9" * 9 + "-" + "9" * 9])
def test_what_is_no_range(text):
    assert parse_range(text) is None


def test_a_range_as_a_header():
    assert parse_range(str(between(2, 13))) == between(2, 13)


def test_a_service_of_another_version_is_understood_where_the_ranges_meet():
    health = understood(said((1, 7), new="field", protocol_note={"a": [1]}), between(1, 2))
    assert (health.version, health.models[0].name) == ("9.9.9", "one")
    more = [{"name": "one", "path": "p", "state": "ready", "colour": "red"}]
    assert understood(said((2, 2), models=more), between(1, 2)).models[0].path == "p"


@pytest.mark.parametrize(
    ("theirs", "who"),
    [((3, 4), "this server's environment"), ((1, 1), "person who runs it"), (None, "person who runs it")],
)
def test_where_they_dont_meet_it_says_who_has_to_upgrade(theirs, who):
    with pytest.raises(Problem) as raised:
        understood(said(theirs), between(2, 2))
    assert raised.value.code == "service_version"
    assert "9.9.9" in raised.value.message
    assert version() in raised.value.message
    assert who in raised.value.hint


def test_before_there_were_ranges_versions_were_equal():
    assert understood(said(version=version())).version == version()


@pytest.mark.parametrize("content", [b"<html>", b"{}", b"[]", said((1, 1), models=3)])
def test_what_is_no_report(content):
    with pytest.raises(ValidationError):
        understood(content)
