"""Lines that were wrapped by hand, in the middle of a sentence.

Nothing in a text says why a line ends. A line is taken for wrapped where the next one shows it: it goes on with a small letter, or
it begins with a word that would not have fitted. Lists, labels, headings, tables, code and verse keep their lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from . import utf16
from .abbreviations import is_abbreviation, is_initial
from .boundaries import UNSPACED
from .code import is_code
from .ecmascript import BLANKS, compile

LineJoining = Literal["auto", "on", "off"]
"""Whether sentences run across lines that were wrapped by hand: where the text shows that they were, wherever that is possible, or never."""

MIN_COLUMNS = 30
"""Fewest columns of a line that was wrapped: shorter ones are verse, or a list's."""

MIN_OPEN_COLUMNS = 20
"""The same for a line after whose last word something must follow."""

MIN_WIDTH = 40
"""Fewest columns of the widest line, where it is the width that shows the wrapping."""

MIN_VERSE_LINES = 4
MIN_PROSE_WIDTH = 45
"""Where so many lines stand below each other, the widest has so many columns; else they are verse."""

MAX_EDGE = 200
"""How much of a line's beginning and end tells what it is, in UTF-16 units."""

_WIDE = 2
"""Columns of a wide letter, and how many such a line may lack for its punctuation's sake."""

_LINE_END = compile(r"(?:\r\n|\n|\r)$")
"""Breaks that end a line; others of Unicode's say more than that."""

_FENCE = compile(r"\s*(?:```|~~~)")

_MARK = compile(
    r"""(?:[-*+•‣·◦▪–—►✓✔✗☐☑]\s|>|#{1,6}\s|\||<|\[[^\]]*\]|[-=*_~#]{3,}|\p{Extended_Pictographic}|"[^"]*"\s*:|[[{]\s*["'[{])"""
)
"""What begins an item of a list, a quotation, a heading, a row or a rule."""

_NUMBER = compile(
    r"^(?:\(?\d{1,3}(?:\.\d{1,3})*|\(?[A-Za-z]|\(?[ivxlc]{1,5})[.)](?=\s|$)|^\((?:\d{1,3}|[A-Za-z]|[ivxlc]{1,5})\)|^\d{1,2}[、．]"
)
"""The number or letter of an item."""

_LABEL = compile(r"([^.!?。！？]{1,60}?)(?::(?=[\s*_]|$)|：)")
"""`Taste-likes: …`, `**Answer**: …`, `分析：…`."""

_ARROW = compile(r"\s(?:[-=]{1,2}>|→|⇒|\/\/|\|)\s|\t")
"""Between a question and its answer, or in a table: each line stands for itself."""

_STOP = compile(r"""[.!?…‽؟۔।॥։።。！？｡．]["'”’»›)\]}」』）】》〉*_~]*$""")

_CLOSED = compile(r"""(?:[:：;；\\|}]|\},|<[bB][rR]\s*\/?>)["'”’»)*_\]`]*$""")
"""After these nothing continues."""

_CALL = compile(r"[\w.]+\(.*\)$")
"""A statement that is a call."""

_COMMA = compile(r"[,，、،]$")

_OPENERS = compile(r"""["'“‘«‹([{¿¡*_`「『（【《〈]*""")
"""What may precede a sentence's first letter."""

_HEADING = compile(r"(?:#{1,6}\s|\||[-=*_~#]{3,}$)")
_TAG = compile(r"<[^<>]*>$")
_PARAMETER = compile(r"[\w*]+\s*\([^()]*\)$")
_LAST_LETTERS = compile(r"[\p{L}]+$")
_LAST_WORD = compile(r"""(?:^|[\s(“"'])([\p{L}.]*\p{L})\.$""")
_BLANK = compile(r"\s+")
_FIRST_WORD = compile(r"\S*")
_SMALL = compile(r"\p{Ll}")
_CAPITAL = compile(r"[\p{Lu}\p{Lt}]")
_CASELESS = compile(r"[\p{Lo}\p{Lm}]")
_MARKS = compile(r"\p{M}")
_WIDE_LETTER = compile(r"[\u1100-\u115f\u2e80-\u303e\u3041-\uffdc\u{20000}-\u{3fffd}]")

