"""Recognizes what precedes the rows of a CSV file: comments, titles, the separator and the columns' names."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence

from .columns import any_known, shorten

_Guess = Callable[[list[str]], str]
_COMMENTS = ("#", "//")
_SENTENCE = 4  # words
_LINE = 3  # minimum words of a sentence in a file with one column
_STOP = (".", "?", "!", "…", ":", "\u3002", "\uff1f", "\uff01")  # the last three are East Asian
_LONG = 100  # characters of a name
_SHOWN = 80  # characters of a line in a remark


def preamble(sample: list[str], delimiter_of: _Guess) -> int:
    """Return the number of lines before the columns' names: comments and titles.

    Args:
        sample: The file's first lines.
        delimiter_of: Guesses the separator of lines.
    """
    comments = 0
    for line in sample:
        if not line.startswith(_COMMENTS) and line.strip():
            break
        comments += 1
    rest = sample[comments:]
    if not rest:
        return 0
    if comments and not _is_header(sample, comments, delimiter_of):
        return comments
    # A title has another number of fields than the line with the columns' names, which follows it.
    delimiter = delimiter_of(sample[1:])
    widths = [len(fields_of(line, delimiter)) for line in sample]
    for index, line in enumerate(sample[:-1]):
        if any_known(fields_of(line, delimiter)):
            return index if index and all(width != widths[index] for width in widths[:index]) else 0
    return 0


def _is_header(sample: list[str], comments: int, delimiter_of: _Guess) -> bool:
    """Return whether a line that looks like a comment contains the columns' names, such as `#id,prompt`."""
    line, following = sample[comments - 1], sample[comments]
    delimiter = delimiter_of(sample[comments:])
    width = len(fields_of(line, delimiter))
    return (
        width > 1 and width == len(fields_of(following, delimiter)) and not any_known(fields_of(following, delimiter))
    )


def names_columns(names: Sequence[str]) -> bool:
    """Return whether a file's first line contains the columns' names rather than a row."""
    if any_known(names):
        return True
    if any(len(name) > _LONG for name in names):
        return False
    words = _LINE if len(names) == 1 else _SENTENCE
    sentences = sum(_is_sentence(name.strip(), words) for name in names)
    return sentences == 0 or 2 * sentences < len(names)


def is_prose(sample: Sequence[str], delimiter: str) -> bool:
    """Return whether each line is one text, so that apparent separators are commas in sentences."""
    if delimiter != "," or len(sample) < 2 or '"' in sample[0] or any_known(fields_of(sample[0], delimiter)):
        return False
    commas = sample[0].rstrip().count(",")
    widths = {len(fields_of(line, delimiter)) for line in sample if line.strip()}
    return 0 < commas == sample[0].rstrip().count(", ") and len(widths) > 1


def about_preamble(lines: Sequence[str]) -> str:
    """Return a remark about the lines before the columns' names; empty if there are none."""
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        return ""
    first = shorten(lines[0], _SHOWN)
    return (
        f"LIT Lab skips “{first}”."
        if len(lines) == 1
        else f"LIT Lab skips the first {len(lines)} lines, from “{first}”."
    )


def fields_of(line: str, delimiter: str) -> list[str]:
    """Return a line's fields, regardless of other lines."""
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return [line]


def _is_sentence(name: str, words: int) -> bool:
    return len(name.split()) >= words or (name.endswith(_STOP) and len(name) > 1) or _has_many_letters(name)


def _has_many_letters(name: str) -> bool:
    """Return whether a text without blanks, as in Chinese, is too long for a name."""
    return len(name) > 8 and sum(ord(letter) > 0x2E80 for letter in name) > len(name) // 2
