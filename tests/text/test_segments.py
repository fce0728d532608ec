"""Invariants of the text contract that its own fixtures must satisfy.

The front end computes segments and shares, and its specs run these cases. These tests check the cases themselves: a
fixture that breaks the contract would make the front end break it.
"""

import json
from itertools import pairwise
from pathlib import Path

import pytest

FIXTURES = Path(__file__).parents[1] / "fixtures" / "text"


def load(name):
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))["cases"]


def names(cases):
    return [case["name"] for case in cases]


SEGMENTS = load("segments.json")
SHARES = load("shares.json")


@pytest.mark.parametrize("case", SEGMENTS, ids=names(SEGMENTS))
def test_segments_cover_the_text_in_order(case):
    tokens, seam, segments = case["tokens"], case["seam"], case["segments"]
    assert 0 <= seam <= len(tokens)
    assert all(start < end for start, end in segments)
    assert all(first[1] <= second[0] for first, second in pairwise(segments))
    assert not any(start < seam < end for start, end in segments), "a segment crosses the seam"

    inside = {i for start, end in segments for i in range(start, end)}
    template = {i for i, token in enumerate(tokens) if token["kind"] == "template"}
    assert not inside & template
    if segments:
        assert inside | template == set(range(len(tokens)))


@pytest.mark.parametrize("case", SEGMENTS, ids=names(SEGMENTS))
def test_every_segment_has_something_to_see(case):
    for start, end in case["segments"]:
        assert "".join(token["text"] for token in case["tokens"][start:end]).strip()
    if not case["segments"]:
        assert not "".join(token["text"] for token in case["tokens"]).strip()


@pytest.mark.parametrize("case", SEGMENTS, ids=names(SEGMENTS))
def test_template_tokens_have_no_text(case):
    for token in case["tokens"]:
        assert token["kind"] in ("text", "control", "template")
        assert token["kind"] != "template" or token["text"] == ""


@pytest.mark.parametrize("case", SEGMENTS, ids=names(SEGMENTS))
def test_a_line_break_ends_a_sentence_and_a_line(case):
    if case["granularity"] not in ("sentences", "lines") or case.get("joinLines", "off") != "off":
        return
    for start, end in case["segments"]:
        for token in case["tokens"][start:end]:
            # A token with the end of a line and the start of the next belongs to the first.
            if token["text"].strip():
                assert "\n" not in token["text"].strip()
        text = "".join(token["text"] for token in case["tokens"][start:end]).strip()
        assert len(text.splitlines()) == 1


@pytest.mark.parametrize("case", SHARES, ids=names(SHARES))
def test_shares_sum_to_one(case):
    expected, (start, end) = case["expected"], case["target"]
    before = [row for row in expected if row["span"][1] <= start]
    rest = [row for row in expected if row["span"][1] > start]
    assert all(row["share"] is not None for row in before)
    assert all(row["share"] is None and row["rank"] is None and row["weight"] == 0 for row in rest)
    assert any(row["span"][0] >= start and row["span"][1] <= end for row in rest)
    if any(row["score"] for row in before):
        assert sum(row["share"] for row in before) == pytest.approx(1)


@pytest.mark.parametrize("case", SHARES, ids=names(SHARES))
def test_ranks_go_by_magnitude_then_position(case):
    before = [row for row in case["expected"] if row["rank"] is not None]
    ranked = sorted(before, key=lambda row: (-abs(row["score"]), row["span"][0]))
    assert [row["rank"] for row in ranked] == list(range(1, len(before) + 1))


@pytest.mark.parametrize("case", SHARES, ids=names(SHARES))
def test_template_share_is_separate(case):
    start = case["target"][0]
    template = [s for s, kind in zip(case["scores"], case["kinds"], strict=True) if kind == "template"]
    assert template, "every case has a <bos>"
    before = [s for s, kind in zip(case["scores"][:start], case["kinds"][:start], strict=True) if kind == "template"]
    values = {
        "sum": sum(before),
        "mean": sum(before) / len(before),
        "max": max(before, key=abs),
        "squares": sum(score * score for score in before),
    }
    apart = abs(values[case["aggregation"]])
    text = sum(abs(row["score"]) for row in case["expected"] if row["rank"] is not None)
    assert case["template"] == pytest.approx(apart / (apart + text) if apart + text else 0)
