"""JSON documents as a stream: the elements of a long list one by one, without the list in memory.

This only finds where values begin and end; `json_rows` parses each, within its bounds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lit_lab.problem import Problem

from .text_file import MAX_LINE, TextFile

_CHUNK = 1 << 16
_MAX_KEYS = 1000  # of an object that are looked at
_KEY = 10_000  # characters of a key
_BLANK = re.compile(r"[ \t\r\n]+")
_BRACKET = re.compile(r'["\[\]{}]')
_IN_STRING = re.compile(r'["\\]')
_SCALAR_END = re.compile(r"[,\]}\s:]")


class Unfinished(Exception):  # noqa: N818 - the caller words it
    """The document ends in the middle of a value; says in which line that begins."""

    def __init__(self, line: int) -> None:
        super().__init__(str(line))
        self.line = line


@dataclass
class Outline:
    """What a document is.

    Attributes:
        first: The character that its first value begins with; empty for an empty file.
        keys: The keys of an object, with the character that each value begins with.
        has_more: Whether other values follow the first one.
        line: The line, from 1, in which a value begins that doesn't end; 0: the document is complete.
    """

    first: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    has_more: bool = False
    line: int = 0


def outline(text: TextFile) -> Outline:
    """Look through a document."""
    scanner = _Scanner(text)
    found = Outline(scanner.peek())
    try:
        if found.first == "{":
            for key in scanner.names():
                if len(found.keys) < _MAX_KEYS:
                    found.keys[key] = scanner.peek()
                scanner.value(0)
        elif found.first:
            scanner.value(0)
        found.has_more = scanner.peek() != ""
    except Unfinished as unfinished:
        found.line = unfinished.line
    return found


def elements(text: TextFile, key: str | None = None) -> Iterator[tuple[int, str | None]]:
    """Yield the elements of a list, with the line in which each begins; None for one that is too long.

    Args:
        text: A file that begins with a list; or, if there is a key, with an object that has the list.
        key: The list's key.

    Raises:
        Problem: The document ends too early.
    """
    scanner = _Scanner(text)
    try:
        if key is not None:
            for found in scanner.names():
                if found == key:
                    break
                scanner.value(0)
        yield from scanner.items()
        if key is None and (rest := scanner.peek()):
            raise Problem(
                422,
                "bad_dataset",
                f"After the list, something else follows in line {scanner.line:,}: “{rest}”.",
                "The rows before it can be used. Save the file again.",
            )
    except Unfinished as unfinished:
        raise _too_early(unfinished) from unfinished


def values(text: TextFile) -> Iterator[tuple[int, str | None]]:
    """Yield the values that follow each other in a file, with their lines; None for one that is too long.

    Raises:
        Problem: The file ends too early.
    """
    scanner = _Scanner(text)
    try:
        while scanner.peek():
            yield scanner.line, scanner.value(MAX_LINE)
    except Unfinished as unfinished:
        raise _too_early(unfinished) from unfinished


def first(text: TextFile) -> str:
    """Return the character that a document begins with, after blanks; empty for an empty file."""
    return _Scanner(text).peek()


def _too_early(unfinished: Unfinished) -> Problem:
    return Problem(
        422,
        "bad_dataset",
        f"The file ends in the middle of a value, which begins in line {unfinished.line:,}.",
        "The rows before it can be used. Save the file again.",
    )


class _Scanner:
    """Finds the ends of values. Reads on as needed, and keeps only the current piece of the file."""

    def __init__(self, text: TextFile) -> None:
        self._text = text
        self._buffer = ""
        self._at = 0
        self._pieces: list[str] | None = None
        self._room = 0
        self.line = 1

    def peek(self) -> str:
        """Return the next character that isn't a blank, a comma or a colon; empty at the end."""
        while True:
            while self._at < len(self._buffer):
                match = _BLANK.match(self._buffer, self._at)
                if match:
                    self._pass(match.end())
                elif self._buffer[self._at] in ",:\ufeff":
                    self._pass(self._at + 1)
                else:
                    return self._buffer[self._at]
            if not self._fill():
                return ""

    def items(self) -> Iterator[tuple[int, str | None]]:
        """Yield the elements of the list that begins here."""
        self.peek()
        begun = self.line
        self._pass(self._at + 1)
        while (mark := self.peek()) != "]":
            if not mark:
                raise Unfinished(begun)
            yield self.line, self.value(MAX_LINE)
        self._pass(self._at + 1)

    def names(self) -> Iterator[str]:
        """Yield the keys of the object that begins here; the caller takes each one's value."""
        self.peek()
        begun = self.line
        self._pass(self._at + 1)
        while (mark := self.peek()) != "}":
            if not mark:
                raise Unfinished(begun)
            spelled = self.value(_KEY)
            try:
                key = json.loads(spelled or "null")
            except ValueError:
                key = None
            if not self.peek():
                raise Unfinished(begun)
            if isinstance(key, str):
                yield key
            elif mark != '"':
                continue  # not JSON: whatever it is, its parser says so
            else:
                self.value(0)  # a key that is too long
        self._pass(self._at + 1)

    def value(self, most: int) -> str | None:
        """Take the next value; return its text, or None if that has more characters."""
        mark, begun = self.peek(), self.line
        self._pieces, self._room = ([] if most else None), most
        try:
            if mark == '"':
                self._string(begun)
            elif mark in "[{":
                self._container(begun)
            elif mark in "]}":
                self._pass(self._at + 1)  # one too many
            elif mark:
                self._pass(self._at + 1)
                self._until(_SCALAR_END)
            return "".join(self._pieces) if self._pieces is not None else None
        finally:
            self._pieces = None

    def _container(self, begun: int) -> None:
        depth = 0
        while True:
            mark = self._to(_BRACKET, begun)
            if mark == '"':
                self._string(begun)
                continue
            self._pass(self._at + 1)
            depth += 1 if mark in "[{" else -1
            if depth == 0:
                return

    def _string(self, begun: int) -> None:
        self._pass(self._at + 1)
        while self._to(_IN_STRING, begun) == "\\":
            self._pass(self._at + 1)
            if self._at >= len(self._buffer) and not self._fill():
                raise Unfinished(begun)
            self._pass(self._at + 1)
        self._pass(self._at + 1)

    def _to(self, pattern: re.Pattern[str], begun: int) -> str:
        """Go to the next character of a kind, and return it."""
        if not self._until(pattern):
            raise Unfinished(begun)
        return self._buffer[self._at]

    def _until(self, pattern: re.Pattern[str]) -> bool:
        while True:
            match = pattern.search(self._buffer, self._at)
            self._pass(match.start() if match else len(self._buffer))
            if match:
                return True
            if not self._fill():
                return False

    def _pass(self, to: int) -> None:
        """Go on to a place, and take what is before it."""
        if to == self._at:
            return
        self.line += self._buffer.count("\n", self._at, to)
        if self._pieces is not None:
            self._room -= to - self._at
            if self._room < 0:
                self._pieces = None
            else:
                self._pieces.append(self._buffer[self._at : to])
        self._at = to

    def _fill(self) -> bool:
        self._buffer, self._at = self._text.read(_CHUNK), 0
        return self._buffer != ""