_OPEN_WORDS = frozenset(
    (
        "a an the of to in on at by for from with without into about between as and or but nor than that which who whose whom where when while if "
        "because is are was were be been has have had will would can could should may might must not your their our his her its my this these those each every any some no "
        "der die das den dem des ein eine einen einem einer und oder aber von zu mit für im am bei nach dass "
        "le la les un une des du de et ou à en pour par sur avec dans que qui "
        "el los las una y o del al con por para il lo gli e di da che o os em com"
    ).split(" ")
)
"""Words after which something follows."""


@dataclass(frozen=True)
class _Line:
    """A line of prose, as far as wrapping goes."""

    text: str
    """Without blanks at its ends."""
    indent: str
    columns: int
    is_item: bool
    """Whether it begins with an item's sign or a label."""
    is_open: bool
    """Whether something must follow its last word."""
    is_stopped: bool
    """Whether a full stop ends it."""
    is_closed: bool
    """Whether what ends it, such as a colon, lets nothing continue."""
    begins: Literal["small", "capital", "caseless", "other"]
    """What its first letter is."""


@dataclass(frozen=True)
class _Placed:
    """A line, and its index in the text."""

    line: _Line
    index: int


def continued_lines(lines: Sequence[str], joining: LineJoining) -> list[bool]:
    """Return which lines of a text, with their line breaks, the next line continues."""
    continued = [False] * len(lines)
    if joining == "off":
        return continued
    blocks = _blocks_of(lines)
    prose = [placed for block in blocks for placed in block]
    is_verse = len(prose) >= MIN_VERSE_LINES and all(placed.line.columns < MIN_PROSE_WIDTH for placed in prose)
    if not is_verse:
        for block in blocks:
            for placed, join in zip(block, _joins_of([placed.line for placed in block], joining), strict=True):
                continued[placed.index] = join
    return continued


def _blocks_of(lines: Sequence[str]) -> list[list[_Placed]]:
    """Return neighbouring lines of prose, none of which begins anything new; at least two."""
    blocks: list[list[_Placed]] = [[]]
    is_fenced = False
    for index, whole in enumerate(lines):
        is_fence = _FENCE.match(whole) is not None
        line = None if is_fence or is_fenced else _prose_of(whole)
        is_fenced = is_fenced != is_fence
        if line is None or not _follows(line, blocks[-1]):
            blocks.append([])
        if line is not None:
            blocks[-1].append(_Placed(line, index))
            if line.is_closed or _LINE_END.search(whole[-2:]) is None:
                blocks.append([])
    return [block for block in blocks if len(block) > 1]


def _follows(line: _Line, block: list[_Placed]) -> bool:
    """Whether a line may continue a block."""
    if not block or line.is_item:
        return False
    last = block[-1]
    # A literal's first line is often less indented than the others, and an answer's begins with the blank behind the prompt; an
    # item's has its sign.
    return (
        last.index == 0
        or line.indent == last.line.indent
        or (last.line.is_item and line.indent.startswith(last.line.indent))
    )


def _prose_of(whole: str) -> _Line | None:
    """Return a line of prose; None: it is none."""
    ended = whole[: len(whole) - len(end[0])] if (end := _LINE_END.search(whole[-2:])) else whole
    text = ended.strip(BLANKS)
    if text == "" or is_code(text) or _CALL.match(text) or _ARROW.search(text):
        return None
    head = utf16.first(text, MAX_EDGE)
    if _HEADING.match(head) or _TAG.match(text):
        return None
    tail = utf16.last(text, MAX_EDGE)
    is_broken = ended.endswith("  ")  # a line break of markdown's
    last = _LAST_LETTERS.search(tail)
    return _Line(
        text=text,
        indent=ended[: len(ended) - len(ended.lstrip(BLANKS))],
        columns=_columns_of(text),
        is_item=_MARK.match(head) is not None or _NUMBER.search(head) is not None or _is_labelled(head),
        is_open=last is not None and last[0].lower() in _OPEN_WORDS,
        is_stopped=_is_stopped(tail),
        is_closed=is_broken or _CLOSED.search(tail) is not None,
        begins=_beginning_of(head),
    )


