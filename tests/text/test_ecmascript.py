"""Expressions of JavaScript, as Python matches them. `test_twins.py` compares random ones with Node.js."""

from __future__ import annotations

import re

import pytest

from lit_lab.patterns import BoundedPatterns
from lit_lab.segmentation import PatternError
from lit_lab.segmentation.ecmascript import translate
from lit_lab.segmentation.pattern import pattern_starts


@pytest.fixture(scope="module")
def patterns():
    with BoundedPatterns() as made:
        yield made


@pytest.mark.parametrize(
    ("text", "pattern", "starts"),
    [
        # The cases of src/salience/pattern.spec.ts.
        ("a, b; c", r"[,;]\s", [0, 3, 6]),
        ("a, b, ", ", ", [0, 3]),
        ("nothing", "x", [0]),
        ("", r"\n", [0]),
        ("One Two Three", "(?=[A-Z])", [0, 4, 8]),
        ("ab", "", [0, 1]),
        ("ab", "^", [0]),
        ("a\nb", "^", [0, 2]),
        ("😀😀a", ".", [0, 1, 2]),
        ("😀😀a", r"\-|.", [0, 1, 2]),
        ("😀 b", r"(?!\S)", [0, 1]),
        ("a-b", r"\-", [0, 2]),
        # What the languages have in common in their syntax only.
        ("a\rb\u2028c\nd", "$", [0, 1, 3, 5]),
        ("a\x85b\ufeffc", r"\s", [0, 4]),
        ("a٣b3c", r"\d", [0, 4]),
        ("aéb", r"\W", [0, 2]),
        ("a\rb", "a.|b", [0]),
        ("aa{,2}b", "a{,2}", [0, 6]),
        ("a]b", "]", [0, 2]),
        ("abc", "|ab", [0, 1, 2]),
        ("abc", "[]", [0]),
        ("a\nb", "[^]", [0, 1, 2]),
        ("a&&b", "[a&&b]", [0, 1, 2, 3]),
        ("a[b", "[[]", [0, 2]),
        ("a\u0301b", r"\p{M}", [0, 2]),
        ("漢a", r"\p{Script=Han}|\p{sc=Thai}", [0, 1]),
        ("😀é", r"\u{1F600}|\xe9", [0, 1]),
        ("😀é", r"\ud83d\ude00", [0, 1]),
        ("abab", "(?<first>a)(?=b)", [0, 1, 3]),
        ("a b", "(?<=a) ", [0, 2]),
        ("a\vb\x08c", r"\v|[\b]", [0, 2, 4]),
    ],
)
def test_where_segments_begin(patterns, text, pattern, starts):
    assert pattern_starts(text, pattern, patterns) == starts


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("(", "a group isn't closed"),
        (")", "a closing parenthesis has no opening one"),
        ("[a", "a bracket isn't closed"),
        ("*a", "there is nothing to repeat"),
        ("a++", "there is nothing to repeat"),
        ("[b-a]", "a range of characters is out of order"),
        ("a\\", r"\\ is at the end"),
        # What JavaScript has, but means in another way than Python.
        (r"(a)\1", r"LIT Lab can't match \\1 here"),
        (r"(?:|a)+", "LIT Lab can't match a repeated group here that may be empty"),
        (r"(?=a)*\-", "LIT Lab can't match a repeated look-around here"),
        (r"\p{Emoji}", r"LIT Lab doesn't know \\p{Emoji} here"),
        # What only Python has.
        ("(?i)a", r"LIT Lab can't match \(\?i\) here"),
        ("(?P<n>a)", r"LIT Lab can't match \(\?P< here"),
        (r"a\Z", r"LIT Lab can't match \\Z here"),
    ],
)
def test_refused(pattern, message):
    with pytest.raises(PatternError, match=message):
        translate(pattern)


def test_python_says_what_it_cannot_match(patterns):
    with pytest.raises(PatternError, match="look-behind requires fixed-width pattern"):
        pattern_starts("a", "(?<=a+)b", patterns)


def test_every_translation_is_an_expression_of_python():
    for pattern in ("a{2,3}?", "[^\\s.]", "x{", "(?<a>b)|c$", "\\u{41}{2}"):
        re.compile(translate(pattern).pattern)
