r"""Regular expressions of JavaScript, as Python's `re` matches them.

The panel's expressions are JavaScript's, the user's among them. The two languages share most of their syntax, and differ in much of what it means:
`\s`, `\d`, `.` and `$` stand for other characters, `{,3}` is a text, and Python has no `\p{…}`. This module reads an expression as JavaScript does,
and writes one for Python that matches the same, or says that it can't. The cases are in tests/text/test_ecmascript.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from . import utf16
from .unicode_sets import Ranges, complement, joined, named

_SYNTAX = "^$\\.*+?()[]{}|/"
_BREAKS = r"\n\r\u2028\u2029"  # JavaScript's line terminators
_DIGITS: Ranges = ((48, 57),)
_WORD: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_BLANKS: Ranges = (
    (9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F),
    (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
_SHORTHANDS = {"d": _DIGITS, "w": _WORD, "s": _BLANKS}
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}

BLANKS = "".join(chr(point) for start, end in _BLANKS for point in range(start, end + 1))
"""The characters that JavaScript trims, and that `\\s` stands for. `str.strip()` trims others."""


class PatternError(ValueError):
    """The expression isn't one, or Python can't match as JavaScript does."""


@dataclass(frozen=True)
class Translation:
    """An expression for Python.

    Attributes:
        pattern: For `re.compile` with the flag `re.ASCII`.
        is_split: Whether it matches UTF-16 units instead of characters, as JavaScript's older expressions do.
    """

    pattern: str
    is_split: bool


@cache
def compile(pattern: str) -> re.Pattern[str]:
    """Return one of this package's own expressions, which are written as in src/salience/."""
    return re.compile(_Reader(pattern, is_unicode=True, is_multiline=False).read(), re.ASCII)


def translate(pattern: str) -> Translation:
    """Translate a user's expression, which the panel compiles with the flags `m` and `u`; if it can't, without `u`.

    Raises:
        PatternError: In words that end a sentence.
    """
    try:
        return Translation(_Reader(pattern, is_unicode=True, is_multiline=True).read(), is_split=False)
    except _OlderError:
        older = _Reader(utf16.split(pattern), is_unicode=False, is_multiline=True)
        return Translation(older.read(), is_split=True)


class _OlderError(PatternError):
    """It isn't an expression with the flag `u`, but may be one without."""


@dataclass
class _Group:
    """An open group, or the whole expression."""

    is_lookaround: bool = False
    may_be_empty: bool = False  # one of the alternatives that ended
    is_empty_so_far: bool = True  # the present alternative


@dataclass
class _Last:
    """What a quantifier would repeat."""

    consumes: bool
    is_group: bool = False
    is_lookaround: bool = False


