"""Segments and shares: the fixtures, which the front end's specs run, too, and the invariants that they must satisfy.

A fixture that breaks the contract would make both sides break it.
"""

import json
import runpy
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from lit_lab.segmentation import PatternError, Token, UnknownWordsError, segments, shares, shares_of_segments
from lit_lab.segmentation.shares import aggregate, colour_weight, cut_at_target, ranks

GENERATOR = runpy.run_path(str(Path(__file__).with_name("generate_segments.py")))
FIXTURES = Path(__file__).parents[1] / "fixtures" / "text"


def load(name):
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))["cases"]


def names(cases):
    return [case["name"] for case in cases]


SEGMENTS = load("segments.json")
SHARES = load("shares.json")


def tokens_of(*texts):
    return [Token(text) for text in texts]


@pytest.mark.parametrize("case", SEGMENTS, ids=names(SEGMENTS))
def test_segments(case):
    def cut():
        tokens = [Token(**token) for token in case["tokens"]]
        options = {"custom": case.get("pattern"), "join_lines": case.get("joinLines", "off")}
        return segments(tokens, case["seam"], case["granularity"], **options)

    if "scripts without blanks" in case["name"]:
        with pytest.raises(UnknownWordsError, match="Only a browser's dictionary finds words in it"):
            cut()
    else:
        assert cut() == [tuple(span) for span in case["segments"]]


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
def test_shares(case):
    tokens = [Token("", kind) for kind in case["kinds"]]
    assert any(token.kind == "template" for token in tokens), "every case has a <bos>"
    made = shares(tokens, case["scores"], case["segments"], case["target"], case["aggregation"])
    rows = [(list(row.span), row.rank) for row in made.segments]
    assert rows == [(row["span"], row["rank"]) for row in case["expected"]]
    for row, expected in zip(made.segments, case["expected"], strict=True):
        assert row.score == pytest.approx(expected["score"], abs=1e-10)
        assert row.share == (None if expected["share"] is None else pytest.approx(expected["share"], abs=1e-10))
        assert colour_weight(row, made.max_share, case["exponent"]) == pytest.approx(expected["weight"], abs=1e-10)
    assert made.template_share == pytest.approx(case["template"], abs=1e-10)


def test_shares_of_parts():
    assert [aggregate([1, 2], (1, 1), how) for how in ("mean", "max")] == [0, 0]
    assert ranks([1, -3, 3, 0]) == [3, 1, 2, 4]
    assert cut_at_target([(1, 3), (3, 5)], (3, 5)) == [(1, 3), (3, 5)]
    assert cut_at_target([(1, 9)], (3, 5)) == [(1, 3), (3, 5), (5, 9)]
    made = shares_of_segments([(1, 3), (3, 4), (4, 6), (6, 7)], [1, -3, None, None], (4, 6))
    assert [(row.score, row.share, row.rank) for row in made.segments] == [
        (1, 0.25, 2),
        (-3, 0.75, 1),
        (0, None, None),
        (0, None, None),
    ]
    assert (made.max_share, made.template_share) == (0.75, 0)
    made = shares_of_segments([(1, 3), (3, 4), (4, 6)], [1, -3, None], (4, 6), within=(0, 2))
    assert [row.share for row in made.segments] == [1, None, None]


def test_generated_cases_are_what_python_makes():
    """`src/salience/generated.spec.ts` compares them with the front end."""
    text = (FIXTURES / "generated.json").read_text("ascii")
    assert text == GENERATOR["dump"](), "run tests/text/generate_segments.py"
    assert len(text) < 300_000


def test_the_users_expression():
    tokens = tokens_of("One", ",", " two", ";", " three")
    assert segments(tokens, 5, "custom", custom=r"[,;]\s") == [(0, 2), (2, 4), (4, 5)]
    with pytest.raises(PatternError, match=r"The expression '\(' can't be used here: a group isn't closed\."):
        segments(tokens, 5, "custom", custom="(")
    with pytest.raises(PatternError, match="longer than 500 characters"):
        segments(tokens, 5, "custom", custom="a" * 501)
    with pytest.raises(ValueError, match="needs a regular expression"):
        segments(tokens, 5, "custom")


def test_an_expression_that_never_ends():
    with pytest.raises(PatternError, match=r"It takes too long on this text.* Write a simpler one"):
        segments(tokens_of("a" * 40 + "b"), 1, "custom", custom="(a|a)+$")


def test_only_what_segments_is_imported_for_it():
    """Neither the server's libraries nor NumPy, and nothing at all before it is needed."""
    code = (
        "import sys, lit_lab.segmentation; print([name for name in sys.modules if name.split('.')[0] in sys.argv[1:]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "numpy", "pydantic", "tornado", "regex"], capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stderr