def _is_labelled(head: str) -> bool:
    """Whether a line begins with a label: a few words before a colon.

    In mid-sentence small letters precede one as well: then it is a word or two.
    """
    found = _LABEL.match(head)
    if found is None:
        return False
    label = found[1]
    if _PARAMETER.match(label):
        return True  # a parameter and its type
    if UNSPACED.search(label):
        return utf16.units(label) <= 10
    return len(_BLANK.split(label)) <= (2 if _beginning_of(label) == "small" else 5)


def _is_stopped(tail: str) -> bool:
    """Whether a full stop ends a line, and no abbreviation after which something follows."""
    if _STOP.search(tail) is None:
        return False
    word = _LAST_WORD.search(tail)
    return not (word and (is_abbreviation(word[1], "inner") or is_initial(word[1])))


def _beginning_of(head: str) -> Literal["small", "capital", "caseless", "other"]:
    opened = _OPENERS.match(head)
    at = opened.end() if opened else 0
    if _SMALL.match(head, at):
        return "small"
    if _CAPITAL.match(head, at):
        return "capital"
    return "caseless" if _CASELESS.match(head, at) else "other"


def _columns_of(text: str) -> int:
    """Return how wide a line is, in columns of a font of fixed width."""
    if text.isascii():
        return len(text)
    return sum(_WIDE if _WIDE_LETTER.match(letter) else 0 if _MARKS.match(letter) else 1 for letter in text)


def _joins_of(block: Sequence[_Line], joining: LineJoining) -> list[bool]:
    """Return which lines of a block the next line continues."""
    before, after = block[:-1], block[1:]
    none = [False] * len(block)
    # Verse, or a list without signs: prose seldom wraps before capitals alone.
    if len(block) > 2 and all(line.begins == "capital" for line in after):
        return none
    width = max(line.columns for line in block)
    # Where sentences begin with small letters, those show nothing.
    is_small = block[0].begins == "small" and not block[0].is_item
    shown = [_is_shown(line, following, is_small) for line, following in zip(before, after, strict=True)]
    filled = [_is_filled(line, following, width) for line, following in zip(before, after, strict=True)]
    unstopped = sum(not line.is_stopped for line in before)
    is_wrapped = unstopped * 2 >= len(before) and (any(shown) or sum(filled) > 1)
    if joining == "auto" and not is_wrapped:
        return none
    joins = [
        not line.is_stopped and (shown[i] or filled[i] or (joining == "on" and line.columns >= MIN_COLUMNS))
        for i, line in enumerate(before)
    ]
    return [*joins, False]


def _is_shown(line: _Line, following: _Line, is_small: bool) -> bool:
    """Whether the words where a line ends and the next begins show that it was wrapped."""
    if line.is_stopped:
        return False
    return (line.is_open and line.columns >= MIN_OPEN_COLUMNS) or (
        line.columns >= MIN_COLUMNS
        and (
            (following.begins == "small" and not is_small)
            or (following.begins == "caseless" and _COMMA.search(line.text) is not None)
            or (line.is_item and len(following.indent) > len(line.indent))
        )
    )


def _is_filled(line: _Line, following: _Line, width: int) -> bool:
    """Whether the next line's first word would not have fitted into a line."""
    first = _FIRST_WORD.match(utf16.first(following.text, MAX_EDGE))
    word = _WIDE + _WIDE if UNSPACED.match(following.text) else 1 + _columns_of(first[0] if first else "")
    return width >= MIN_WIDTH and line.columns + word > width
