"""Where sentences begin."""

from __future__ import annotations

import re

from . import utf16
from .abbreviations import is_abbreviation, is_initial, opens_sentence, takes_number
from .boundaries import line_starts
from .code import is_code
from .ecmascript import BLANKS, compile
from .wrapped import LineJoining, continued_lines

_WIDE_STOPS = "。！？｡．"
"""Full stops that need no blank after them."""

_STOP = compile(r"""([.!?…‽؟۔।॥։።]+|[。！？｡．]+[。！？｡．.!?…]*)(["'”’»›)\]}」』）】》〉*_~]*)""")
"""One or more full stops, then the end of a quotation, bracket or emphasis."""

_ITEM = compile(r"\s*(?:[-*+•–]\s+)?(?:\(?\d{1,3}(?:\.\d{1,3})*|\(?[A-Za-z]|\(?[ivxlc]{1,5})[.)](?=\s)")
"""The number or letter of an item at the start of a line."""

MAX_WORD = 200
"""The most UTF-16 units of an abbreviation."""

_WORD_UNIT = compile(r"[\p{L}\p{N}\p{M}.'’-]")
_WORD_START = compile(r"[\p{L}\p{N}]")
_WORD_END = compile(r"[\p{L}\p{N}\p{M}]")
_FENCE = compile(r"\s*(```|~~~)")
_DIGITS = compile(r"\d+")
_COUNT = compile(r"(?:^|\s)(\d{1,3})$")
_NEXT_COUNT = compile(r"\s*(\d{1,3})\.\s")
_BLANKS = compile(r"\s*")
_HIRAGANA = compile(r"\p{Script=Hiragana}")
_SMALL = compile(r"[\p{Ll}]")
_ELLIPSIS = compile(r"(?:…|\.\.)")
_QUOTED = compile(r"""["”’»]""")
_NUMBERED = compile(r"(?:[\d(§]|[IVXLC]{2,}\b|[VXLC]\b)")
_CODE = compile(r"`[^`]+`")


def sentence_starts(text: str, joining: LineJoining = "off") -> list[int]:
    """Return where sentences begin, in characters.

    Args:
        text: The text.
        joining: Whether sentences run across lines that were wrapped by hand. Every other line break ends a sentence; within a
            fence of markdown (three backticks) nothing else does.
    """
    starts: list[int] = []
    begins = line_starts(text)
    ends = [*begins[1:], len(text)]
    lines = [text[start:end] for start, end in zip(begins, ends, strict=True)]
    fenced, start = False, 0
    for end, is_continued in zip(ends, continued_lines(lines, joining), strict=True):
        if is_continued:
            continue
        line = text[start:end]
        fence = _FENCE.match(line) is not None
        starts.append(start)
        if not fence and not fenced and not is_code(line):
            starts.extend(start + offset for offset in _sentences_of_line(line))
        fenced = fenced != fence
        start = end
    return starts


def _sentences_of_line(line: str) -> list[int]:
    """Return where the second and later sentences of a line begin."""
    starts: list[int] = []
    item = _ITEM.match(line)
    begin = item.end() if item else 0
    # In `1. One 2. Two` the number after the last one begins a sentence.
    first = _DIGITS.search(item[0]) if item else None
    counted = int(first[0]) if first else None
    code = [found.span() for found in _CODE.finditer(line)]
    span = 0  # in code: the first span that doesn't end before the stop
    stop = _STOP.search(line, begin)
    while stop:
        at, end = stop.span()
        after = end
        while span < len(code) and code[span][1] <= at:
            span += 1
        # Of the text before it, only a number's own length is checked.
        number = _COUNT.search(line[max(begin, at - 4) : at])
        if span < len(code) and code[span][0] <= at:
            pass
        elif stop[0] == "." and number and counted is not None and int(number[1]) == counted + 1:
            counted += 1
            if line[begin : at - len(number[1])].strip(BLANKS) != "":
                starts.append(at - len(number[1]))
            begin = end
        elif _ends_sentence(line, stop, begin):
            starts.append(end)
            begin = end
            following = _NEXT_COUNT.match(line, end)
            if following:
                counted = int(following[1])
                begin = after = following.end()
        stop = _STOP.search(line, after)
    return starts


def _ends_sentence(line: str, stop: re.Match[str], begin: int) -> bool:
    """Whether a full stop ends its sentence."""
    marks, closers = stop[1], stop[2]
    blanks = _BLANKS.match(line, stop.end())
    after = blanks.end() if blanks else stop.end()
    if after == len(line):
        return False  # the line's end ends it
    if marks[0] in _WIDE_STOPS:
        # A quotation continues before hiragana: 「はい。」と言った。
        return not (closers != "" and _HIRAGANA.match(line, after))
    if after == stop.end():
        return False  # 3.5, a.b, example.org/?q, Node.js
    goes_on = _SMALL.match(line, after) is not None
    if marks != ".":
        # An ellipsis or a quotation mark before a small letter is in mid-sentence.
        return not (goes_on and (closers != "" or _ELLIPSIS.match(marks)))
    if goes_on and _QUOTED.search(closers):
        return False
    if closers != "":
        return True
    word = _last_word(line, begin, stop.start())
    if takes_number(word):
        return _NUMBERED.match(line, after) is None
    if is_initial(word) or is_abbreviation(word, "ending"):
        return opens_sentence(line, after)
    return not is_abbreviation(word, "inner")


def _last_word(line: str, begin: int, stop: int) -> str:
    """Return the last word before a full stop, with inner full stops, as in `U.S`.

    It is empty if there is none, or if it is too long for an abbreviation.
    """
    before = line[max(begin, stop - MAX_WORD) : stop]
    text = utf16.last(before, MAX_WORD)
    end = start = len(text)
    while start > 0 and _WORD_UNIT.match(text[start - 1]):
        start -= 1
    is_cut = start == 0 and (stop - MAX_WORD > begin or len(text) < len(before))
    while start < end and not _WORD_START.match(text[start]):
        start += 1
    return "" if start == end or is_cut or not _WORD_END.match(text[end - 1]) else text[start:end]