class _Reader:
    """Reads an expression from left to right, and writes Python's."""

    def __init__(self, pattern: str, *, is_unicode: bool, is_multiline: bool) -> None:
        self._text = pattern
        self._at = 0
        self._is_unicode = is_unicode
        self._is_multiline = is_multiline
        self._out: list[str] = []
        self._groups = [_Group()]
        self._last: _Last | None = None  # None: nothing that could be repeated

    def read(self) -> str:
        while self._at < len(self._text):
            self._term()
        self._settle()
        if len(self._groups) > 1:
            raise PatternError("a group isn't closed")
        return "".join(self._out)

    def _term(self) -> None:
        sign = self._take()
        if sign == "\\":
            self._escape()
        elif sign == "[":
            self._atom(self._class())
        elif sign == "(":
            self._open()
        elif sign == ")":
            self._close()
        elif sign == "|":
            self._settle()
            group = self._groups[-1]
            group.may_be_empty |= group.is_empty_so_far
            group.is_empty_so_far = True
            self._out.append("|")
        elif sign == ".":
            self._atom(f"[^{_BREAKS}]")
        elif sign == "^":
            self._assertion(rf"(?:\A|(?<=[{_BREAKS}]))" if self._is_multiline else r"\A")
        elif sign == "$":
            self._assertion(rf"(?=[{_BREAKS}]|\Z)" if self._is_multiline else r"\Z")
        elif sign in "*+?" or (sign == "{" and self._bounds()):
            self._repeat(sign)
        else:
            if sign in "{}]":
                self._need_older("a bracket isn't closed")
            self._atom(re.escape(sign))

    def _take(self, most: int = 1) -> str:
        taken = self._text[self._at : self._at + most]
        self._at += len(taken)
        return taken

    def _need_older(self, what: str) -> None:
        if self._is_unicode:
            raise _OlderError(what)

    # --- what can be repeated ---

    def _settle(self) -> None:
        """What was last has no quantifier any more."""
        if self._last and self._last.consumes:
            self._groups[-1].is_empty_so_far = False
        self._last = None

    def _atom(self, pattern: str) -> None:
        self._settle()
        self._out.append(pattern)
        self._last = _Last(consumes=True)

    def _assertion(self, pattern: str) -> None:
        self._settle()
        self._out.append(pattern)

    def _open(self) -> None:
        self._settle()
        rest = self._text[self._at :]
        if kind := re.match(r"\?(?::|<?[=!])", rest):
            self._out.append("(" + self._take(len(kind[0])))
            self._groups.append(_Group(is_lookaround=kind[0] != "?:"))
        elif name := re.match(r"\?<([A-Za-z_]\w*)>", rest, re.ASCII):
            self._take(len(name[0]))
            self._out.append(f"(?P<{name[1]}>")
            self._groups.append(_Group())
        elif rest.startswith("?"):
            raise PatternError(f"LIT Lab can't match ({rest[:3]} here")
        else:
            self._out.append("(")
            self._groups.append(_Group())

    def _close(self) -> None:
        self._settle()
        if len(self._groups) == 1:
            raise PatternError("a closing parenthesis has no opening one")
        group = self._groups.pop()
        self._out.append(")")
        may_be_empty = group.is_lookaround or group.may_be_empty or group.is_empty_so_far
        self._last = _Last(not may_be_empty, is_group=True, is_lookaround=group.is_lookaround)

    def _bounds(self) -> re.Match[str] | None:
        return re.compile(r"(\d+)(?:,(\d*))?\}", re.ASCII).match(self._text, self._at)

    def _repeat(self, sign: str) -> None:
        last = self._last
        if last is None:
            raise PatternError("there is nothing to repeat")
        if last.is_lookaround:
            raise PatternError("LIT Lab can't match a repeated look-around here")
        if last.is_group and not last.consumes:
            # The languages end such a loop differently.
            raise PatternError("LIT Lab can't match a repeated group here that may be empty")
        least = sign == "+"
        if sign == "{" and (bounds := self._bounds()):
            sign += self._take(len(bounds[0]))
            least = int(bounds[1]) > 0
        if self._text.startswith("?", self._at):
            sign += self._take()
        self._out.append(sign)
        self._last = _Last(consumes=last.consumes and least)
        self._settle()

    # --- escapes and classes ---

    def _escape(self) -> None:
        if self._at == len(self._text):
            raise PatternError(r"\ is at the end")
        if self._text[self._at] in "bB":
            self._assertion("\\" + self._take())
            return
        found = self._escaped(in_class=False)
        self._atom(re.escape(chr(found)) if isinstance(found, int) else _class_of(found))

    def _escaped(self, *, in_class: bool) -> int | Ranges:
        """Read what follows a backslash: a character, or a set of them."""
        sign = self._take()
        if sign.lower() in _SHORTHANDS:
            ranges = _SHORTHANDS[sign.lower()]
            return ranges if sign.islower() else complement(ranges)
        if sign in ("p", "P") and self._is_unicode:
            return self._property(is_negated=sign == "P")
        if sign in _CONTROLS:
            return _CONTROLS[sign]
        if sign == "b" and in_class:
            return 8
        if sign in ("x", "u"):
            return self._code(sign)
        if sign == "0" and not re.match(r"\d", self._text[self._at :], re.ASCII):
            return 0
        if sign.isascii() and sign.isalnum():
            raise PatternError(f"LIT Lab can't match \\{sign} here")
        if sign not in _SYNTAX and not (in_class and sign == "-"):
            self._need_older(f"\\{sign} means nothing")
        return ord(sign)

    def _property(self, *, is_negated: bool) -> Ranges:
        braces = re.compile(r"\{([\w=]{1,60})\}", re.ASCII).match(self._text, self._at)
        name = braces[1] if braces else ""
        self._take(len(braces[0]) if braces else 0)
        ranges = named(re.sub("^(?:General_Category|gc)=", "", name).replace("sc=", "Script="))
        if ranges is None:
            raise PatternError(f"LIT Lab doesn't know \\p{{{name}}} here")
        return complement(ranges) if is_negated else ranges

    def _code(self, sign: str) -> int:
        forms = r"([0-9A-Fa-f]{2})" if sign == "x" else r"([0-9A-Fa-f]{4})"
        braced = self._is_unicode and sign == "u"
        if braced:
            forms = rf"\{{([0-9A-Fa-f]{{1,6}})\}}|{forms}"
        digits = re.compile(forms).match(self._text, self._at)
        point = int(next(filter(None, digits.groups())), 16) if digits else -1
        if digits is None or not 0 <= point <= 0x10FFFF:
            raise PatternError(f"LIT Lab can't match \\{sign} here without its digits")
        self._take(len(digits[0]))
        # With the flag u, two halves are the character that they make.
        half = re.compile(r"\\u([dD][c-fC-F][0-9A-Fa-f]{2})").match(self._text, self._at)
        if braced and half and 0xD800 <= point < 0xDC00:
            self._take(len(half[0]))
            return 0x10000 + (point - 0xD800 << 10) + int(half[1], 16) - 0xDC00
        return point

    def _class(self) -> str:
        is_negated = self._text.startswith("^", self._at)
        self._take(is_negated)
        found: list[tuple[int, int]] = []
        low: int | None = None  # what a hyphen before the next member would begin a range with
        while (sign := self._take()) != "]":
            if sign == "":
                raise PatternError("a bracket isn't closed")
            if sign == "-" and low is not None and not self._text.startswith("]", self._at):
                high = self._member(self._take())
                if isinstance(high, int):
                    if high < low:
                        raise PatternError("a range of characters is out of order")
                    found.append((low, high))
                else:
                    self._need_older("a range ends with a set of characters")
                    found += [(45, 45), *high]
                low = None
                continue
            member = self._member(sign)
            if isinstance(member, int):
                found.append((member, member))
                low = member
            else:
                if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                    self._need_older("a range begins with a set of characters")
                    self._take()
                    found.append((45, 45))
                found += member
                low = None
        ranges = joined(found)
        return _class_of(complement(ranges) if is_negated else ranges)

    def _member(self, sign: str) -> int | Ranges:
        if sign == "":
            raise PatternError("a bracket isn't closed")
        return self._escaped(in_class=True) if sign == "\\" else ord(sign)


def _class_of(ranges: Ranges) -> str:
    if not ranges:
        return "(?!)"
    return "[" + "".join(f"{_written(start)}-{_written(end)}" for start, end in ranges) + "]"


def _written(point: int) -> str:
    return f"\\U{point:08x}"
