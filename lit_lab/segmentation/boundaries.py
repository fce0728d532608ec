"""Where words, lines and paragraphs begin in a text. All functions return ascending offsets in characters."""

from __future__ import annotations

from .ecmascript import compile

_LINE_BREAK = compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
"""A line break of any system, and Unicode's own."""

UNSPACED = compile(
    r"[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]"
)
"""Scripts that write no blanks between words."""

_BLANK_LINE = compile(r"^\s*$")
_WORD = compile(r"\S+")


class UnknownWordsError(ValueError):
    """The text has words in a script without blanks between words. The panel finds them in the browser's dictionary, and Python has none."""

    def __init__(self) -> None:
        super().__init__(
            "The text is partly in a script without blanks between words, such as Chinese or Thai. Only a browser's dictionary finds "
            "words in it. Use sentences, or another granularity."
        )


def line_starts(text: str) -> list[int]:
    """Return where lines begin."""
    return [0, *(found.end() for found in _LINE_BREAK.finditer(text))]


def paragraph_starts(text: str) -> list[int]:
    """Return where paragraphs begin: after one or more blank lines."""
    lines = line_starts(text)
    starts, blank = [0], False
    for start, end in zip(lines, [*lines[1:], len(text)], strict=True):
        empty = _BLANK_LINE.search(text[start:end]) is not None
        if blank and not empty:
            starts.append(start)
        blank = empty
    return starts


def word_starts(text: str) -> list[int]:
    """Return where words begin. A word is the text between blanks, with its punctuation.

    Raises:
        UnknownWordsError: Part of the text is in a script without blanks.
    """
    if UNSPACED.search(text):
        raise UnknownWordsError
    return [found.start() for found in _WORD.finditer(text)]
