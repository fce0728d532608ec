"""Where segments begin by the user's regular expression."""

from __future__ import annotations

import re

from lit_lab.patterns import MAX_PATTERN, BoundedPatterns, UnmatchedError

from . import utf16
from .ecmascript import PatternError, translate


def pattern_starts(text: str, pattern: str, patterns: BoundedPatterns) -> list[int]:
    r"""Return where segments begin: after each match.

    `\n\n` therefore splits at blank lines, and `(?=Suggestion:)`, which matches an empty string, before a word.

    Args:
        text: The text.
        pattern: An expression of JavaScript.
        patterns: What matches it.

    Raises:
        PatternError: The expression isn't one, Python can't match it as JavaScript does, or it takes too long.
    """
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"The expression is longer than {MAX_PATTERN} characters.")
    try:
        translation = translate(pattern)
    except PatternError as error:
        raise PatternError(f"The expression {pattern!r} can't be used here: {error}.") from error
    subject = utf16.split(text) if translation.is_split else text
    try:
        ends = patterns.ends(translation.pattern, subject, re.ASCII)
    except UnmatchedError as error:
        raise PatternError(f"The expression {pattern!r} can't be used here. {error}.") from error
    starts = [0]
    for end in ends:
        if starts[-1] < end < len(subject):
            starts.append(end)
    return _characters(starts, subject) if subject is not text else starts


def _characters(offsets: list[int], split: str) -> list[int]:
    """Return offsets in a text of halves as offsets in characters, without those within one."""
    result = []
    at = count = 0
    for offset in offsets:
        while at < offset:
            at += 2 if "\ud800" <= split[at] < "\udc00" <= split[at + 1 : at + 2] <= "\udfff" else 1
            count += 1
        if at == offset:
            result.append(count)
    return result
