"""Streams JSON documents: yields the elements of a long list one by one, without holding the list in memory.

This module only finds where values begin and end. `json_rows` parses each value, within bounds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lit_lab.problem import Problem

from .text_file import MAX_LINE, TextFile

_CHUNK = 1 << 16
_MAX_KEYS = 1000  # keys of an object to examine
_KEY = 10_000  # maximum characters of a key
_BLANK = re.compile(r"[ \t\r\n]+")
_BRACKET = re.compile(r'["\[\]{}]')
_IN_STRING = re.compile(r'["\\]')
_SCALAR_END = re.compile(r"[,\]}\s:]")


class Unfinished(Exception):  # noqa: N818 - the caller words it
    """The document ends in the middle of a value. Has the line in which the value begins."""

    def __init__(self, line: int) -> None:
        super().__init__(str(line))
        self.line = line


@dataclass
class Outline:
    """The outline of a document.

    Attributes:
        first: The first character of the first value; empty for an empty file.
        keys: The keys of an object, with the first character of each value.
        has_more: Whether other values follow the first one.
        line: The line, from 1, of a value that doesn't end; 0 if the document is complete.
    """

    first: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    has_more: bool = False
    line: int = 0


def outline(text: TextFile) -> Outline:
    """Return the outline of a document."""
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
    """Yield the elements of a list with their lines; None for an element that is too long.

    Args:
        text: A file that begins with a list; or, if there is a key, with an object that contains the list.
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
                f"Unexpected content follows the list, in line {scanner.line:,}: “{rest}”.",
                "You can use the rows before it. To read all rows, correct the file.",
            )
    except Unfinished as unfinished:
        raise _too_early(unfinished) from unfinished


def values(text: TextFile) -> Iterator[tuple[int, str | None]]:
    """Yield the consecutive values of a file with their lines; None for a value that is too long.

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
    """Return the first character of a document that isn't a blank; empty for an empty file."""
    return _Scanner(text).peek()


def _too_early(unfinished: Unfinished) -> Problem:
    return Problem(
        422,
        "bad_dataset",
        f"The file ends in the middle of a value that begins in line {unfinished.line:,}.",
        "You can use the rows before it. To read all rows, save the complete file again.",
    )


class _Scanner:
    """Finds where values end. Reads the file as needed, and holds only the current part of it."""

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
        """Yield the elements of the list at the current position."""
        self.peek()
        begun = self.line
        self._pass(self._at + 1)
        while (mark := self.peek()) != "]":
            if not mark:
                raise Unfinished(begun)
            yield self.line, self.value(MAX_LINE)
        self._pass(self._at + 1)

    def names(self) -> Iterator[str]:
        """Yield the keys of the object at the current position. The caller must read each key's value."""
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
                continue  # not JSON, which the parser reports
            else:
                self.value(0)  # a key that is too long
        self._pass(self._at + 1)

    def value(self, most: int) -> str | None:
        """Read the next value. Return its text, or None if it has more than `most` characters."""
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
        """Move to the next character that matches a pattern, and return it."""
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
        """Move to a position, and collect the text before it."""
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
